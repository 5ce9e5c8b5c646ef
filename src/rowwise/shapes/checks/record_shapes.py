"""The shape that a layer expects and the actual one → nothing where they agree, else an error: the likeliest cause."""

from __future__ import annotations

import math
from typing import Any

from rowwise.errors import ShapeError
from rowwise.shapes.shape_text import shape_text
from rowwise.text import say


def check_record(expected: tuple[int | None, ...], found: tuple[int, ...], layer: str) -> None:
    """Compare the shape of one record `expected`, such as `(28, 28)`, with the shape of an array `(records, ...)`.

    Raises:
        ShapeError: they differ; it names the likeliest cause, the most particular first.
    """
    actual = found[1:]
    if fits(expected, actual):
        return
    sizes: tuple[int, ...] = tuple(size or 1 for size in expected)
    row = len(expected) == 1
    record = counted("row", sizes[0]) if row else say("mistake.shape", shape=shape_text(expected))
    values: dict[str, Any] = {"layer": layer, "record": record, "found": shape_text(found)}
    values["axes"] = f"(records, {', '.join(map(str, expected))})"

    def fail(key: str, code: str, mend: tuple[Any, ...], **more: object) -> None:
        raise ShapeError(key, **values, code=code, mend=shape_text(mend), **more)

    if row and len(found) == 2 and found[0] == expected[0]:
        fail("mistake.transposed", "x.T", found[::-1])
    if same(expected, found):
        fail("mistake.no_records", "x[None]", (1, *found))
    if len(expected) > 1 and expected[-1] == 1 and same(expected[:-1], found):
        fail("mistake.no_records", "x[None, ..., None]", (1, *found, 1))
    if len(expected) == 2 and same(expected, found[:-1]) and found[-1] in (1, 3, 4):
        fail("mistake.no_records", "x.mean(axis=-1)[None]", (1, *found[:-1]))
    if len(found) == len(expected) + 2 and found[0] == 1 and same(expected, found[2:]):
        fail("mistake.records_twice", "x[0]", found[1:])
    if len(found) == len(expected) + 1 and same(expected, found[:-1]):
        fail("mistake.records_last", "np.moveaxis(x, -1, 0)", (found[-1], *found[:-1]))
    if None not in expected:
        size = math.prod(sizes)
        code = f"x.reshape(-1, {', '.join(map(str, sizes))})"
        # One image for a model of rows, or one row for a model of images.
        if math.prod(found) == size and (len(found) <= 2 if row else len(found) != len(expected) + 1):
            fail("mistake.no_records", code, (1, *sizes))
        if row and len(actual) > 1 and math.prod(actual) == size:
            fail("mistake.not_flat", "x.reshape(len(x), -1)", (found[0], size), image=shape_text(actual))
        if len(actual) == 1 and actual[0] == size:
            fail("mistake.flat", code, (found[0], *sizes), numbers=counted("number", size))
        if row and len(actual) == 3 and math.prod(actual[:2]) == size:
            code = "x.mean(axis=-1).reshape(len(x), -1)"
            more = {"channels": counted("channel", actual[2]), "image": shape_text(actual)}
            fail("mistake.colours_not_flat", code, (found[0], size), **more)
    _check_channels(sizes, found, fail)
    if row and len(actual) == 1:
        fail("mistake.features", "", (), features=actual[0], row=counted("row", actual[0]))
    if len(expected) == len(actual) and len(expected) > 1 and None not in expected:
        pixels = ", ".join(map(str, sizes[:2]))
        code = f"keras.ops.image.resize(x, ({pixels}))"
        if len(expected) == 2:
            code = f"keras.ops.image.resize(x[..., None], ({pixels}))[..., 0]"
        if actual == sizes[::-1] and len(expected) == 2:
            fail("mistake.exchanged", "np.swapaxes(x, 1, 2)", (found[0], *sizes))
        # Rows of one number but other features are steps of a sequence rather than an image.
        if (len(expected) == 2 and actual[0] != expected[0]) or (len(expected) == 3 and actual[-1] == expected[-1]):
            fail("mistake.size", code, (found[0], *sizes))
    fail("mistake.input", "", ())


def _check_channels(expected: tuple[int, ...], found: tuple[int, ...], fail: Any) -> None:
    """The cases in which only channels differ: first or last, lacking, too many."""
    records, actual = found[0], found[1:]
    if len(expected) == len(actual) == 3:
        if actual == (expected[2], *expected[:2]):
            fail("mistake.channels_first", "np.moveaxis(x, 1, -1)", (records, *expected))
        if actual == (*expected[1:], expected[0]):
            fail("mistake.channels_last", "np.moveaxis(x, -1, 1)", (records, *expected))
        if actual[:2] == expected[:2]:
            code = {(1, 3): "np.repeat(x, 3, axis=-1)", (4, 3): "x[..., :3]"}.get((actual[2], expected[2]), "")
            if expected[2] == 1:
                code = "x.mean(axis=-1, keepdims=True)"
            if code:
                fail(
                    "mistake.channels",
                    code,
                    (records, *expected),
                    channels=counted("channel", actual[2]),
                    expected=expected[2],
                )
    if len(expected) == 3 and len(actual) == 2:
        if actual == expected[:2]:
            fail("mistake.no_channels", f"np.repeat(x[..., None], {expected[2]}, axis=-1)", (records, *expected))
        if actual == expected[1:] and expected[0] == 1:
            fail("mistake.no_channels", "x[:, None]", (records, *expected))
    if len(expected) == 2 and len(actual) == 3 and actual[:2] == expected:
        fail("mistake.more_axes", "x.mean(axis=-1)", (records, *expected))
    if len(expected) == 2 and len(actual) == 3 and actual[1:] == expected:
        fail("mistake.more_axes", "x[:, 0]" if actual[0] == 1 else "x.mean(axis=1)", (records, *expected))


def same(expected: tuple[int | None, ...], actual: tuple[int | None, ...]) -> bool:
    """Whether two shapes agree; None agrees with any size."""
    return len(expected) == len(actual) and all(None in (e, a) or e == a for e, a in zip(expected, actual, strict=True))


def fits(expected: tuple[int | None, ...], actual: tuple[int, ...]) -> bool:
    """Whether Keras takes two shapes of one record for the same: a last axis of 1 may stand or be left out."""
    return same(expected, actual) or same(expected, (*actual, 1)) or same((*expected, 1), actual)


def counted(noun: str, number: int | None) -> str:
    """`1 unit`, `10 units`: in words of the catalogue, `number` unknown being many."""
    return say(f"mistake.{noun}.{'one' if number == 1 else 'many'}", count=number)
