"""The ledger says of a model what Keras itself says, with the arithmetic; and never breaks."""

import html
import inspect
import json
import math
import pkgutil
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

import rowwise
from rowwise.errors import ModelError, UsageError
from rowwise.shapes.ledger.as_text import arrays, size_text
from rowwise.shapes.ledger.facts import course, read

layers = keras.layers


def dataset(shape=(28, 28), classes=10):
    return rowwise.Dataset("made", np.zeros((3, *shape), "uint8"), np.zeros(3, int), tuple("0123456789"[:classes]))


def branches():
    image = keras.Input((12, 12, 3))
    one = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    other = layers.SeparableConv2D(4, 3, padding="same")(image)
    joined = layers.BatchNormalization()(layers.Add()([one, other]))
    flat = layers.Flatten()(layers.MaxPooling2D()(joined))
    return keras.Model(image, layers.Dense(5)(layers.Concatenate()([flat, layers.GlobalAveragePooling2D()(joined)])))


def sequence():
    words = keras.Input((7,), dtype="int32")
    embedded = layers.Embedding(50, 8)(words)
    mixed = layers.LayerNormalization()(layers.MultiHeadAttention(2, 4)(embedded, embedded))
    return keras.Model(words, layers.Dense(3, activation="softmax")(layers.LSTM(6)(mixed)))


def nested():
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(4), layers.Dropout(0.5)])
    return keras.Sequential([keras.Input((6,)), inner, layers.Dense(2)])


def shared():
    one, twice = keras.Input((4,)), layers.Dense(4)
    return keras.Model(one, twice(twice(one)))


class Mine(keras.layers.Layer):
    def build(self, shape):
        self.weight = self.add_weight(shape=(shape[-1],), name="weight")

    def call(self, x):
        return x * self.weight


class Calls(keras.Model):
    def __init__(self):
        super().__init__()
        self.first = layers.Dense(3)

    def call(self, x):
        return self.first(x)


def called():
    model = Calls()
    model(np.zeros((2, 5), "float32"))
    return model


MODELS = {
    "course": lambda: rowwise.dense(dataset()),
    "branches": branches,
    "sequence": sequence,
    "nested": nested,
    "shared": shared,
    "own layer": lambda: keras.Sequential([keras.Input((6,)), Mine(), layers.Dense(2)]),
    "subclass": called,
    "transposed": lambda: keras.Sequential([keras.Input((8, 8, 2)), layers.Conv2DTranspose(3, 2, strides=2)]),
    "depthwise": lambda: keras.Sequential([keras.Input((8, 8, 2)), layers.DepthwiseConv2D(3, depth_multiplier=2)]),
    "no bias": lambda: keras.Sequential([keras.Input((5,)), layers.Dense(3, use_bias=False)]),
    "unknown length": lambda: keras.Sequential([keras.Input((None, 4)), layers.Dense(3), layers.GRU(2)]),
}


def agrees(model):
    ledger = rowwise.explain(model)
    assert ledger.parameters == model.count_params()
    assert ledger.trainable == sum(math.prod(w.shape) for w in model.trainable_weights)
    by_name = {layer.name: layer for layer in model.layers}
    for row in ledger.rows:
        facts = row.facts
        if facts.depth == 0 and facts.outputs and facts.name in by_name and not isinstance(model, Calls):
            assert facts.outputs[-1][1:] == tuple(keras.tree.flatten(by_name[facts.name].output)[0].shape)[1:]
    return ledger


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_totals_and_shapes_are_keras_own_and_the_text_fits(name, lang):
    model = MODELS[name]()
    agrees(model)
    for convention in ("keras", "torch", "columns", "all"):
        text = str(rowwise.explain(model, [1, 32, 60000], lang, convention))
        assert max(cell_len(line) for line in text.splitlines()) <= 80
        assert f"{model.count_params():,}" in text


@settings(max_examples=30, deadline=None)
@given(
    shape=st.lists(st.integers(1, 9), min_size=2, max_size=3),  # pictures: features are standardized
    hidden=st.lists(st.integers(1, 40), max_size=5),
    classes=st.integers(2, 10),
)
def test_a_chain_is_explained_without_building_it_as_if_it_were_built(shape, hidden, classes):
    model = rowwise.dense(dataset(tuple(shape), classes), hidden)
    assert read(model) == course(shape, hidden, classes)
    agrees(model)


