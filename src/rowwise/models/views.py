"""A network of pictures → the same network looking at each picture moved or mirrored, as one that takes it as it is.

A first Dense layer on a picture whose pixels were moved is another Dense layer on the picture itself: each row of its
kernel belongs to the pixel that came there. So a mean over several views is a mean of networks, and `ensemble.averaged`
makes one chain of Dense layers of them, which predicts, is served and is exported like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOVES = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, -1), (1, -1), (-1, 1))  # down and aside, in pixels


def sources_of(views: int, shape: tuple[int, ...], mirrored: bool) -> list[NDArray[np.intp]]:
    """Of each view `(features,)`: which feature of the picture stands at each place of it; the first is the picture.

    Args:
        views: how many; a picture and its mirror image, then these moved by a pixel.
        shape: of a record.
        mirrored: whether mirror images are among them.
    """
    height, width = shape[:2]
    rows = np.arange(height)[:, None]
    columns = np.arange(width)[None, :]
    places = np.arange(int(np.prod(shape))).reshape(height, width, -1)
    views_of_all = []
    for down, aside in MOVES:
        y = np.clip(rows - down, 0, height - 1)
        for step in (1, -1) if mirrored else (1,):
            x = np.clip((columns if step == 1 else width - 1 - columns) - aside, 0, width - 1)
            views_of_all.append(places[y, x].reshape(-1))
    return views_of_all[:views]


def as_seen(network: keras.Model, source: NDArray[np.intp]) -> keras.Model:
    """The network whose answer to a picture is that of `network` to the view of it."""
    twin = keras.models.clone_model(network)
    twin.set_weights(network.get_weights())
    first = next(layer for layer in twin.layers if isinstance(layer, keras.layers.Dense))
    kernel = np.array(first.kernel.value)
    seen = np.zeros_like(kernel)
    np.add.at(seen, source, kernel)  # a pixel of the edge stands at several places
    first.kernel.assign(seen)
    return twin
