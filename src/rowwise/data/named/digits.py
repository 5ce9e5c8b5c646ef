"""scikit-learn's handwritten digits (8x8, real) → two Datasets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rowwise.data.dataset import PIXEL_MAX, Dataset, provenance_fields
from rowwise.data.picture_records import OBJECT

LIT = 16  # the largest pixel: each counts the lit dots of a 4x4 block

IMAGE = (8, 8)  # pixels
CLASSES = tuple("0123456789")


def load() -> tuple[Dataset, Dataset]:
    """`(train, test)`: 1,438 and 359 grey images of 8x8, uint8, a stratified split with seed 0."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    x = np.rint(digits.images * (PIXEL_MAX / LIT)).astype(np.uint8)
    dataset = Dataset(
        "digits",
        x,
        digits.target,
        CLASSES,
        CLASSES,
        source={"package": "scikit-learn", "split": "20 %, stratified, seed 0", "pictures": OBJECT},
        **provenance_fields("digits.provenance"),
    )
    train, test = dataset.split(0.2, seed=0)
    return replace(train, part="train"), replace(test, part="test")
