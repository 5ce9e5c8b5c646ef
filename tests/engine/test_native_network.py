"""The compiled network by itself: what it refuses, what it is bound to, and its gradients."""

import gc
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from rowwise.engine import native
from rowwise.engine.native.network_description import (
    ACTIVATIONS,
    LayerDescription,
    LossDescription,
    NetworkDescription,
    OptimizerDescription,
)
from rowwise.engine.native.step_plan import StepPlan

pytestmark = pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not compiled")

SPARSE = LossDescription("sparse_categorical_crossentropy")
CLASSIFIER = NetworkDescription(
    (LayerDescription(3, 5, "relu"), LayerDescription(5, 2, "softmax")),
    SPARSE,
    OptimizerDescription("adam"),
    batch_size=4,
)
PLAN = StepPlan().as_dictionary()
ROWS, STEPS = 10, 3


def arrays(description):
    """Kernels and biases, drawn at random."""
    random = np.random.default_rng(5)
    shapes = []
    for layer in description.layers:
        if layer.kind != "addition":
            shapes += [(layer.inputs, layer.units) if layer.kind == "dense" else (layer.units,), (layer.units,)]
    return [(random.normal(size=shape) * 0.5).astype("float32") for shape in shapes]


def build(description=CLASSIFIER, plan=None):
    network = native.network(description, plan)
    for index, values in enumerate(arrays(description)):
        network.write(index, values)
    return network


def kernel(network):
    values = np.empty((3, 5), np.float32)
    network.read(0, values)
    return values


def data(rows=ROWS):
    """x, labels, an order, rates and corrections."""
    random = np.random.default_rng(1)
    x, y = random.random((rows, 3), "float32"), random.integers(0, 2, rows).astype("int32")
    return x, y, random.permutation(rows).astype("int32"), np.full(STEPS, 0.01, np.float32), np.full((STEPS, 5), 0.1)


def test_the_description_is_read_whole():
    extension = import_module("rowwise.engine.native._native")
    assert (
        extension.Network(CLASSIFIER.as_dictionary(), PLAN).arrays == 3 * 4
    )  # two kernels, two biases, and Adam's two slots


