"""`POST /predict/{model}`: records by name, pixels, or a picture → what the model says of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from rowwise.data.arrays.npy import MAGIC
from rowwise.data.pictures.prepare import read_pictures
from rowwise.errors import warnings_to
from rowwise.serve.bodies import QUICK, array_of, check_count, decoded, most_records
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.engine.interpretation import Prediction
    from rowwise.serve.batches import Predicted
    from rowwise.serve.model import Model

Value = int | float | str | bool | None


class Rows(msgspec.Struct, forbid_unknown_fields=True):
    """`{"records": [{"town": "hill", "RM": null}]}`."""

    records: list[dict[str, Value]]


class Arrays(msgspec.Struct, forbid_unknown_fields=True):
    """`{"records": [[[0, 255], [255, 0]]]}`: pixels, or other numbers, as the model takes them."""

    records: list[Any]


ROWS, ARRAYS = msgspec.json.Decoder(Rows), msgspec.json.Decoder(Arrays)
ENCODER = msgspec.json.Encoder()
Headers = tuple[tuple[bytes, bytes], ...]
IS_JSON: Headers = ((b"content-type", b"application/json"),)


def names_in_rows(rows: list[dict[str, Any]]) -> int:
    """How many names these records have, all together."""
    return sum(map(len, rows))


class JsonRecords:
    """A body of JSON."""

    headers: Headers = IS_JSON

    def __init__(self, body: bytes, most: int) -> None:
        self._body, self._most = body, most
        self._warnings: list[dict[str, Any]] = []
        self.quick = len(body) <= QUICK

    def most(self, model: Model) -> int:
        return most_records(self._body, model.shape)

    def records(self, model: Model) -> NDArray[Any]:
        if model.named is None:
            arrays = array_of("records", self._body, model.shape, model.takes_bytes, self._most, _arrays)
            self._warnings = model.remarks(arrays)
            return arrays
        rows = decoded(ROWS, self._body, lambda form: 1 + names_in_rows(form.records)).records
        check_count(len(rows), self._most)
        x, self._warnings = model.named.read(rows)
        return x

    def answer(self, model: Model, predicted: Predicted) -> bytes:
        return ENCODER.encode(whole_answer(model, predicted) | {"warnings": self._warnings})


def _arrays(body: bytes) -> list[Any]:
    return decoded(ARRAYS, body, lambda form: 1).records


class Picture:
    """A body that is a picture, or a `.npy` array of them."""

    headers: Headers = IS_JSON

    def __init__(self, body: bytes, most: int) -> None:
        self._body, self._most = body, most
        self._notes: list[str] = []
        self._warnings: list[dict[str, Any]] = []
        self.quick = len(body) <= QUICK and body.startswith(MAGIC)  # a picture may be large when it is unpacked

    def most(self, model: Model) -> int:
        return len(self._body) // math.prod(model.shape)

    def records(self, model: Model) -> NDArray[Any]:
        takes = model.saved.accepts
        warnings: list[str] = []
        with warnings_to(warnings.append):
            x, self._notes = read_pictures(self._body, model.shape, takes.white, takes.pictures)
        self._notes = [*self._notes, *warnings]
        check_count(len(x), self._most)
        self._warnings = model.remarks(x)
        return x

    def answer(self, model: Model, predicted: Predicted) -> bytes:
        conversion = self._notes or [say("picture.as_it_is")]
        return ENCODER.encode(whole_answer(model, predicted) | {"conversion": conversion, "warnings": self._warnings})


def whole_answer(model: Model, predicted: Predicted) -> dict[str, Any]:
    """The model's name and task, and for each record its class and probabilities, labels, or numbers."""
    rows, whole = predicted.rows, predicted.whole
    if whole.quantiles:
        rows = [_interval(row, numbers, whole) for row, numbers in zip(rows, predicted.numbers, strict=True)]
    elif whole.target_names and not whole.probabilities.shape[1]:
        rows = [{"values": row} for row in rows]
    return {"model": model.name, "task": whole.task, "predictions": rows}


def _interval(row: Any, numbers: list[float], prediction: Prediction) -> dict[str, Any]:
    """Quantiles of one target, and the interval from the lowest to the highest of them."""
    share = round(prediction.quantiles[-1] - prediction.quantiles[0], 6)
    return {"values": row, "interval": {"low": numbers[0], "high": numbers[-1], "share": share}}
