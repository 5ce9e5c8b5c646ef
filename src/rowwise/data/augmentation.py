"""A seed, an epoch and a number of pictures → what that epoch does to each: mirrors, moves, turns, sizes, blends.

What happens to a picture depends on the seed, the epoch and the picture's number alone, and all of it is arithmetic of
whole numbers: each engine sees the same bits, a resumed training too. `augmented_pictures` and the compiled engine
carry it out.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from rowwise.errors import UsageError
from rowwise.text.options import as_given

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ONE = 1 << 16  # of the fixed-point numbers that coordinates are
STREAM = 2  # keeps these draws apart from those of the order (none) and of dropout (1)
STREAM_OF_MIXUP = 3  # and these from the others, which stay what they are without it
DRAWS = 10  # of each picture
COLUMNS = 11  # of `drawn`


@dataclass(frozen=True)
class Augmentation:
    """How far pictures are changed; sizes are shares of the longer side.

    Attributes:
        flip: whether half of them are mirrored, left for right.
        shift: how far they are moved at most, in each direction; a pixel at least.
        rotate: by how many degrees they are turned at most, either way.
        scale: by which share they are enlarged or made smaller at most.
        erase: of half of them a rectangle becomes one grey, with sides of half that share to that share; 0 for none.
        mixup: each picture is blended with another one, and its label with the other's, in a share drawn from the beta
            distribution with this number twice (Zhang et al. 2018); 0 for none.
    """

    flip: bool = False
    shift: float = 0.0
    rotate: float = 0.0
    scale: float = 0.0
    erase: float = 0.0
    mixup: float = 0.0

    @classmethod
    def of(cls, text: str) -> Augmentation | None:
        """By name, `"light"` or `"strong"`, or by the parts of `"strong"` that are wanted, as `"shift,erase"`; with
        either `"mixup"`, which no name has, since it wants labels that are probabilities. None for `"none"`.

        Raises:
            UsageError: another name.
        """
        names = text.split(",") if isinstance(text, str) else []
        if len(names) == 2 and names[0] in ("light", "strong") and names[1] == "mixup":
            return replace(NAMED[names[0]] or cls(), mixup=MIXUP)
        if len(names) == 1 and names[0] in NAMED:
            return NAMED[names[0]]
        if not names or not set(names) <= set(PARTS) or len(set(names)) < len(names):
            known = f"{', '.join(NAMED)}; {', '.join(PARTS)}"
            raise UsageError("settings.augment", found=as_given(text), known=known)
        chosen: dict[str, Any] = {name: MIXUP if name == "mixup" else getattr(STRONG, name) for name in names}
        return cls(**chosen)

    def drawn(self, seed: int, epoch: int, pictures: int, shape: tuple[int, ...]) -> NDArray[np.int32]:
        """What happens to each of so many pictures `(height, width, …)`: `(pictures, COLUMNS)`.

        Columns: the matrix `a b c d` and the offset `ty tx`, fixed-point, that lead from a pixel `(y, x)` of the
        outcome to `(a y + b x + ty, c y + d x + tx)` of the picture; then the rectangle to be erased, its first row,
        the row after its last, the same of its columns, and its grey.
        """
        return self.meant(self.draw(seed, epoch, pictures), shape)

    def draw(self, seed: int, epoch: int, pictures: int) -> NDArray[np.float64]:
        """`(pictures, DRAWS)` numbers from 0 to 1: all that chance has in an epoch."""
        import numpy as np  # --help does without it

        return np.random.default_rng([seed, epoch, STREAM]).random((pictures, DRAWS))

    def meant(self, draw: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.int32]:
        """What these `(pictures, DRAWS)` mean, as `drawn` has it."""
        import numpy as np

        pictures, (height, width) = len(draw), shape[:2]
        side = max(height, width)
        most = max(1, round(self.shift * side)) if self.shift else 0
        down, right = (np.floor(draw[:, place] * (2 * most + 1)) - most for place in (1, 2))
        turn = np.radians((2 * draw[:, 3] - 1) * self.rotate)
        size = 1 + (2 * draw[:, 4] - 1) * self.scale
        mirrored = np.where(draw[:, 0] < 0.5, -1.0, 1.0) if self.flip else np.ones(pictures)
        a, c = np.cos(turn) / size, -np.sin(turn) / size
        b, d = -c * mirrored, a * mirrored
        middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
        ty = middle_y - a * middle_y - b * middle_x - down
        tx = middle_x - c * middle_y - d * middle_x - right
        how = np.empty((pictures, COLUMNS), np.int32)
        how[:, :6] = np.rint(np.stack([a, b, c, d, ty, tx], axis=1) * ONE)
        erased = draw[:, 5] < 0.5 if self.erase else np.zeros(pictures, bool)
        for place, (length, shares) in enumerate(((height, draw[:, 6:8]), (width, draw[:, 8:10]))):
            extent = np.maximum(np.rint(length * self.erase * (0.5 + 0.5 * shares[:, 0])), 1) * erased
            first = np.floor(shares[:, 1] * (length - extent + 1))
            how[:, 6 + 2 * place], how[:, 7 + 2 * place] = first, first + extent
        how[:, 10] = (draw[:, 5] * 2 * 256).astype(np.int32) & 255
        return how

    def mixed(self, seed: int, epoch: int, pictures: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """`(pictures,)` twice: which other picture is blended into each, and its share in 256ths, a half at most."""
        import numpy as np

        random = np.random.default_rng([seed, epoch, STREAM_OF_MIXUP])
        share = random.beta(self.mixup, self.mixup, pictures)
        share = np.rint(np.minimum(share, 1 - share) * 256).astype(np.int32)
        return random.permutation(pictures).astype(np.int32), share


MIXUP = 0.2  # as in the paper on CIFAR and ImageNet: mostly little is blended
LIGHT = Augmentation(flip=True, shift=1 / 28)
STRONG = Augmentation(flip=True, shift=2 / 28, rotate=10.0, scale=0.1, erase=0.3)
NAMED = {"none": None, "light": LIGHT, "strong": STRONG}
PARTS = tuple(part.name for part in fields(Augmentation))
