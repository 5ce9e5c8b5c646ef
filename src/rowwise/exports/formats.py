"""The formats by their names; each is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowwise.exports.made import Format


def _onnx() -> Format:
    from rowwise.exports.onnx_format import OnnxFormat

    return OnnxFormat()


def _c() -> Format:
    from rowwise.exports.c_format import CFormat

    return CFormat()


def _torch() -> Format:
    from rowwise.exports.torch_format import TorchFormat

    return TorchFormat()


def _keras() -> Format:
    from rowwise.exports.keras_format import KerasFormat

    return KerasFormat()


def _html() -> Format:
    from rowwise.exports.html_format import HtmlFormat

    return HtmlFormat()


FORMATS: dict[str, Callable[[], Format]] = {"onnx": _onnx, "keras": _keras, "torch": _torch, "c": _c, "html": _html}
ENDINGS = {".onnx": "onnx", ".keras": "keras", ".py": "torch", ".h": "c", ".html": "html"}  # of files