@pytest.mark.slow
def test_mobile_net_adds_up():
    ledger = agrees(keras.applications.MobileNet(weights=None))
    assert not [row.facts.kind for row in ledger.rows if row.facts.weights and row.multiply_adds(1) is None]


def test_the_course_model_is_written_as_the_course_asks():
    ledger = rowwise.explain(batch_size=32)
    row = next(row for row in ledger.rows if row.facts.name == "hidden_1")
    assert row.equation(32) == "(32, 784) · (784, 100) + (100,) → (32, 100)"
    assert row.equation(32, "torch") == "(32, 784) · (100, 784)ᵀ + (100,) → (32, 100)"
    assert row.equation(32, "columns") == "(100, 784) · (784, 32) + (100, 1) → (100, 32)"
    assert row.equation(None) == "(None, 784) · (784, 100) + (100,) → (None, 100)"
    assert row.arithmetic == "784 × 100 + 100 = 78,500"
    assert (row.multiply_adds(32), row.output_bytes(32)) == (32 * 78_400, 32 * 100 * 4)
    assert ledger.parameters == 81_840


def test_kernels_do_not_depend_on_the_batch():
    few, many = (rowwise.explain(batch_size=size).to_dict()["layers"] for size in (1, 60000))
    for one, other in zip(few, many, strict=True):
        assert one["weights"] == other["weights"]
        assert one["batches"] != other["batches"]


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        # Counted by hand: output places × window × input channels × filters, and so on.
        (lambda: layers.Conv2D(8, 3), (10, 10, 4), 8 * 8 * 9 * 4 * 8),
        (lambda: layers.Conv1D(8, 3, strides=2), (11, 4), 5 * 3 * 4 * 8),
        (lambda: layers.DepthwiseConv2D(3), (10, 10, 4), 8 * 8 * 9 * 4),
        (lambda: layers.SeparableConv2D(8, 3), (10, 10, 4), 8 * 8 * (9 * 4 + 4 * 8)),
        (lambda: layers.Conv2DTranspose(3, 2, strides=2), (4, 4, 5), 4 * 4 * 5 * 4 * 3),
        (lambda: layers.Dense(6), (7, 5), 7 * 5 * 6),
        (lambda: layers.Flatten(), (7, 5), 0),
    ],
)
def test_multiply_adds_are_those_counted_by_hand(layer, shape, expected):
    row = rowwise.explain(keras.Sequential([keras.Input(shape), layer()])).rows[-1]
    assert row.multiply_adds(3) == 3 * expected


def unbuilt():
    return keras.Sequential([layers.Flatten(name="flat"), layers.Dense(5, name="classes")], name="unbuilt")


@pytest.mark.parametrize(("lang", "unknown"), [("en", "not known yet"), ("ko", "아직 모름")])
def test_of_a_model_that_is_not_built_nothing_is_claimed_and_what_to_do_is_said(lang, unknown):
    ledger = rowwise.explain(unbuilt(), lang=lang)
    assert (ledger.parameters, ledger.trainable) == (None, None)
    text = " ".join(str(ledger).split())
    assert "model.build((None, 784))" in text
    assert unknown in text
    assert not re.search(r"None (stands|은)|\b0\b|parameters: 0|32", text.replace("(None, 784)", ""))
    as_json = json.loads(json.dumps(ledger.to_dict()))
    assert (as_json["parameters"], as_json["trainable"]) == (None, None)
    assert (as_json["layers"][1]["parameters"], as_json["layers"][1]["arithmetic"]) == (None, None)


def test_once_it_is_built_as_it_was_told_it_is_explained():
    model = unbuilt()
    model.build((None, 784))
    ledger = rowwise.explain(model, lang="en")
    assert ledger.parameters == model.count_params() == 784 * 5 + 5
    assert "not known yet" not in str(ledger)
    assert "not known when the model is designed" in " ".join(str(ledger).split())


def test_a_model_that_met_its_first_batch_keeps_none_for_the_records():
    model = keras.Sequential([layers.Dense(4), layers.Dense(3)])
    model(np.zeros((32, 5), "float32"))
    row = rowwise.explain(model).rows[-2]
    assert row.equation(None) == "(None, 5) · (5, 4) + (4,) → (None, 4)"
    assert row.equation(60000) == "(60000, 5) · (5, 4) + (4,) → (60000, 4)"


