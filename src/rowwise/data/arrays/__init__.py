"""Array files → Datasets.

- `file`: a `.npz` file, or `.npy` files side by side → two Datasets; what `rowwise.load` calls.
- `labels`: labels of any form → class numbers and names, or targets.
- `npy`: NumPy's own format → its header, and the array without unpickling anything.
- `idx`: the IDX format of MNIST's files → an array, and back; `named/` reads it.
"""
