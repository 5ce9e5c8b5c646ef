"""The native engine of one version of rowwise: an epoch for each line of standard input; prints a JSON object for each.

    KERAS_BACKEND=jax ROWWISE_ISA=SET PYTHONPATH=VERSION:SITE-PACKAGES python -S engine_script.py RECORDS.npz

A line is an object with hidden, batch_size, threads and records; the answer has the seconds of the
epoch, and the plan that is remembered for the shape. RECORDS.npz holds x `(records, ...)` uint8 and y `(records,)`. Of
rowwise it takes what versions have in common; what only this one has, it asks for.
"""

import json
import sys
from typing import Any

import keras
import numpy as np

import rowwise

with np.load(sys.argv[1]) as records:
    x, y = records["x"], records["y"]


def model_of(hidden: list[int]) -> keras.Model:
    """The course's model, with these hidden layers."""
    keras.utils.set_random_seed(0)
    layers = [keras.Input(x.shape[1:]), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
    layers += [keras.layers.Dense(units, "relu") for units in hidden]
    model = keras.Sequential([*layers, keras.layers.Dense(int(y.max()) + 1, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def plan_of(model: keras.Model, batch_size: int, threads: int | None) -> Any:
    """What is remembered for the shape; None before there were plans."""
    try:
        from rowwise.engine import native
        from rowwise.engine.native.compiled_description import compiled
        from rowwise.engine.native.description import describe
        from rowwise.engine.native.records import network_description
        from rowwise.engine.native.remembered_plans import PlanMemory
    except ImportError:
        return None
    graph = describe(model)
    description = network_description(graph, compiled(model, graph), True, batch_size)
    memory = PlanMemory(description, native.chosen(), native.build(), native.plans_for(description, threads))
    plan = getattr(memory.read(), "plan", None)  # of what is still being measured there is none
    return plan.as_dictionary() if plan is not None else None


models: dict[str, tuple[keras.Model, int]] = {}
for line in sys.stdin:
    asked = json.loads(line)
    model, epoch = models.get(line) or (model_of(asked["hidden"]), 0)
    more = 1 if epoch else 2  # the first plans, and fills the caches
    history = rowwise.fit(
        model,
        x[: asked["records"]],
        y[: asked["records"]],
        epochs=epoch + more,
        initial_epoch=epoch,
        batch_size=asked["batch_size"],
        engine="native",
        threads=asked["threads"],
        verbose=0,
    )
    models[line] = model, epoch + more
    plan = plan_of(model, asked["batch_size"], asked["threads"])
    print(json.dumps({"seconds": history.rowwise["seconds"][-1], "plan": plan}), flush=True)
