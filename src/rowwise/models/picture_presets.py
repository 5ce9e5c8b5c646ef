"""A preset's name and training pictures → the settings of their model that nobody chose.

What each costs, in trainings of one network: `fast` one of up to 30 epochs, `default` one of up to 100, `best` four of
200, all of them wider, which stand side by side in the end; of garments one wider still, of 100 epochs on
Fashion-MNIST, which sees a picture and its mirror image.

Measured on 10,000 of Fashion-MNIST's training records, of whose other 50,000 12 epochs were learned, "light" and a
cosine, by two views: 512-512-512 units with gelu 0.8954 in 50 seconds of one core, label smoothing in addition 0.8942,
layer normalization and less dropout in addition 0.8960; with relu 0.8913 in 37; 512-256 with relu 0.8900 in 11, two
such networks of other seeds together 0.8900.

Pictures that are changed want more epochs: 512-256 units learn 50,000 garments in 20 epochs to 0.901 on others as they
are, to 0.892 mirrored and moved by a pixel, to 0.854 changed as "strong" has it. Many pictures, which have few epochs,
stay as they are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rowwise.data.dataset import Dataset

SMALLEST_BATCH, LARGEST_BATCH, BATCHES = 16, 128, 60  # steps an epoch that a batch's size aims at
LARGE, LEAST_EPOCHS = 10_000, 20  # more pictures than that are seen in fewer epochs, by as much as there are more
FULL = 50_000  # pictures up to which `best` has all its networks
GARMENTS = ("fashion-mnist", "garments")  # whose mirror images are garments of the same class; a mirrored b is a d
LEAST_OF_GARMENTS = 100  # epochs of `best`: eight minutes of one core on Fashion-MNIST
OF_GARMENTS = {"hidden": (512, 512, 512), "activation": "gelu", "ensemble": 1, "augment": "light", "views": 2}
UPRIGHT = "shift,rotate,scale,erase"


def suited_to_features(preset: str, data: Dataset) -> dict[str, Any]:
    """What a preset has for the layers behind a backbone, whose features differ little from epoch to epoch."""
    own = suited_to_pictures("fast" if preset == "fast" else "default", data)
    own |= {"hidden": (128,), "dropout": 0.3} if preset != "fast" else {"hidden": ()}
    return own | {"augment": "none", "ensemble": 4 if preset == "best" else 1}


def suited_to_pictures(preset: str, data: Dataset) -> dict[str, Any]:
    """What a preset has for pictures, by the names of `Settings`."""
    records, mirrored = len(data), data.name in GARMENTS

    def epochs(most: int) -> int:
        return max(round(most * min(1.0, LARGE / records)), LEAST_EPOCHS)

    batch = max(min(2 ** round(math.log2(max(records / BATCHES, 1))), LARGEST_BATCH), SMALLEST_BATCH)
    if preset == "fast":
        return {"batch_size": batch, "epochs": epochs(30), "patience": 10}
    if preset == "default":
        augment = "none" if records > LARGE else "light" if mirrored else "shift,rotate,scale"
        return {"batch_size": batch, "epochs": epochs(100), "patience": 30, "augment": augment}
    network = {"hidden": (512, 256), "dropout": 0.2, "epochs": epochs(200), "schedule": "cosine"}
    # A cosine ends by itself: nothing need be held out to say when.
    network |= {"validation": 0.0, "ensemble": 4 if records <= FULL else 3}
    more: dict[str, Any] = {"augment": "none" if records > LARGE else UPRIGHT}
    if mirrored:  # small enough for more epochs
        more = OF_GARMENTS | {"epochs": max(epochs(200), LEAST_OF_GARMENTS)}
    return {"batch_size": batch, **network, **more}