def test_a_layer_of_the_users_own_that_breaks_every_rule_is_listed():
    class Dense(keras.layers.Layer):  # not Keras's
        def build(self, shape):
            self.odd = self.add_weight(shape=(2, 3, 4), name="odd")

        def call(self, x):
            return x

        def get_config(self):
            raise RuntimeError

    row = rowwise.explain(keras.Sequential([keras.Input((6,)), Dense()])).rows[-1]
    assert row.arithmetic == "2 × 3 × 4 = 24"
    assert row.multiply_adds(1) is None


@pytest.mark.parametrize(
    ("convention", "arrays", "arithmetic", "lines"),
    [
        (
            "keras",
            {"kernel": [784, 100], "bias": [100]},
            "784 × 100 + 100 = 78,500",
            ["kernel (784, 100):", "bias (100,):"],
        ),
        (
            "torch",
            {"weight": [100, 784], "bias": [100]},
            "100 × 784 + 100 = 78,500",
            ["weight (100, 784):", "bias (100,):"],
        ),
        (
            "columns",
            {"W": [100, 784], "b": [100, 1]},
            "100 × 784 + 100 = 78,500",
            ["W (100, 784):", "b (100, 1):", "X (784, m):"],
        ),
    ],
)
def test_a_dense_layer_is_kept_and_counted_as_the_convention_does(convention, arrays, arithmetic, lines):
    ledger = rowwise.explain(convention=convention)
    layer = ledger.to_dict()["layers"][3]
    assert layer["conventions"] == {convention: {"arrays": arrays, "arithmetic": arithmetic}}
    assert layer["weights"][0] == {"name": "kernel", "shape": [784, 100], "trainable": True}
    block = " ".join(next(block for block in str(ledger).split("\n\n") if block.startswith("hidden_1")).split())
    assert f"parameters {arithmetic}" in block
    for line in lines:
        assert line in block
    assert ("kernel" in block) == (convention == "keras")
    assert ledger.parameters == 81_840


def test_with_all_conventions_one_layer_is_computed_with_the_models_own_weights():
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4, activation="relu", name="first"), layers.Dense(2)])
    first = model.layers[0]
    example = rowwise.explain(model, convention="all").example
    assert (example.layer, example.own) == ("first", True)
    np.testing.assert_array_equal(example.computed.arrays["keras"]["kernel"], first.get_weights()[0])
    first.set_weights([np.eye(3, 4, dtype="float32"), np.full(4, 0.5, "float32")])
    ledger = rowwise.explain(model, convention="all", lang="en")
    x = ledger.example.computed.arrays["keras"]["X"]
    values = ", ".join(f"{value:.4g}" for value in [*(x[0] + np.float32(0.5)), np.float32(0.5)])
    for view in (str(ledger), ledger.to_html()):
        assert view.count(f"Y[0, :4] = {values}") == 2
        assert view.count(f"Y[:4, 0] = {values}") == 1
        assert "with this model's weights" in html.unescape(view)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_float16"])
def test_weights_of_every_type_are_computed_with(dtype):
    model = keras.Sequential([keras.Input((30,)), layers.Dense(4, dtype=dtype, use_bias=False)])
    ledger = rowwise.explain(model, convention="all", lang="en")
    assert "All three give" in str(ledger)
    kernel = ledger.example.computed.arrays["keras"]["kernel"]
    np.testing.assert_array_equal(kernel, model.get_weights()[0].astype("float32"))


def test_the_example_of_the_course_is_drawn_and_the_same_each_time():
    one, other = (rowwise.explain(convention="all", lang="en") for _ in range(2))
    assert str(one) == str(other)
    assert not one.example.own
    assert "hidden_1 with weights and 3 records drawn from seed 0" in str(one)
    assert one == other
    for convention in ("keras", "torch", "columns"):
        assert rowwise.explain(convention=convention).example is None
    assert rowwise.explain(unbuilt(), convention="all").example is None


def test_the_course_in_all_conventions_needs_neither_keras_nor_jax():
    code = "import sys, rowwise; print(rowwise.explain(convention='all'), {'keras', 'jax'} & {*sys.modules})"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=600, text=True, check=True
    ).stdout
    assert output.rstrip().endswith("set()")


