"""The shape that a layer wants and the shape that came → nothing where they are the same, else the likeliest cause."""

from __future__ import annotations

import math
from typing import Any

from rowwise.errors import ShapeError
from rowwise.shapes.shape_text import shape_text
from rowwise.text import say


def check_record(want: tuple[int | None, ...], found: tuple[int, ...], layer: str) -> None:
    """Compare the shape of one record `want`, such as `(28, 28)`, with the shape of an array `(records, ...)`.

    Raises:
        ShapeError: they differ; it names the likeliest cause, the most particular first.
    """
    got = found[1:]
    if fits(want, got):
        return
    known: tuple[int, ...] = tuple(size or 1 for size in want)
    row = len(want) == 1
    record = counted("row", known[0]) if row else say("mistake.shape", shape=shape_text(want))
    values: dict[str, Any] = {"layer": layer, "record": record, "found": shape_text(found)}
    values["axes"] = f"(records, {', '.join(map(str, want))})"

    def fail(key: str, code: str, mend: tuple[Any, ...], **more: object) -> None:
        raise ShapeError(key, **values, code=code, mend=shape_text(mend), **more)

    if row and len(found) == 2 and found[0] == want[0]:
        fail("mistake.transposed", "x.T", found[::-1])
    if same(want, found):
        fail("mistake.no_records", "x[None]", (1, *found))
    if len(want) > 1 and want[-1] == 1 and same(want[:-1], found):
        fail("mistake.no_records", "x[None, ..., None]", (1, *found, 1))
    if len(want) == 2 and same(want, found[:-1]) and found[-1] in (1, 3, 4):
        fail("mistake.no_records", "x.mean(axis=-1)[None]", (1, *found[:-1]))
    if len(found) == len(want) + 2 and found[0] == 1 and same(want, found[2:]):
        fail("mistake.records_twice", "x[0]", found[1:])
    if len(found) == len(want) + 1 and same(want, found[:-1]):
        fail("mistake.records_last", "np.moveaxis(x, -1, 0)", (found[-1], *found[:-1]))
    if None not in want:
        size = math.prod(known)
        code = f"x.reshape(-1, {', '.join(map(str, known))})"
        # One image for a model of rows, or one row for a model of images.
        if math.prod(found) == size and (len(found) <= 2 if row else len(found) != len(want) + 1):
            fail("mistake.no_records", code, (1, *known))
        if row and len(got) > 1 and math.prod(got) == size:
            fail("mistake.not_flat", "x.reshape(len(x), -1)", (found[0], size), image=shape_text(got))
        if len(got) == 1 and got[0] == size:
            fail("mistake.flat", code, (found[0], *known), numbers=counted("number", size))
        if row and len(got) == 3 and math.prod(got[:2]) == size:
            code = "x.mean(axis=-1).reshape(len(x), -1)"
            more = {"channels": counted("channel", got[2]), "image": shape_text(got)}
            fail("mistake.colours_not_flat", code, (found[0], size), **more)
    _check_channels(known, found, fail)
    if row and len(got) == 1:
        fail("mistake.features", "", (), features=got[0], row=counted("row", got[0]))
    if len(want) == len(got) and len(want) > 1 and None not in want:
        pixels = ", ".join(map(str, known[:2]))
        code = f"keras.ops.image.resize(x, ({pixels}))"
        if len(want) == 2:
            code = f"keras.ops.image.resize(x[..., None], ({pixels}))[..., 0]"
        if got == known[::-1] and len(want) == 2:
            fail("mistake.exchanged", "np.swapaxes(x, 1, 2)", (found[0], *known))
        # Rows of one number but other features are steps of a sequence rather than an image.
        if (len(want) == 2 and got[0] != want[0]) or (len(want) == 3 and got[-1] == want[-1]):
            fail("mistake.size", code, (found[0], *known))
    fail("mistake.input", "", ())


def _check_channels(want: tuple[int, ...], found: tuple[int, ...], fail: Any) -> None:
    """The cases in which only channels differ: first or last, lacking, too many."""
    records, got = found[0], found[1:]
    if len(want) == len(got) == 3:
        if got == (want[2], *want[:2]):
            fail("mistake.channels_first", "np.moveaxis(x, 1, -1)", (records, *want))
        if got == (*want[1:], want[0]):
            fail("mistake.channels_last", "np.moveaxis(x, -1, 1)", (records, *want))
        if got[:2] == want[:2]:
            code = {(1, 3): "np.repeat(x, 3, axis=-1)", (4, 3): "x[..., :3]"}.get((got[2], want[2]), "")
            if want[2] == 1:
                code = "x.mean(axis=-1, keepdims=True)"
            if code:
                fail("mistake.channels", code, (records, *want), channels=counted("channel", got[2]), expected=want[2])
    if len(want) == 3 and len(got) == 2:
        if got == want[:2]:
            fail("mistake.no_channels", f"np.repeat(x[..., None], {want[2]}, axis=-1)", (records, *want))
        if got == want[1:] and want[0] == 1:
            fail("mistake.no_channels", "x[:, None]", (records, *want))
    if len(want) == 2 and len(got) == 3 and got[:2] == want:
        fail("mistake.more_axes", "x.mean(axis=-1)", (records, *want))
    if len(want) == 2 and len(got) == 3 and got[1:] == want:
        fail("mistake.more_axes", "x[:, 0]" if got[0] == 1 else "x.mean(axis=1)", (records, *want))


def same(want: tuple[int | None, ...], got: tuple[int | None, ...]) -> bool:
    """Whether two shapes agree; None agrees with any size."""
    return len(want) == len(got) and all(None in (w, g) or w == g for w, g in zip(want, got, strict=True))


def fits(want: tuple[int | None, ...], got: tuple[int, ...]) -> bool:
    """Whether Keras takes two shapes of one record for the same: a last axis of 1 may stand or be left out."""
    return same(want, got) or same(want, (*got, 1)) or same((*want, 1), got)


def counted(noun: str, number: int | None) -> str:
    """`1 unit`, `10 units`: in words of the catalogue, `number` unknown being many."""
    return say(f"mistake.{noun}.{'one' if number == 1 else 'many'}", count=number)
