"""The formats by their names; each is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowwise.exports.made import Format


def _onnx() -> Format:
    from rowwise.exports.onnx_format import OnnxFormat

    return OnnxFormat()


FORMATS: dict[str, Callable[[], Format]] = {"onnx": _onnx}
ENDINGS = {".onnx": "onnx"}  # of files
INPUTS = ("matrix", "columns")