def test_a_ledger_imports_only_what_it_needs():
    others = ["rowwise.data", "rowwise.pages", "jinja2", "markupsafe", "rowwise.shapes.checks"]
    others += [f"rowwise.shapes.ledger.{name}" for name in ("axes", "tracing", "as_html", "as_svg")]
    code = f"import sys, rowwise; str(rowwise.explain()); print({{*{others!r}}} & {{*sys.modules}})"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output == "set()\n"


def test_shapes_are_there_once_rowwise_is_imported():
    code = "import rowwise; print(rowwise.shapes.show([[1, 2, 3]]).splitlines()[0])"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True).stdout
    assert output.startswith("(1, 3)")


@pytest.mark.parametrize("package", [rowwise, rowwise.shapes])
def test_no_public_name_is_hidden_by_a_module_of_that_name(package):
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    hidden = {"open"} if package is rowwise else set()  # `from rowwise import *` must leave Python's
    assert dir(package) == sorted({*package.__all__, *hidden})
    assert all(inspect.ismodule(getattr(package, name)) for name in modules & set(package.__all__))
    assert all(getattr(package, name) is not None for name in package.__all__)
    with pytest.raises(AttributeError, match="no attribute 'shapely'"):
        _ = package.shapely


def test_the_text_totals_what_a_batch_costs():
    ledger = rowwise.explain(batch_size=[1, 32], lang="en")
    # 3 × 784 + 100 + 30 + 10 numbers of four bytes; 784 × 100 + 100 × 30 + 30 × 10 multiply-adds.
    assert "Memory of all outputs: 9.7 KiB at 1, 311.5 KiB at 32" in str(ledger)
    assert "Multiply-adds of one forward pass: 81,700 at 1, 2,614,400 at 32" in str(ledger)
    assert ledger.to_dict()["totals"] == [
        {"records": 1, "multiply_adds": 81_700, "output_bytes": 4 * 2492},
        {"records": 32, "multiply_adds": 32 * 81_700, "output_bytes": 32 * 4 * 2492},
    ]


def blocks(ledger):
    """Each layer's block of the text, by its name, its lines joined."""
    layers_text = [block.split("\n", 1) for block in str(ledger).split("\n\n")[1:-1]]
    return {head.split()[0]: " ".join(lines.split()) for head, lines in layers_text}


def test_a_layer_that_does_not_take_from_the_row_above_says_what_it_takes():
    image = keras.Input((8, 8, 3), name="image")
    left, right = layers.Conv2D(4, 3, name="left")(image), layers.Conv2D(4, 3, name="right")(image)
    joined = layers.Add(name="joined")([left, right])
    model = keras.Model(image, [layers.Flatten(name="flat")(joined), layers.GlobalMaxPooling2D(name="most")(joined)])
    taken = {"right": "image", "joined": "left, right", "most": "joined"}
    ledger = rowwise.explain(model, lang="en")
    for name, block in blocks(ledger).items():
        match = re.search(r" takes (\S+(?:, \S+)*) as designed", block)
        assert (match and match[1]) == taken.get(name), name
    for words in taken.values():
        assert f"takes: {words}" in ledger.to_html()


@pytest.mark.parametrize("shape", [(None, 8), (None, None, 3)])
def test_a_second_none_is_explained_and_what_it_hides_is_said(shape):
    model = keras.Sequential([keras.Input(shape), layers.Dense(3, name="one"), layers.Dense(2, name="two")])
    ledger = rowwise.explain(model, [1, 32], "en")
    text = " ".join(str(ledger).split())
    assert f"A second None, as in {(None, *shape)}, is an axis within a record" in text
    assert "no weight depends on it" in text
    assert "Memory of all outputs: depends on the second None" in text
    assert "Multiply-adds of one forward pass: depends on the second None" in text
    by_layer = blocks(ledger)
    assert "outputs take depends on the second None multiply-adds depends on the second None" in by_layer["two"]
    assert text.count("second None how many places") == 1
    assert "second None" not in str(rowwise.explain(lang="en"))


