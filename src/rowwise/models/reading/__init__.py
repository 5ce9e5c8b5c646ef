"""A `.keras` file's configuration and weights → a PlainModel, where both are known exactly; else nothing.

Nothing is guessed: a key, a class, a value or a weight that is not what Keras writes of the layers known here raises
`Unread`, and Keras reads the file, as it reads all others. So errors of damaged files are Keras's too.
"""
