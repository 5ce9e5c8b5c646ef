"""A model, a record and a unit → one output number followed through its dot product."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.data.dataset import Dataset
from rowwise.errors import ModelError, UsageError
from rowwise.models.activations import FUNCTIONS
from rowwise.models.kinds import is_a
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras
    from numpy.typing import ArrayLike, NDArray

    from rowwise.models.plain import PlainModel

    Values = Callable[[str, NDArray[Any]], tuple[NDArray[Any], NDArray[Any]] | None]

SCHEMA = 1  # of `to_dict`
LONGEST = 28  # letters of a feature's name
ACROSS = {"softmax", "log_softmax", "logsoftmax", "sparsemax"}  # activations that look at all units of a record


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """How one unit of one Dense layer came to its value for one record.

    Attributes:
        layer: the layer's name.
        record, unit: which number was followed, both counted from 0.
        units: how many the layer has.
        features: `(features,)`: the layer's input for this record.
        weights: `(features,)` the unit's column of the kernel.
        bias: the unit's, 0 where the layer has none.
        activation: its name.
        value: the activation of the sum, computed here.
        model_value: the model's own output; equal within float32 rounding.
        shape: of one record before it was flattened, where the features are its values; else `(features,)`.
        image: the record as it was passed, where the features are its values; None for a later layer.
        names: the features' names, where a table's preparation made them; else empty.
    """

    layer: str
    record: int
    unit: int
    units: int
    features: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: float
    activation: str
    value: float
    model_value: float
    shape: tuple[int, ...]
    image: NDArray[Any] | None
    names: tuple[str, ...] = ()

    @property
    def products(self) -> NDArray[np.float64]:
        """`(features,)`: each feature times its weight."""
        return self.features.astype(np.float64) * self.weights

    @property
    def total(self) -> float:
        """Of all products, without the bias."""
        products = self.products
        return math.fsum(products) if np.isfinite(products).all() else float(products.sum())

    @property
    def has_picture(self) -> bool:
        """Whether the features are the pixels of an image."""
        from rowwise.figures import is_picture

        return self.image is not None and is_picture(self.shape)

    def largest(self, most: int = 10) -> NDArray[np.int64]:
        """The features whose products weigh most, whatever their sign, most first; none whose product is 0."""
        products = self.products
        order = np.argsort(-np.abs(products), kind="stable")
        return order[products[order] != 0][:most]

    @property
    def zeros(self) -> int:
        """How many products are exactly 0, such as those of an image's black pixels."""
        return int(np.count_nonzero(self.products == 0))

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it, with the ten products that weigh most; docs/en/trace-json.md names and explains each."""
        products = self.products
        return {
            "schema": SCHEMA,
            "layer": self.layer,
            "record": self.record,
            "unit": self.unit,
            "units": self.units,
            "features": len(products),
            "zeros": self.zeros,
            "largest": [
                {
                    "feature": int(f),
                    **({"name": self.names[int(f)]} if self.names else {}),
                    "value": float(self.features[f]),
                    "weight": float(self.weights[f]),
                    "product": float(products[f]),
                }
                for f in self.largest()
            ],
            "sum": self.total,
            "bias": self.bias,
            "activation": self.activation,
            "value": self.value,
            "model_value": self.model_value,
        }

    def heading(self) -> str:
        """Which number is followed, in words."""
        return say("trace.heading", layer=self.layer, unit=self.unit, record=self.record)

    def steps(self) -> list[tuple[str, float]]:
        """From the sum of the products that are not among the largest to the model's value, each in words."""
        products, chosen = self.products, self.largest()
        others = len(products) - len(chosen) - self.zeros
        rest = self.total - float(products[chosen].sum())
        after = "trace.after.all" if self.activation.lower() in ACROSS else "trace.after"
        return [
            *([(say("trace.others", count=f"{others:,}"), rest)] if others else []),
            *([(say("trace.zeros", count=f"{self.zeros:,}"), 0.0)] if self.zeros else []),
            (say("trace.sum", features=f"{len(products):,}"), self.total),
            (say("trace.bias"), self.bias),
            (say("trace.before"), self.total + self.bias),
            (say(after, activation=self.activation, units=f"{self.units:,}"), self.value),
            (say("trace.model"), self.model_value),
        ]

    def name(self, feature: int) -> str:
        """`x[406] (row 14, column 14)`: where the value stands in the image; `x[3] rooms`, or `x[3]` alone."""
        if self.names:
            return f"x[{feature}] {' '.join(self.names[feature].split())[:LONGEST]}"
        if len(self.shape) < 2:
            return f"x[{feature}]"
        row, column, *channel = np.unravel_index(feature, self.shape)
        place = say("trace.place", row=row, column=column)
        return f"x[{feature}] ({place}{f', {int(channel[0])}' if channel else ''})"

    def __str__(self) -> str:
        """A table of at most 80 columns, in the current language."""
        from rowwise.shapes.ledger.trace_text import text

        return text(self)

    __repr__ = __str__  # in a notebook too: the table, not three arrays

    def _repr_html_(self) -> str:
        from rowwise.shapes.ledger.trace_text import trace_card

        return trace_card(self)

    def to_html(self, data: str = "") -> str:
        """A standalone page that loads nothing from the network; with the picture, where the features are pixels.

        Args:
            data: where the record comes from and what it is, in words.
        """
        from rowwise.shapes.ledger.trace_page import page

        return page(self, data)

    def picture(self, title: str = "") -> bytes:
        """PNG: the record, the unit's weights and their products, as images beside one another.

        Raises:
            UsageError: the features of this layer are no pixels.
        """
        from rowwise.figures import as_rgb, drawable_language, new_figure, to_png, value_range

        if self.image is None or not self.has_picture:
            raise UsageError("trace.no_picture", layer=self.layer)
        height, width = self.shape[:2]
        with drawable_language():
            figure = new_figure(11, 4.2, self.heading(), title)
            panels = [("trace.picture.record", None), ("trace.picture.weights", self.weights)]
            for place, (key, values) in enumerate([*panels, ("trace.picture.products", self.products)], 1):
                axes = figure.add_subplot(1, 3, place)
                axes.set_title(say(key), fontsize=10)
                axes.set_axis_off()
                if values is None:
                    low, high = value_range(self.image)
                    axes.imshow(as_rgb(self.image[None], low, high)[0], interpolation="nearest")
                    continue
                sheet = values.reshape(height, width, -1).sum(2)
                limit = max(float(np.abs(sheet).max()), 1e-12)
                drawn = axes.imshow(sheet, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
                figure.colorbar(drawn, ax=axes, fraction=0.046, pad=0.02)
            return to_png(figure)


def trace(
    model: keras.Model | PlainModel,
    x: ArrayLike | Dataset,
    record: int,
    unit: int,
    layer: str | None = None,
    values: Values | None = None,
) -> Trace:
    """Follow one number: feature by feature through the kernel's column, bias and activation.

    Args:
        model: a built Keras model with layers that are called once.
        x: records `(records, ...)` as the model takes them, or a Dataset of them.
        record: which record, from 0.
        unit: which unit of the layer, from 0.
        layer: the name of a Dense layer; None for the first.
        values: computes what a Dense layer, by its name, takes and gives for records; None for Keras, which also
            computes where it gives None.

    Raises:
        ModelError: no such Dense layer. UsageError: no such record or unit. ShapeError: x does not fit the model.
        DataError: x holds no records, or no numbers.
    """
    from rowwise.models.keras_view import layer_kind
    from rowwise.shapes.checks.as_array import array_of
    from rowwise.shapes.checks.check import check_kind, check_records

    check_kind(model)
    x = x.x if isinstance(x, Dataset) else array_of(x, "x")
    check_records(model, x, finite=False, loss=False, silent=False)
    dense = [one for one in model.layers if layer_kind(one) == "Dense"]
    if not dense or not model.built:
        raise ModelError("trace.no_dense", name=model.name)
    chosen = next((one for one in dense if one.name == layer), None) if layer else dense[0]
    if chosen is None:
        raise ModelError("trace.layer", found=layer, known=", ".join(one.name for one in dense))
    for name, number, end in (("record", record, len(x)), ("unit", unit, chosen.units)):
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or not 0 <= number < end:
            raise UsageError(f"trace.number.{name}", found=number, last=end - 1)

    batch = x[record : record + 1]
    computed = values(chosen.name, batch) if values is not None else None
    inputs, outputs = computed or _by_keras(model, chosen, batch)  # (1, features) and (1, units)
    if inputs.ndim != 2:
        raise ModelError("trace.axes", layer=chosen.name, found=inputs.shape)
    kernel = np.asarray(chosen.kernel)
    bias = np.asarray(chosen.bias) if chosen.use_bias else np.zeros(kernel.shape[1], kernel.dtype)
    activated = _activated(chosen.activation, inputs @ kernel + bias)
    names = _names(model, inputs.shape[1]) if chosen is dense[0] else ()
    are_values = math.prod(x.shape[1:]) == inputs.shape[1] and chosen is dense[0] and not names
    return Trace(
        chosen.name,
        int(record),
        int(unit),
        chosen.units,
        inputs[0],
        kernel[:, unit],
        float(bias[unit]),
        getattr(chosen.activation, "__name__", type(chosen.activation).__name__),
        float(activated[0, unit]),
        float(outputs[0, unit]),
        x.shape[1:] if are_values else inputs.shape[1:],
        batch[0] if are_values else None,
        names,
    )


def _by_keras(model: Any, layer: Any, batch: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    import keras

    inputs, outputs = (np.asarray(keras.Model(model.inputs[0], part)(batch)) for part in (layer.input, layer.output))
    return inputs, outputs


def _activated(activation: Any, x: NDArray[Any]) -> NDArray[Any]:
    """What the activation makes of `(records, units)`, in NumPy where it is one of those that are known so."""
    if activation in FUNCTIONS.values():
        return activation(x)
    import keras

    known = FUNCTIONS.get(getattr(activation, "__name__", ""))
    if known is not None and activation is getattr(keras.activations, known.__name__):
        return known(x)
    return np.asarray(activation(keras.ops.convert_to_tensor(x)))


def _names(model: keras.Model | PlainModel, features: int) -> tuple[str, ...]:
    """The features of the first Dense layer of a table's model, by name; none where the model takes no table.

    In models of earlier versions columns of many levels come last, each with as many features as its Embedding has.
    """
    from rowwise.models.piecewise import PiecewiseFeatures

    schema = next((layer.schema for layer in model.layers if hasattr(layer, "schema")), None)
    if schema is None:
        return ()
    encoding = next((layer for layer in model.layers if isinstance(layer, PiecewiseFeatures)), None)
    if encoding is not None:
        names = encoding.names(schema)
        return names if len(names) == features else ()
    names = schema.features[: len(schema.features) - len(schema.embedded)]
    widths = [layer.output_dim for layer in model.layers if is_a(layer, "Embedding")]
    for column, width in zip(schema.embedded, widths, strict=False):
        names += tuple(f"{column.name}[{number}]" for number in range(width))
    return names if len(names) == features else ()
