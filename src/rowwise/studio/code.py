"""A run of the studio → the same network as a program of Keras layers, which trains to the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.models.dense import of_each
from rowwise.models.keras_view import layer_kind

if TYPE_CHECKING:
    from rowwise.runs.saved import Saved
    from rowwise.studio.held import Held

HEAD = """\
import numpy as np
import rowwise  # before Keras, which then runs on JAX
import keras
from keras import layers

train, test = rowwise.load({load})
"""
INITIALIZER = """\
random = np.random.default_rng({seed})


def kernel(shape, dtype=None):
    \"\"\"Glorot's uniform distribution, which is Keras's default, from one seed for all layers.\"\"\"
    limit = np.sqrt(6 / sum(shape))
    return random.uniform(-limit, limit, shape).astype(dtype or "float32")


model = keras.Sequential(
    [
{layers}
    ]
)
model.compile(keras.optimizers.Adam({rate}), "{loss}", metrics=["{metric}"])
"""
BY_ROWWISE = """\
model = rowwise.dense(
    train, hidden={hidden}, activation={activation!r}, dropout={dropout}, learning_rate={rate}, seed={seed}, pieces=0
)
"""
TAIL = """\
model.summary()
best = keras.callbacks.EarlyStopping("val_loss", patience={patience}, restore_best_weights=True)
rowwise.fit(
    model, train, epochs={epochs}, batch_size={batch}, validation={validation}, seed={seed}, callbacks=[best]
)
print(rowwise.evaluate(model, test))
"""


def program(saved: Saved, held: Held) -> str:
    """The program that trains what the run was trained to; of a table, whose preparation is rowwise's, by `dense`."""
    assert saved.record is not None
    how, source = saved.record.settings, held.source
    load = repr(Path(source.place).name)
    if source.target:
        load += f", target={list(source.target)!r}"
    load += "".join(
        f", {name}={list(value)!r}" for name in ("drop", "categorical", "numeric") if (value := getattr(source, name))
    )
    front = _front(saved.model, held)
    values: dict[str, Any] = {"seed": how.seed, "rate": how.learning_rate, "load": load}
    if front is None or held.test.task != "classification":
        middle = BY_ROWWISE.format(
            hidden=how.hidden, activation=how.activation, dropout=how.dropout, rate=how.learning_rate, seed=how.seed
        )
    else:
        lines = list(front)
        each = (of_each("", one, len(how.hidden)) for one in (how.activation, how.dropout))
        for units, activation, share in zip(how.hidden, *each, strict=True):
            lines.append(f'layers.Dense({units}, "{activation}", kernel_initializer=kernel)')
            if share:
                lines.append(f"layers.Dropout({share}, seed=int(random.integers(2**31)))")
        lines.append(f'layers.Dense({len(held.test.classes)}, "softmax", kernel_initializer=kernel)')
        loss = {"loss": "sparse_categorical_crossentropy", "metric": "accuracy"}
        middle = INITIALIZER.format(layers="\n".join(f"        {line}," for line in lines), **values, **loss)
    tail = TAIL.format(
        patience=how.patience, epochs=how.epochs, batch=how.batch_size, validation=how.validation, seed=how.seed
    )
    return "\n".join([HEAD.format(**values), middle, tail])


def _front(model: Any, held: Held) -> list[str] | None:
    """What the records go through before the first Dense layer; None where that is more than Keras's own layers say."""
    lines = [f"keras.Input({tuple(held.test.shape)})"]
    for layer in model.layers:
        kind = layer_kind(layer)
        if kind == "Dense":
            return lines
        if kind == "Rescaling" and layer.offset == 0:
            lines.append(f"layers.Rescaling({layer.scale!r})")
        elif kind == "Flatten":
            lines.append("layers.Flatten()")
        elif kind != "InputLayer":
            return None
    return None
