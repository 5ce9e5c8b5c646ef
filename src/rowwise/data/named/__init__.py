"""Data by name → Datasets.

- `names`: the names, and which module loads what.
- `fashion_mnist`: its four files, where they may lie → two Datasets; `mirrors` fetches them.
- `garments`: a seed → drawn clothes, of pieces (`garment_pieces`) that are made of shapes (`garment_drawing`).
- `digits`: scikit-learn's handwritten digits.
"""
