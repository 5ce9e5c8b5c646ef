"""TensorFlow Serving's `POST /v1/models/{model}:predict`: `instances` → `predictions`, a row of numbers for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from rowwise.serve.bodies import QUICK, array_of, check_count, decoded, most_records
from rowwise.serve.predict import IS_JSON, Headers, Value, names_in_rows
from rowwise.serve.problems import WRONG, Refused
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.serve.batches import Predicted
    from rowwise.serve.model import Model

SIGNATURE = "serving_default"  # the only one
ENCODER = msgspec.json.Encoder()


class Rows(msgspec.Struct, forbid_unknown_fields=True):
    """Of a table: an instance is a record by column name."""

    instances: list[dict[str, Value]]
    signature_name: str | msgspec.UnsetType = msgspec.UNSET


class Arrays(msgspec.Struct, forbid_unknown_fields=True):
    """Of arrays: an instance is one, as the model takes it."""

    instances: list[Any]
    signature_name: str | msgspec.UnsetType = msgspec.UNSET


ROWS, ARRAYS = msgspec.json.Decoder(Rows), msgspec.json.Decoder(Arrays)


class Instances:
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
            arrays = array_of("instances", self._body, model.shape, model.takes_bytes, self._most, _arrays)
            self._warnings = model.remarks(arrays)
            return arrays
        rows = decoded(ROWS, self._body, lambda form: _names_around(form) + names_in_rows(form.instances))
        _check_signature(rows)
        check_count(len(rows.instances), self._most)
        x, self._warnings = model.named.read(rows.instances)
        return x

    def answer(self, model: Model, predicted: Predicted) -> bytes:
        answer: dict[str, Any] = {"predictions": predicted.numbers}
        return ENCODER.encode(answer | ({"warnings": self._warnings} if self._warnings else {}))


def _arrays(body: bytes) -> list[Any]:
    request = decoded(ARRAYS, body, _names_around)
    _check_signature(request)
    return request.instances


def _check_signature(request: Rows | Arrays) -> None:
    if request.signature_name not in (SIGNATURE, msgspec.UNSET):
        raise Refused(WRONG, say("serve.signature", found=request.signature_name, known=SIGNATURE))


def _names_around(request: Rows | Arrays) -> int:
    return 1 + (request.signature_name is not msgspec.UNSET)


def status() -> dict[str, Any]:
    """What TensorFlow Serving says of a model that is loaded."""
    about = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    return {"model_version_status": [about]}
