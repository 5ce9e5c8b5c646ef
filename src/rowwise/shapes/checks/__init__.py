"""A model and arrays → what does not fit, in words, and the line that mends it."""