@pytest.mark.parametrize("place", ["", "layers[1]", "loss", "optimizer"])
def test_an_unknown_key_and_a_missing_one_are_refused_by_name(place):
    extension = import_module("rowwise.engine.native._native")

    def within(description):
        return {"": description, "layers[1]": description["layers"][1]}.get(place) or description[place]

    prefix = f"{place}." if place else ""
    description = CLASSIFIER.as_dictionary()
    within(description)["colour"] = 3
    with pytest.raises(ValueError, match=rf"^{prefix}colour: unknown".replace("[", r"\[").replace("]", r"\]")):
        extension.Network(description, PLAN)
    for key in within(CLASSIFIER.as_dictionary()):
        description = CLASSIFIER.as_dictionary()
        del within(description)[key]
        with pytest.raises(ValueError) as refusal:
            extension.Network(description, PLAN)
        assert str(refusal.value) == f"{prefix}{key}: missing"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layers": 3}, "layers: expected a tuple, received 3"),
        ({"layers": (3,)}, "layers[0]: expected a dictionary, received 3"),
        ({"layers": ()}, "layers: expected at least one"),
        ({"batch_size": 4.0}, "batch_size: expected an int, received 4.0"),
        ({"batch_size": True}, "batch_size: expected an int, received True"),
        ({"batch_size": 0}, "batch_size: expected 1 to 1073741824, received 0"),
        ({"batch_size": 2**70}, f"batch_size: expected 1 to 1073741824, received {2**70}"),
        ({"scale": "1"}, "scale: expected a float, received '1'"),
        ({"scale": math.nan}, "scale: expected a finite number, received nan"),
        ({"offset": -math.inf}, "offset: expected a finite number, received -inf"),
        ({"output_scale": (1.0, math.inf)}, "output_scale: expected a finite number, received inf"),
        ({"bytes": 1}, "bytes: expected a bool, received 1"),
        ({"output_scale": (1.0, "2")}, "output_scale: expected a float, received '2'"),
        ({"output_scale": (1.0,)}, "output_offset: expected as many numbers as output_scale has"),
        ({"bytes": True, "offset": 1.0}, "bytes: expected no offset and no dropout"),
        ({"loss": {}}, "loss.name: missing"),
        ({"loss": []}, "loss: expected a dictionary, received []"),
    ],
)
def test_a_value_of_another_type_or_range_is_refused_by_name(wrong, message):
    extension = import_module("rowwise.engine.native._native")
    with pytest.raises(ValueError) as refusal:
        extension.Network(CLASSIFIER.as_dictionary() | wrong, PLAN)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ({"units": "4"}, "layers[1].units: expected an int, received '4'"),
        ({"inputs": 4}, "layers[1].inputs: expected 5, the units of the layer before, received 4"),
        (
            {"activation": "selu"},
            "layers[1].activation: expected one of elu, gelu, leaky_relu, linear, relu, sigmoid, ",
        ),
        ({"activation": None}, "layers[1].activation: expected a str, received None"),
        ({"activation": "relu"}, "loss.from_logits: expected True, because the last layer is no softmax"),
        ({"dropout": 1.0}, "layers[1].dropout: expected a share in [0, 1)"),
        ({"dropout": float("nan")}, "layers[1].dropout: expected a finite number"),
        ({"kind": "embedding"}, "layers[1].kind: expected one of addition, batch_normalization, dense, layer_n"),
        ({"kind": "addition"}, "layers[1].units: expected as many as inputs, received 2"),
        ({"back": ()}, "layers[1].back: expected one layer, or several for an addition"),
        ({"back": (1, 1)}, "layers[1].back: expected one layer, or several for an addition"),
        ({"back": (0,)}, "layers[1].back: expected 1 to 1073741824, received 0"),
        ({"back": (3,)}, "layers[1].back: expected 1 to 2, received 3"),
        ({"back": (2,)}, "layers[1].inputs: expected 3, the units of the records, received 5"),
        ({"back": (2,), "inputs": 3}, "layers[0].units: expected a layer that takes them"),
        ({"kind": "batch_normalization", "units": 5, "dropout": 0.1}, "layers[1].dropout: expected a Dense layer, or"),
        ({"kind": "batch_normalization", "units": 5, "epsilon": -0.1}, "layers[1].epsilon: expected 0 or more"),
    ],
)
def test_a_layer_that_makes_no_sense_is_refused_by_name(layer, message):
    first, last = CLASSIFIER.layers
    with pytest.raises(ValueError) as refusal:
        native.network(replace(CLASSIFIER, layers=(first, replace(last, **layer))))
    assert str(refusal.value).startswith(message)


def test_arrays_that_would_lead_out_of_themselves_are_refused_when_they_are_bound():
    x, y, order, rates, corrections = data()
    network = build()
    for wrong in (
        {"targets": np.full(ROWS, 2, np.int32)},
        {"targets": np.full(ROWS, -1, np.int32)},
        {"targets": y[:-1]},
        {"targets": y.astype("int64")},
        {"x": x[:, :2].copy()},
        {"x": x.astype("uint8")},
        {"x": x.astype("float64")},
        {"weights": np.ones(ROWS - 1, np.float32)},
    ):
        with pytest.raises(ValueError):
            network.records(**({"x": x, "targets": y} | wrong))
    records = network.records(x, y)
    for wrong in (
        {"order": np.full(ROWS, ROWS, np.int32)},
        {"order": np.full(ROWS, -1, np.int32)},
        {"rates": rates[:-1]},
        {"corrections": corrections[:-1]},
        {"outputs": np.ones((ROWS, 3), np.float32)},
        {"outputs": np.ones((ROWS - 1, 2), np.float32)},
    ):
        with pytest.raises(ValueError):
            records.epoch(**({"order": order, "rates": rates, "corrections": corrections, "key": 0} | wrong))
    with pytest.raises(ValueError, match="targets"):
        network.records(x).epoch(order, rates, corrections, 0)
    with pytest.raises(ValueError):
        network.write(0, np.ones((3, 3), np.float32))


def test_an_array_that_would_have_to_be_copied_is_refused_and_not_written_beside():
    network, (x, *_) = build(), data()
    with pytest.raises(TypeError):
        network.read(0, np.empty((5, 3), np.float32).T)
    with pytest.raises(TypeError):
        network.records(x).predict(np.empty((2, ROWS), np.float32).T)
    read_only = np.zeros((ROWS, 2), np.float32)
    read_only.flags.writeable = False
    with pytest.raises(TypeError):
        network.records(x).predict(read_only)


