"""TensorFlow Serving's `POST /v1/models/{model}:predict`: `instances` → `predictions`, a row of numbers for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from rowwise.serve.bodies import check_count, decoded, numbers
from rowwise.serve.predict import Value
from rowwise.serve.problems import WRONG, Refused
from rowwise.text import say

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rowwise.engine.interpretation import Prediction
    from rowwise.serve.model import Model

SIGNATURE = "serving_default"  # the only one
ENCODER = msgspec.json.Encoder()


class Rows(msgspec.Struct, forbid_unknown_fields=True):
    """Of a table: an instance is a record by column name."""

    instances: list[dict[str, Value]]
    signature_name: str = SIGNATURE


class Arrays(msgspec.Struct, forbid_unknown_fields=True):
    """Of arrays: an instance is one, as the model takes it."""

    instances: list[Any]
    signature_name: str = SIGNATURE


ROWS, ARRAYS = msgspec.json.Decoder(Rows), msgspec.json.Decoder(Arrays)


class Instances:
    """A body of JSON."""

    def __init__(self, body: bytes, most: int) -> None:
        self._body, self._most = body, most
        self._warnings: list[dict[str, Any]] = []

    def records(self, model: Model) -> NDArray[Any]:
        if model.named is None:
            arrays = decoded(ARRAYS, self._body)
            self._check(arrays)
            x = numbers("instances", arrays.instances, model.shape)
            self._warnings = model.remarks(x)
            return x
        rows = decoded(ROWS, self._body)
        self._check(rows)
        x, self._warnings = model.named.read(rows.instances)
        return x

    def _check(self, request: Rows | Arrays) -> None:
        if request.signature_name != SIGNATURE:
            raise Refused(WRONG, say("serve.signature", found=request.signature_name, known=SIGNATURE))
        check_count(len(request.instances), self._most)

    def answer(self, model: Model, prediction: Prediction) -> bytes:
        given = prediction.values if prediction.values.shape[1] else prediction.probabilities
        answer: dict[str, Any] = {"predictions": given.tolist()}
        return ENCODER.encode(answer | ({"warnings": self._warnings} if self._warnings else {}))


def status() -> dict[str, Any]:
    """What TensorFlow Serving says of a model that is loaded."""
    about = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    return {"model_version_status": [about]}
