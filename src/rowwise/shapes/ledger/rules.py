"""A layer's facts → its equation in shapes, its multiply-adds, the sentence that says what it does.

One `Rule` a family of layers. A kind that no rule knows gets the plain one: shapes in, shapes out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from rowwise.shapes.ledger.facts import LayerFacts
from rowwise.shapes.shape_text import Shape, product, shape_text

# Of one record; None where it cannot be counted.
MultiplyAdds = Callable[[LayerFacts], int | None]
# From the facts and the number of records, None for shapes as designed.
Equation = Callable[[LayerFacts, int | None], str]


@dataclass(frozen=True)
class Rule:
    """How one family of layers is explained.

    Attributes:
        says: key of the sentence in the catalogue, filled with what `values` gives.
        equation: the shapes of one call, records first.
        multiply_adds: of one record.
        values: facts → what fills the sentence.
    """

    says: str
    equation: Equation
    multiply_adds: MultiplyAdds = lambda facts: 0
    values: Callable[[LayerFacts], dict[str, Any]] = lambda facts: {}


def rule_of(facts: LayerFacts) -> Rule:
    """The rule of this layer; never fails."""
    if not facts.outputs:
        if not facts.built and facts.kind == "Dense" and "units" in facts.config:
            # No equation: how many axes the records have is not known either.
            return Rule("ledger.unbuilt.dense", lambda facts, records: "", lambda facts: None, _unbuilt_dense_values)
        return Rule(
            "ledger.unseen" if facts.weights else "ledger.unbuilt", lambda facts, records: "", lambda facts: None
        )
    if facts.inside:
        return Rule("ledger.backbone", arrow, _inside, lambda facts: {"layers": _layers_inside(facts)})
    rule = _RULES.get(facts.kind)
    if rule is not None and rule.says == "ledger.elementwise" and len(facts.inputs) == 1:  # x + 1
        rule = Rule("ledger.constant", arrow)
    if facts.kind == "Rescaling" and facts.config.get("scale") == 1 / 255 and facts.config.get("offset") == 0:
        rule = Rule("ledger.rescaling.pixels", arrow)
    if rule is not None and facts.kind == "Dense":
        rule = replace(rule, says=_dense_says(facts))
    if rule is not None and _fits(facts, rule):
        return rule
    if facts.weights:
        return Rule("ledger.other.weights", arrow, lambda facts: None)
    return Rule("ledger.other", arrow)


def numbers_of(shape: Shape) -> int | None:
    """Numbers of one record; None where an axis is not known."""
    sizes = [size for size in shape[1:] if size is not None]
    return math.prod(sizes) if len(sizes) == len(shape[1:]) else None


def _layers_inside(facts: LayerFacts) -> int:
    return sum(_layers_inside(one) if one.inside else 1 for one in facts.inside)


def _inside(facts: LayerFacts) -> int | None:
    """The multiply-adds of all its layers; None where some cannot be counted."""
    counts = [rule_of(one).multiply_adds(one) for one in facts.inside]
    return None if None in counts else sum(count for count in counts if count)


def arrow(facts: LayerFacts, records: int | None) -> str:
    """`(32, 28, 28) → (32, 784)`."""
    return f"{_joined(facts.inputs, records, ', ')} → {_joined(facts.outputs, records, ', ')}".removeprefix(" → ")


def kernel_and_bias(facts: LayerFacts) -> tuple[Shape, Shape | None]:
    """The shapes of a layer's kernel, and of its bias where it has one."""
    shapes = {weight.name: weight.shape for weight in facts.weights}
    kernel = next(shape for name, shape in shapes.items() if name.endswith("kernel"))
    return kernel, shapes.get("bias")


def _fits(facts: LayerFacts, rule: Rule) -> bool:
    """Whether the rule holds for these facts: a user's own class may have the name of one of Keras's."""
    try:
        rule.equation(facts, 2)
        rule.multiply_adds(facts)
        rule.values(facts)
    except Exception:
        return False
    return True


def _joined(shapes: tuple[Shape, ...], records: int | None, sign: str) -> str:
    return sign.join(shape_text(shape, records) for shape in shapes)


def _dense(facts: LayerFacts, records: int | None) -> str:
    kernel, bias = kernel_and_bias(facts)
    added = f" + {shape_text(bias)}" if bias else ""
    return (
        f"{_joined(facts.inputs, records, ', ')} · {shape_text(kernel)}{added} → {_joined(facts.outputs, records, '')}"
    )


