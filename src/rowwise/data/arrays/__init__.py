"""`.npz`, `.npy` and IDX files → Datasets."""