def test_slices_take_what_was_bound_whatever_is_written_to_the_arrays_meanwhile():
    x, y, order, rates, corrections = data()
    whole = build()
    epoch = whole.records(x, y).epoch(order, rates, corrections, 0)
    assert epoch.run(1e9) == STEPS
    expected = epoch.progress

    sliced = build()
    epoch = sliced.records(x, y).epoch(order, rates, corrections, 0)
    for step in range(STEPS):
        assert epoch.run(0.0) == step + 1  # one step at least
        y[:], order[:] = 99, 10**6  # neither can be an index any more
    assert epoch.run(0.0) == STEPS
    assert epoch.progress == expected
    np.testing.assert_array_equal(kernel(sliced), kernel(whole))


@pytest.mark.skipif(not hasattr(os, "pread"), reason="the system reads no file from a place")
def test_records_read_from_the_file_that_they_lie_in_train_as_those_in_memory(tmp_path):
    x, y, order, rates, corrections = data()
    (tmp_path / "x").write_bytes(b"before" + x.tobytes())
    whole, read = build(), build()
    whole.records(x, y).epoch(order, rates, corrections, 0).run(1e9)
    with (tmp_path / "x").open("rb") as file:
        half = np.where(np.arange(len(x))[:, None] < 5, x, 0)  # of these rows alone what lies in memory counts
        records = read.records(half, y, file=file.fileno(), start=6, kept=5)
        records.epoch(order, rates, corrections, 0).run(1e9)
    np.testing.assert_array_equal(kernel(read), kernel(whole))
    unreadable = build()  # what cannot be read from the file is taken from memory
    unreadable.records(x, y, file=10**6).epoch(order, rates, corrections, 0).run(1e9)
    np.testing.assert_array_equal(kernel(unreadable), kernel(whole))


def test_an_epoch_keeps_all_that_it_needs():
    x, y, order, rates, corrections = data()
    epoch = build().records(x, y).epoch(order, rates, corrections, 0)
    del x, y, order, rates, corrections
    gc.collect()
    assert epoch.run(1e9) == STEPS


def test_calls_from_several_threads_of_python_take_turns():
    network = build(plan=StepPlan(threads=2))
    random = np.random.default_rng(2)
    parts = [network.records(random.random((500, 3), "float32")) for _ in range(4)]

    def predict(part):
        outputs = np.empty((500, 2), np.float32)
        part.predict(outputs)
        return outputs

    expected = [predict(part) for part in parts]
    with ThreadPoolExecutor(4) as pool:
        for outputs, same in zip(pool.map(predict, parts * 25), expected * 25, strict=True):
            np.testing.assert_array_equal(outputs, same)