def _dense_says(facts: LayerFacts) -> str:
    """Its own sentence for one unit, and for a layer without a bias."""
    one = ".one" if facts.config.get("units") == 1 else ""
    return f"ledger.dense{one}{'.unbiased' if len(facts.weights) == 1 else ''}"


def _unbuilt_dense_values(facts: LayerFacts) -> dict[str, Any]:
    return {"units": f"{facts.config['units']:,}", "kernel": f"(?, {facts.config['units']})"}


def _convolution(facts: LayerFacts, records: int | None) -> str:
    return _dense(facts, records).replace(" · ", " ∗ ", 1)


def _dense_multiply_adds(facts: LayerFacts) -> int | None:
    numbers = numbers_of(facts.inputs[0])
    return None if numbers is None else numbers * kernel_and_bias(facts)[0][-1]  # type: ignore[operator]


def _convolution_multiply_adds(facts: LayerFacts) -> int | None:
    numbers = numbers_of(facts.outputs[0])
    return None if numbers is None else numbers * math.prod(kernel_and_bias(facts)[0][:-1])  # type: ignore[arg-type]


def _transposed_multiply_adds(facts: LayerFacts) -> int | None:
    # Every input number is multiplied with the kernel's numbers of its channel.
    numbers = numbers_of(facts.inputs[0])
    kernel, _ = kernel_and_bias(facts)
    return None if numbers is None else numbers * math.prod(kernel[:-1])  # type: ignore[arg-type]


def _depthwise_multiply_adds(facts: LayerFacts) -> int | None:
    numbers = numbers_of(facts.outputs[0])
    kernel, _ = kernel_and_bias(facts)
    return None if numbers is None else numbers * math.prod(kernel[:-2])  # type: ignore[arg-type]


def _separable_multiply_adds(facts: LayerFacts) -> int | None:
    numbers = numbers_of(facts.outputs[0])
    shapes = {weight.name: weight.shape for weight in facts.weights}
    depthwise, pointwise = shapes["depthwise_kernel"], shapes["pointwise_kernel"]
    if numbers is None:
        return None
    places = numbers // pointwise[-1]
    return places * (math.prod(depthwise) + math.prod(pointwise))


def _separable(facts: LayerFacts, records: int | None) -> str:
    kernels = [w.shape for w in facts.weights if w.name.endswith("kernel")]
    return (
        f"{_joined(facts.inputs, records, '')} ∗ {_joined(tuple(kernels), None, ' ∗ ')} → "
        f"{_joined(facts.outputs, records, '')}"
    )


def _attention_multiply_adds(facts: LayerFacts) -> int | None:
    shapes = {weight.name: weight.shape for weight in facts.weights}
    query, value = facts.inputs[0], facts.inputs[1] if len(facts.inputs) > 1 else facts.inputs[0]
    queries, keys = query[1], value[1]
    if queries is None or keys is None:
        return None
    heads, size = shapes["query/kernel"][1:]
    width = shapes["value/kernel"][2]
    projections = sum(
        places * math.prod(shapes[f"{name}/kernel"])
        for name, places in (("query", queries), ("key", keys), ("value", keys), ("attention_output", queries))
    )
    return projections + heads * queries * keys * (size + width)


def _recurrent_multiply_adds(facts: LayerFacts) -> int | None:
    steps = facts.inputs[0][1]
    kernels = sum(weight.numbers for weight in facts.weights if weight.name.endswith("kernel"))
    if len(facts.inputs[0]) != 3:  # steps of images: a window's kernel is used at many places
        return None
    return None if steps is None else steps * kernels


def _joined_by(sign: str) -> Equation:
    return lambda facts, records: (
        f"{_joined(facts.inputs, records, f' {sign} ')} → {_joined(facts.outputs, records, ', ')}"
    )


def _flatten_values(facts: LayerFacts) -> dict[str, Any]:
    width = facts.outputs[0][1]
    sizes = product(facts.inputs[0][1:])
    return {"product": f"{sizes} = {width:,}" if width is not None and len(facts.inputs[0]) > 2 else sizes}


def _widened_values(facts: LayerFacts) -> dict[str, Any]:
    return {"columns": f"{facts.inputs[0][1]:,}", "features": f"{facts.outputs[0][1]:,}"}


def _dense_values(facts: LayerFacts) -> dict[str, Any]:
    kernel, _ = kernel_and_bias(facts)
    return {"features": f"{kernel[0]:,}", "units": f"{kernel[-1]:,}"}


def _convolution_values(facts: LayerFacts) -> dict[str, Any]:
    kernel, _ = kernel_and_bias(facts)
    return {"window": product(kernel[:-2]), "channels": f"{kernel[-2]:,}", "filters": f"{kernel[-1]:,}"}


