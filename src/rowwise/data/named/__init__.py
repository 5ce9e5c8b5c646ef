"""A name that rowwise knows → its Datasets."""