WITHOUT_THREADS = """
import resource
from rowwise.engine import native
from rowwise.engine.native.network_description import LayerDescription, NetworkDescription
from rowwise.engine.native.step_plan import StepPlan
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + 2**26
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))  # room for the stacks of a few threads
try:
    native.network(NetworkDescription((LayerDescription(3, 2),)), StepPlan(threads=256))
except RuntimeError as refusal:
    print("refused:", refusal)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc and RLIMIT_AS are Linux's")
def test_a_system_that_starts_no_more_threads_is_an_error_and_not_the_end_of_the_process():
    run = subprocess.run([sys.executable, "-c", WITHOUT_THREADS], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("refused:")


def chain(activation, units, dropout=0.0):
    widths = (11, 9, 6, units)
    ends = (*("tanh" if activation == "softmax" else activation,) * 2, activation)
    return tuple(
        LayerDescription(a, b, end, leak=0.3, dropout=dropout, kernel_l2=0.01, bias_l1=0.02)
        for a, b, end in zip(widths[:-1], widths[1:], ends, strict=True)
    )


@pytest.mark.parametrize(
    ("loss", "end", "logits"),
    [
        *(("mean_squared_error", end, False) for end in ACTIVATIONS),
        ("sparse_categorical_crossentropy", "softmax", False),
        ("sparse_categorical_crossentropy", "linear", True),
        ("categorical_crossentropy", "softmax", False),
        ("categorical_crossentropy", "tanh", True),
        ("binary_crossentropy", "sigmoid", False),
        ("binary_crossentropy", "linear", True),
        ("mean_absolute_error", "elu", False),
    ],
)
def test_gradients_in_float64_are_the_differences_of_the_loss(loss, end, logits):
    random = np.random.default_rng(5)
    n, threads = (70, 1) if logits else (13, 2)  # divided by records, and by columns
    description = NetworkDescription(
        chain(end, 4, dropout=0.2), LossDescription(loss, logits, label_smoothing=0.1), batch_size=n
    )
    network = native.network(description, StepPlan(threads, by_records=threads == 1), float64=True)
    weights = [values.astype("float64") for values in arrays(description)]
    x = random.normal(size=(n, 11))
    y = random.integers(0, 4, n).astype("int32") if loss.startswith("sparse") else random.random((n, 4))
    records, order = network.records(x, y), np.arange(n, dtype=np.int32)

    def loss_and_gradient(index):
        for place, array in enumerate(weights):
            network.write(place, array)
        gradient = np.empty_like(weights[index])
        return records.gradient(order, 99, index, gradient) / n, gradient

    for index, array in enumerate(weights):
        _, gradient = loss_and_gradient(index)
        for place in random.integers(0, array.size, 3):
            value = array.flat[place]
            ends = []
            for step in (1e-6, -1e-6):
                array.flat[place] = value + step
                ends.append(loss_and_gradient(index)[0])
            array.flat[place] = value
            assert gradient.flat[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4, abs=1e-7)


def graph(threads):
    """Normalizations, and additions of layers that others take too: every path that a gradient can go."""
    elu = {"activation": "elu", "leak": 0.3}
    norm = {"kind": "batch_normalization", "momentum": 0.9, "epsilon": 0.1, "kernel_l2": 0.01}
    layers = (
        LayerDescription(11, 9, **elu),
        LayerDescription(9, 9, **norm, activation="softmax"),
        LayerDescription(9, 9, activation="tanh"),
        LayerDescription(9, 9, kind="addition", back=(1, 2, 3), **elu),
        LayerDescription(9, 9, kind="addition", dropout=0.2),
        LayerDescription(9, 9, kind="layer_normalization", epsilon=0.1, bias_l2=0.01),
        LayerDescription(9, 11, dropout=0.2),
        LayerDescription(11, 11, kind="addition", back=(1, 8, 1), activation="silu"),
        LayerDescription(11, 11, **norm),
        LayerDescription(11, 4),
    )
    return NetworkDescription(layers, LossDescription(), batch_size=70 if threads == 1 else 13)


@pytest.mark.parametrize("threads", [1, 2])
def test_gradients_of_a_graph_in_float64_are_the_differences_of_the_loss(threads):
    random = np.random.default_rng(5)
    description = graph(threads)
    plan = StepPlan(threads, by_records=threads == 1)
    n, network = description.batch_size, native.network(description, plan, float64=True)
    weights = [values.astype("float64") for values in arrays(description)]
    records = network.records(random.normal(size=(n, 11)), random.random((n, 4)))
    order = np.arange(n, dtype=np.int32)

    def loss_and_gradient(index):
        network.write(index, weights[index])
        gradient = np.empty_like(weights[index])
        return records.gradient(order, 99, index, gradient) / n, gradient

    for index, array in enumerate(weights):
        network.write(index, array)
    for index, array in enumerate(weights):
        _, gradient = loss_and_gradient(index)
        for place in random.integers(0, array.size, 3):
            value, ends = array.flat[place], []
            for step in (1e-6, -1e-6):
                array.flat[place] = value + step
                ends.append(loss_and_gradient(index)[0])
            array.flat[place] = value
            assert gradient.flat[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4, abs=1e-7)
        network.write(index, array)


def test_dropout_drops_its_share_and_others_with_another_key():
    # Kernels of one and a linear unit: the gradient of a kernel's row tells whether its input was kept.
    layer = LayerDescription(1000, 1, "linear", dropout=0.25)
    network = native.network(NetworkDescription((layer,), LossDescription("mean_absolute_error"), batch_size=1))
    records = network.records(np.ones((1, 1000), np.float32), np.full((1, 1), -1e9, np.float32))

    def gradient(key):
        values = np.empty((1000, 1), np.float32)
        records.gradient(np.zeros(1, np.int32), key, 0, values)
        return values

    first = gradient(1)
    assert set(np.unique(first)) == {np.float32(0), np.float32(1 / 0.75)}
    assert abs((first == 0).mean() - 0.25) < 0.06
    np.testing.assert_array_equal(first, gradient(1))
    assert (first != gradient(2)).mean() > 0.2