def _rescaling(facts: LayerFacts) -> str:
    """`÷ 255`, `× 2 − 1`: pixels are divided by a whole number more often than they are multiplied."""
    scale, offset = facts.config["scale"], facts.config["offset"]
    divisor = round(1 / scale) if scale and abs(scale) < 1 else 0
    divides = divisor and math.isclose(1 / scale, divisor, rel_tol=1e-6)
    steps = f"÷ {divisor}" if divides else f"× {scale:.4g}"
    return f"{steps} {'−' if offset < 0 else '+'} {abs(offset):.4g}" if offset else steps


def _permute_values(facts: LayerFacts) -> dict[str, Any]:
    order = (0, *facts.config["dims"])
    moved = ", ".join(f"{old} → {new}" for new, old in enumerate(order) if old != new)
    return {"axes": moved or "0 → 0"}


def _axes_values(facts: LayerFacts) -> dict[str, Any]:
    """The axes that are normalised over, counted from the records' axis, 0."""
    axis, rank = facts.config["axis"], len(facts.inputs[0])
    axes = [one % rank for one in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    return {"axes": ", ".join(map(str, axes)), "sizes": product(tuple(facts.inputs[0][one] for one in axes))}


def _group_values(facts: LayerFacts) -> dict[str, Any]:
    channels, groups = facts.inputs[0][facts.config["axis"]], facts.config["groups"]
    groups = channels if groups == -1 else groups
    return {"groups": groups, "channels": channels // groups}


def _scaled_numbers(facts: LayerFacts) -> int | None:
    """A normalisation without weights multiplies with none."""
    return numbers_of(facts.outputs[0]) if facts.weights else 0


def _time_distributed_multiply_adds(facts: LayerFacts) -> int | None:
    # The wrapped layer is known by its weights alone: only a Dense, a kernel of two axes, is certain.
    numbers = numbers_of(facts.inputs[0])
    kernels = [weight.shape for weight in facts.weights if weight.name.endswith("kernel")]
    others = [weight for weight in facts.weights if not weight.name.endswith(("kernel", "bias"))]
    if len(kernels) != 1 or others or len(kernels[0]) != 2 or kernels[0][0] != facts.inputs[0][-1]:
        return None
    return None if numbers is None else numbers * kernels[0][-1]


def _concatenate(facts: LayerFacts, records: int | None) -> str:
    return f"{_joined(facts.inputs, records, ' | ')} → {_joined(facts.outputs, records, '')}"


def _window_values(facts: LayerFacts) -> dict[str, Any]:
    size = facts.config["pool_size"]
    return {"window": product(tuple(size) if isinstance(size, (tuple, list)) else (size,))}


def _embedding(facts: LayerFacts, records: int | None) -> str:
    table, outputs = shape_text(facts.weights[0].shape), _joined(facts.outputs, records, "")
    return f"{_joined(facts.inputs, records, '')} → {table} → {outputs}"


def _each(*kinds: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(kinds, rule)


def _sized(kind: str) -> tuple[str, ...]:
    return tuple(f"{kind}{axes}D" for axes in (1, 2, 3))


_RULES: dict[str, Rule] = {
    "InputLayer": Rule("ledger.input", arrow),
    "Rescaling": Rule(
        "ledger.rescaling",
        arrow,
        values=lambda facts: {"steps": _rescaling(facts)},
    ),
    "Normalization": Rule("ledger.normalization", arrow),
    "Preparation": Rule("ledger.preparation", arrow, values=_widened_values),
    "FeatureEncoding": Rule("ledger.encoding", arrow, values=_widened_values),
    "CountsOfLogs": Rule("ledger.counts", arrow),
    "NumbersOfLogs": Rule("ledger.logs", arrow),
    "RisingQuantiles": Rule("ledger.quantiles", arrow),
    "OrderedClasses": Rule("ledger.ordered", arrow),
    "Columns": Rule("ledger.columns", arrow, values=_widened_values),
    "Flatten": Rule("ledger.flatten", arrow, values=_flatten_values),
    "Dense": Rule("ledger.dense", _dense, _dense_multiply_adds, _dense_values),
    **_each(*_sized("Conv"), rule=Rule("ledger.conv", _convolution, _convolution_multiply_adds, _convolution_values)),
    **_each(
        *(f"{kind}Transpose" for kind in _sized("Conv")),
        rule=Rule("ledger.conv_transpose", _convolution, _transposed_multiply_adds),
    ),
    **_each(
        "DepthwiseConv1D", "DepthwiseConv2D", rule=Rule("ledger.depthwise", _convolution, _depthwise_multiply_adds)
    ),
    **_each("SeparableConv1D", "SeparableConv2D", rule=Rule("ledger.separable", _separable, _separable_multiply_adds)),
    **_each(*_sized("MaxPooling"), rule=Rule("ledger.max_pooling", arrow, values=_window_values)),
    **_each(*_sized("AveragePooling"), rule=Rule("ledger.average_pooling", arrow, values=_window_values)),
    **_each(*_sized("GlobalMaxPooling"), rule=Rule("ledger.global_max", arrow)),
    **_each(*_sized("GlobalAveragePooling"), rule=Rule("ledger.global_average", arrow)),
    "BatchNormalization": Rule("ledger.batch_normalization", arrow, lambda facts: numbers_of(facts.outputs[0])),
    "LayerNormalization": Rule("ledger.layer_normalization", arrow, _scaled_numbers, _axes_values),
    "RMSNormalization": Rule("ledger.rms_normalization", arrow, _scaled_numbers, _axes_values),
    "UnitNormalization": Rule("ledger.unit_normalization", arrow, values=_axes_values),
    "GroupNormalization": Rule("ledger.group_normalization", arrow, _scaled_numbers, _group_values),
    "Embedding": Rule(
        "ledger.embedding",
        _embedding,
        values=lambda facts: {
            name: f"{size:,}" for name, size in zip(("rows", "width"), facts.weights[0].shape, strict=True)
        },
    ),
    "MultiHeadAttention": Rule(
        "ledger.attention",
        arrow,
        _attention_multiply_adds,
        lambda facts: {"heads": facts.config["num_heads"], "size": facts.config["key_dim"]},
    ),
    **_each("SimpleRNN", "LSTM", "GRU", rule=Rule("ledger.recurrent", arrow, _recurrent_multiply_adds)),
    "Bidirectional": Rule("ledger.bidirectional", arrow, _recurrent_multiply_adds),
    "TimeDistributed": Rule("ledger.time_distributed", arrow, _time_distributed_multiply_adds),
    "PReLU": Rule("ledger.prelu", arrow, lambda facts: numbers_of(facts.outputs[0])),
    **_each(*_sized("ZeroPadding"), rule=Rule("ledger.zero_padding", arrow)),
    **_each(*_sized("UpSampling"), rule=Rule("ledger.up_sampling", arrow)),
    **_each(*_sized("Cropping"), rule=Rule("ledger.cropping", arrow)),
    "Permute": Rule("ledger.permute", arrow, values=_permute_values),
    "RepeatVector": Rule("ledger.repeat", arrow, values=lambda facts: {"times": facts.config["n"]}),
    "Masking": Rule("ledger.masking", arrow, values=lambda facts: {"value": f"{facts.config['mask_value']:.4g}"}),
    **_each("Identity", "ActivityRegularization", rule=Rule("ledger.same", arrow)),
    **_each(
        "Dropout",
        rule=Rule("ledger.dropout", arrow, values=lambda facts: {"percent": f"{100 * facts.config['rate']:.4g}"}),
    ),
    **_each(
        *_sized("SpatialDropout"),
        rule=Rule(
            "ledger.spatial_dropout", arrow, values=lambda facts: {"percent": f"{100 * facts.config['rate']:.4g}"}
        ),
    ),
    **_each("GaussianNoise", "GaussianDropout", "AlphaDropout", rule=Rule("ledger.noise", arrow)),
    "Activation": Rule("ledger.activation", arrow, values=lambda facts: {"activation": facts.config["activation"]}),
    **_each(
        *("ReLU", "LeakyReLU", "ELU", "Softmax", "Relu", "Relu6", "Gelu", "Silu", "Sigmoid", "Tanh"),
        rule=Rule("ledger.activation", arrow, values=lambda facts: {"activation": facts.kind}),
    ),
    "Reshape": Rule("ledger.reshape", arrow),
    **_each("Add", rule=Rule("ledger.elementwise", _joined_by("+"))),
    **_each("Subtract", rule=Rule("ledger.elementwise", _joined_by("−"))),
    **_each("Multiply", rule=Rule("ledger.elementwise", _joined_by("⊙"))),
    **_each("Average", "Maximum", "Minimum", rule=Rule("ledger.elementwise", arrow)),
    "Concatenate": Rule("ledger.concatenate", _concatenate),
    **_each("Sequential", "Functional", "Model", rule=Rule("ledger.nested", arrow)),
}
