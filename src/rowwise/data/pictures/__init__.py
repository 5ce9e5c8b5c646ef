"""Picture files and folders → records.

- `file`: a file or its bytes → an upright picture of 8 bits, by Pillow; or what its header says.
- `prepare`: a picture → the record that a model takes, and what was done to it, in words.
- `folder`: a folder with a sub-folder a class → two Datasets; what `rowwise.load` calls.
- `tree`: a folder → the names of its classes and pictures.
- `listing`, `cache`: these files → their digests and headers, and their records, read and decoded once.
- `steps`: what is done with some files at a time; `workers`: threads or processes that do it; `bars`: how far they are.
"""