def test_a_total_that_a_layer_of_ones_own_hides_names_it():
    model = keras.Sequential([keras.Input((6,)), Mine(name="mine"), layers.Dense(2)])
    ledger = rowwise.explain(model, lang="en")
    assert "Multiply-adds of one forward pass: not known, because of mine" in str(ledger)
    assert "multiply-adds not known: its code is its own" in blocks(ledger)["mine"]


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_model_for_a_fixed_batch_says_so_and_what_becomes_of_another(lang):
    records = keras.Input(batch_shape=(16, 7))
    model = keras.Model(records, layers.Dense(3)(records))
    text = " ".join(str(rowwise.explain(model, 32, lang)).split())
    assert ("exactly 16 records" if lang == "en" else "정확히 16개") in text
    assert ("batches of 32, as written below, are taken" if lang == "en" else "배치 크기(32)로도 실행됩니다") in text
    assert model.predict(np.zeros((32, 7), "float32"), batch_size=32, verbose=0).shape == (32, 3)  # as the ledger says
    assert "batch_size=16" not in str(rowwise.explain(model, 16, lang))
    assert "batch_size=16" in rowwise.explain(model, 32, lang).to_html()
    free = rowwise.explain(keras.Sequential([keras.Input((7,)), layers.Dense(3)]), 32, lang)
    assert "batch_shape" not in str(free)


def test_a_layer_that_keeps_a_state_takes_no_other_batch():
    model = keras.Sequential([keras.Input(batch_shape=(16, 5, 3)), layers.LSTM(2, stateful=True, name="memory")])
    text = " ".join(str(rowwise.explain(model, 32, "en")).split())
    assert "Another number fails here" in text
    assert "(stateful): memory. Pass batch_size=16." in text
    with pytest.raises(ValueError, match="stateful"):  # as the ledger says
        model.predict(np.zeros((32, 5, 3), "float32"), batch_size=32, verbose=0)


def test_a_number_of_records_is_written_once():
    assert rowwise.explain(batch_size=[1, 1, 32, 1]) == rowwise.explain(batch_size=[1, 32])


def test_no_line_ends_within_a_shape_or_a_product():
    for model in (branches(), sequence()):
        for line in str(rowwise.explain(model, [1, 32, 60000], "en")).splitlines():
            assert line.count("(") == line.count(")") or "," not in line.rpartition("(")[2], line
            assert not re.search(r"(^ *×|× *$)", line), line


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 B"), (1023, "1023 B"), (3136, "3.1 KiB"), (12800, "12.5 KiB"), (2**20 - 1, "1 MiB"), (98 * 1024, "98 KiB")],
)
def test_sizes_are_told_as_people_read_them(size, words):
    assert size_text(size) == words


def test_one_is_not_spoken_of_as_several():
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    for convention in ("keras", "torch", "columns"):
        ledger = rowwise.explain(model, 1, "en", convention)
        text = " ".join(words for _, words in arrays(ledger.rows[-1], convention))
        assert not re.search(r"\b1 (units|rows|records|features)", text), text


def test_columns_are_features_only_where_they_are():
    words = "columns are features"
    assert words in str(rowwise.explain(lang="en"))
    for model in (branches(), sequence(), MODELS["transposed"](), MODELS["unknown length"]()):
        for convention in ("keras", "torch", "columns", "all"):
            ledger = rowwise.explain(model, 32, "en", convention)
            assert words not in str(ledger) + ledger.to_html()
    assert words not in str(rowwise.explain(convention="columns", lang="en"))


def test_numpys_integers_are_numbers_of_records():
    ledger = rowwise.explain(batch_size=[np.int64(3), np.uint8(200)])
    assert ledger == rowwise.explain(batch_size=[3, 200])
    json.dumps(ledger.to_dict())


def test_it_is_json():
    as_json = json.loads(json.dumps(rowwise.explain(batch_size=[None, 32], convention="all").to_dict()))
    assert as_json["parameters"] == 81_840
    assert set(as_json["layers"][3]["batches"][1]["equations"]) == {"keras", "torch", "columns"}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"model": 3}, ModelError),
        ({"batch_size": 0}, UsageError),
        ({"batch_size": -1}, UsageError),
        ({"batch_size": True}, UsageError),
        ({"batch_size": np.True_}, UsageError),
        ({"batch_size": 2.0}, UsageError),
        ({"batch_size": np.array([1, 2])}, UsageError),
        ({"batch_size": [1, "2"]}, UsageError),
        ({"lang": "fr"}, UsageError),
        ({"convention": "rows"}, UsageError),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, error):
    with pytest.raises(error):
        rowwise.explain(**arguments)
