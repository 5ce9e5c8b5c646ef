"""A run that is read without Keras is the run: the same answers, bits, words and errors as through Keras."""

import json
import subprocess
import sys
import tracemalloc
import zipfile

import keras
import numpy as np
import polars as pl
import pytest
from PIL import Image

import rowwise
from rowwise.models.plain import PlainModel
from rowwise.runs.model_file import MODEL, open_model, read_plain
from rowwise.runs.saved import Saved

L = keras.layers
RECORDS = 90
RANDOM = np.random.default_rng(3)
ROOMS = RANDOM.uniform(2, 8, RECORDS).round(3)
TOWN = RANDOM.choice(["hill", "river", "lake"], RECORDS)
PRICE = (60 * ROOMS + 80 * (TOWN == "river")).round(1)
FRAME = pl.DataFrame(
    {
        "rooms": [*[None] * 9, *ROOMS[9:]],
        "town": TOWN,
        "zip": [f"z{number % 45}" for number in range(RECORDS)],
        "day": [f"20{10 + n % 9}-{1 + n % 12:02d}-{1 + n % 28:02d}" for n in range(RECORDS)],
    }
)
DEAR = np.where(PRICE > 350, "yes", "no")
GRADE = np.array(["low", "middle", "high"])[np.digitize(PRICE, [250, 400])]
TABLES = {
    "numbers": ({"price": PRICE}, {}),
    "default": ({"price": PRICE}, {"preset": "default", "epochs": 2}),
    "best": ({"grade": GRADE}, {"preset": "best", "epochs": 1}),
    "classes": ({"grade": GRADE}, {}),
    "two classes": ({"dear": DEAR}, {}),
    "no hidden layer": ({"dear": DEAR}, {"hidden": ()}),
    "threshold": ({"dear": DEAR}, {"threshold": "f1"}),
    "calibrated": ({"dear": DEAR}, {"calibrate": True}),
    "several targets": ({"price": PRICE, "size": ROOMS * 3}, {}),
    "several labels": ({"dear": DEAR, "large": np.where(ROOMS > 4, "yes", "no")}, {}),
    "quantiles": ({"price": PRICE}, {"quantiles": (0.1, 0.5, 0.9)}),
    "ordered": ({"grade": GRADE}, {"ordered": "low,middle,high"}),
    "counts": ({"visits": RANDOM.poisson(ROOMS)}, {"task": "counts"}),
    "log scale": ({"price": np.exp(PRICE / 100)}, {"target_scale": "log"}),
    "large numbers": ({"price": PRICE + 1e9}, {}),
}
X = RANDOM.normal(size=(40, 6)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


def residual():
    records = keras.Input((6,))
    first = L.Dense(8, "silu", name="first")(records)
    both = L.Activation("elu")(L.Add()([first, L.Dense(8)(first)]))
    return keras.Model(records, L.Dense(1, "sigmoid")(L.Dropout(0.1)(both + L.Dense(8, "tanh")(both))))


def branches():
    records = keras.Input((6,))
    joined = L.Add()([L.Dense(4)(records), L.Dense(4, use_bias=False)(records)])
    return keras.Model(records, L.Dense(2)(L.LeakyReLU()(joined)))


def chain(*layers):
    return keras.Sequential([keras.Input((6,)), *layers])


MODELS = {
    "batch normalization": lambda: chain(
        *(L.Dense(8, "relu"), L.BatchNormalization(), L.Dense(5), L.BatchNormalization(scale=False)),
        *(L.ReLU(), L.Dropout(0.2), L.Dense(2, "softmax")),
    ),
    "layer normalization": lambda: chain(
        L.LayerNormalization(), L.Dense(8, "gelu"), L.LayerNormalization(center=False), L.Dense(2), L.Softmax()
    ),
    "residual": residual,
    "branches": branches,
    "frozen": lambda: chain(L.Dense(4, "relu", trainable=False), L.Identity(), L.Dense(2, "softmax")),
    "normalization": lambda: chain(
        L.Normalization(mean=[0.1] * 6, variance=[2.0] * 6),
        L.Dense(4, "elu", kernel_regularizer="l2", kernel_initializer="he_normal"),
        L.Dense(2, "softmax"),
    ),
    "not compiled": lambda: chain(L.Dense(4, "relu"), L.Dense(2, "softmax")),
}
OPTIMIZERS = {"residual": "sgd", "branches": "adamw", "frozen": keras.optimizers.SGD(0.1, momentum=0.9)}
LOSSES = {
    "residual": "binary_crossentropy",
    "branches": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "not compiled": None,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("without-keras")


def table(place, name, out=None):
    targets, settings = TABLES[name]
    file = place / f"{name}.csv"
    FRAME.with_columns(**{key: pl.Series(key, values) for key, values in targets.items()}).write_csv(file)
    settings = {"hidden": (6,), "epochs": 2} | settings
    if "preset" in settings:
        del settings["hidden"]
    rowwise.train(
        file, [*targets], out=place / (out or name), pictures=False, observer=lambda event: None, seed=0, **settings
    )
    return place / (out or name), file


def saved_model(place, name):
    model = MODELS[name]()
    file = place / f"{name}.keras"
    if (loss := LOSSES.get(name, "sparse_categorical_crossentropy")) is not None:
        model.compile(OPTIMIZERS.get(name, "adam"), loss, metrics=["accuracy"])
        model.fit(X, Y, epochs=1, verbose=0)
    model.save(file)
    return file, X


def both(run):
    """The run without Keras, and the same through Keras."""
    plain = rowwise.open(run)
    assert isinstance(plain.network, PlainModel)
    return plain, Saved(plain.path, open_model(run / MODEL if run.is_dir() else run), plain.record)


def compare(plain, through, data):
    """Answers to the bit, of all records and of one alone; what is said of the model, its shapes and each number."""
    said, heard = plain.predict(data), through.predict(data)
    np.testing.assert_array_equal(said.probabilities, heard.probabilities)
    np.testing.assert_array_equal(said.values, heard.values)
    for name in ("task", "class_names", "target_names", "thresholds", "temperatures", "quantiles", "ordered", "notes"):
        assert getattr(said, name) == getattr(heard, name)
    assert str(plain.basis) == str(through.basis)
    assert str(plain.accepts) == str(through.accepts)
    assert plain.explain((None, 32), "all").to_dict() == through.explain((None, 32), "all").to_dict()
    assert plain.network.count_params() == through.model.count_params()


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.filterwarnings("ignore::rowwise.errors.Suspicious")
def test_a_run_on_a_table(place, name):
    run, file = table(place, name)
    plain, through = both(run)
    compare(plain, through, file)
    rows = FRAME.head(1).to_dicts()
    np.testing.assert_array_equal(plain.predict(rows).values, through.predict(rows).values)
    np.testing.assert_array_equal(plain.predict(rows).probabilities, through.predict(rows).probabilities)
    assert str(plain.evaluate()) == str(through.evaluate())
    last = plain.network.steps[-1][0].name if name == "classes" else None
    assert plain.trace(1, 0, last).to_dict() == through.trace(1, 0, last).to_dict()


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_other_layers(place, name):
    file, x = saved_model(place, name)
    plain, through = both(file)
    compare(plain, through, x)
    if name != "not compiled":
        assert plain.evaluate((x, Y)).to_dict() == through.evaluate((x, Y)).to_dict()
    for layer in (layer.name for layer in plain.network.layers if layer.kind == "Dense"):
        traces = [one.trace(2, 0, layer, rowwise.Dataset("drawn", x, Y, ("no", "yes"))) for one in (plain, through)]
        assert traces[0].to_dict() == traces[1].to_dict()
        assert traces[0].value == pytest.approx(traces[0].model_value, abs=1e-5)


def test_pictures(place):
    rowwise.train("digits", hidden=(8,), epochs=1, pictures=False, verbose=0, out=place / "digits", seed=0)
    Image.fromarray((RANDOM.random((9, 9)) * 255).astype(np.uint8)).save(place / "one.png")
    plain, through = both(place / "digits")
    compare(plain, through, place / "one.png")
    compare(plain, through, (RANDOM.random((70, 8, 8)) * 255).astype(np.uint8))
    assert str(plain.evaluate()) == str(through.evaluate())


@pytest.mark.slow
def test_the_keras_model_is_there_for_who_asks(place):
    """Also where the file is gone; a training of it then counts in what the run says."""
    file, _ = saved_model(place, "normalization")
    copy = place / "copy.keras"
    copy.write_bytes(file.read_bytes())
    saved = rowwise.open(copy)
    before = saved.predict(X).probabilities
    copy.unlink()
    assert isinstance(saved.model, keras.Sequential)
    assert saved.model is saved.model
    np.testing.assert_array_equal(saved.predict(X).probabilities, before)
    rowwise.fit(saved.model, X, Y, epochs=3, verbose=0)
    after = saved.predict(X).probabilities
    assert not np.array_equal(after, before)
    np.testing.assert_array_equal(rowwise.predict(saved.model, X).probabilities, after)


UNKNOWN = {
    "convolution": lambda: keras.Sequential([keras.Input((6, 1)), L.Conv1D(2, 2), L.Flatten(), L.Dense(2, "softmax")]),
    "nested": lambda: chain(keras.Sequential([keras.Input((6,)), L.Dense(4, "relu")]), L.Dense(2, "softmax")),
    "half precision": lambda: chain(L.Dense(4, "relu", dtype="mixed_float16"), L.Dense(2, "softmax")),
    "constraint": lambda: chain(L.Dense(4, kernel_constraint="max_norm"), L.Dense(2, "softmax")),
    "other activation": lambda: chain(L.Dense(4, "selu"), L.Dense(2, "softmax")),
    "shared layer": lambda: _shared(),
}


def _shared():
    records, layer = keras.Input((6,)), L.Dense(6)
    return keras.Model(records, layer(layer(records)))


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_known_exactly_is_keras_to_read(tmp_path, name):
    file = tmp_path / "m.keras"
    UNKNOWN[name]().save(file)
    assert read_plain(file) is None
    assert isinstance(rowwise.open(file).network, keras.Model)


def rewritten(file, place, change):
    """The file with another configuration."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(place, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                change(config)
                content = json.dumps(config).encode()
            new.writestr(name, content)
    return place


CHANGES = {
    "an option": lambda config: layer_of(config, 1).update(surprise=True),
    "a missing option": lambda config: layer_of(config, 1).pop("use_bias"),
    "another type": lambda config: layer_of(config, 1).update(use_bias=1),
    "units": lambda config: layer_of(config, 1).update(units=5),
    "an activation of nobody": lambda config: layer_of(config, 1).update(activation="relu7"),
    "a name twice": lambda config: layer_of(config, 1).update(name=layer_of(config, 2)["name"]),
    "another name": lambda config: layer_of(config, 1).update(name="other"),
    "a class of nobody": lambda config: config["config"]["layers"][1].update(class_name="Densest"),
    "a module of nobody": lambda config: config["config"]["layers"][1].update(module="os"),
    "a lambda": lambda config: layer_of(config, 1).update(activation={"class_name": "__lambda__", "config": {}}),
    "a dtype": lambda config: layer_of(config, 1).update(dtype="float16"),
    "an input": lambda config: layer_of(config, 0).update(batch_shape=[None, 7]),
    "a rate": lambda config: config["compile_config"]["optimizer"]["config"].update(learning_rate="fast"),
    "an optimizer": lambda config: config["compile_config"]["optimizer"].update(class_name="Adamant"),
    "a loss": lambda config: config["compile_config"].update(loss="loss_of_nobody"),
    "a metric": lambda config: config["compile_config"].update(metrics=["metric_of_nobody"]),
    "no layers": lambda config: config["config"].update(layers=[]),
    "a build": lambda config: config["config"]["layers"][1].update(build_config={"input_shape": [None, 8]}),
}


def layer_of(config, number):
    return config["config"]["layers"][number]["config"]


@pytest.fixture(scope="module")
def small(place):
    model = chain(L.Dense(4, "relu"), L.Dense(2, "softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, Y, epochs=1, verbose=0)
    model.save(place / "small.keras")
    assert read_plain(place / "small.keras") is not None
    return place / "small.keras"


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_configuration_is_keras_to_judge(small, tmp_path, name):
    assert read_plain(rewritten(small, tmp_path / "m.keras", CHANGES[name])) is None


def normalization(_):
    settings = {"axis": [-1], "invert": False, "mean": 0.0, "variance": 1.0}
    return {"class_name": "Normalization", "module": "keras.layers", "registered_name": None}, settings


def encoding(size):
    named = {"class_name": "FeatureEncoding", "module": "rowwise.models.encoding"}
    settings = {"features": size, "numbers": [], "levels": []}
    return named | {"registered_name": "rowwise>FeatureEncoding"}, settings


@pytest.mark.parametrize("of", [normalization, encoding])
def test_sizes_that_a_file_only_claims_take_no_memory(small, tmp_path, of):
    size = 1 << 29

    def change(config):
        layer_of(config, 0).update(batch_shape=[None, size])
        config["config"]["build_input_shape"] = [None, size]
        named, settings = of(size)
        about = {"name": "large", "trainable": True, "dtype": "float32"}
        config["config"]["layers"].insert(1, named | {"config": about | settings})

    file = rewritten(small, tmp_path / "m.keras", change)
    tracemalloc.start()
    assert read_plain(file) is None
    assert tracemalloc.get_traced_memory()[1] < 1 << 26
    tracemalloc.stop()


COMMANDS = {
    "a picture": ["predict", "{digits}", "{picture}"],
    "a table": ["predict", "{table}", "{row}"],
    "measures": ["evaluate", "{table}"],
    "a number followed": ["explain", "{table}", "--trace", "0,0"],
    "shapes": ["explain", "{digits}"],
    "why a row": ["explain", "{table}", "--row", "3"],
    "what a column does": ["explain", "{table}", "--dependence", "rooms"],
    "a page": ["evaluate", "{table}", "--html", "{page}"],
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::rowwise.errors.Suspicious")
def test_commands_import_neither_keras_nor_jax(place):
    run, _ = table(place, "numbers", "lean")
    FRAME.head(1).write_csv(place / "row.csv")
    rowwise.train("digits", hidden=(8,), epochs=1, pictures=False, verbose=0, out=place / "seen", seed=0)
    Image.fromarray((RANDOM.random((9, 9)) * 255).astype(np.uint8)).save(place / "one.png")
    given = {
        "digits": place / "seen",
        "picture": place / "one.png",
        "table": run,
        "row": place / "row.csv",
        "page": place / "report.html",
    }
    called = [[part.format(**given) for part in command] for command in COMMANDS.values()]
    code = (
        "import sys; from rowwise.cli import main\n"
        f"for command in {called!r}:\n"
        "    assert main(command) == 0, command\n"
        "    assert not {'keras', 'jax'} & {*sys.modules}, command\n"
        f"from rowwise.serve.model import open_model; import pathlib\n"
        f"open_model('m', pathlib.Path({str(run)!r}))\n"
        "assert not {'keras', 'jax'} & {*sys.modules}, 'serve'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
