"""A model and arrays → what fits, what does not, in words."""
