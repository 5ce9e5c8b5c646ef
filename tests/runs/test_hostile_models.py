"""A model file from a stranger is opened or refused in words; whatever it holds, it reads, runs and fills nothing."""

import io
import json
import struct
import zipfile

import h5py
import keras
import numpy as np
import pytest

import rowwise
from rowwise.errors import ModelError

L = keras.layers


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """The members of a small model's file, by name."""
    model = keras.Sequential([keras.Input((4,)), L.Dense(8, "relu"), L.Dropout(0.1), L.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(np.zeros((8, 4)), np.zeros(8), verbose=0)
    path = tmp_path_factory.mktemp("model") / "m.keras"
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def put(tmp_path):
    """Members → a `.keras` file."""

    def write(members, method=zipfile.ZIP_STORED):
        path = tmp_path / "m.keras"
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path

    return write


def refused(path, words):
    with pytest.raises(ModelError, match=words) as caught:
        rowwise.open(path)
    assert len(str(caught.value)) < 1000
    assert str(caught.value).isprintable()


# ---- the archive


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_plain_file_is_opened_packed_or_not(parts, put, method):
    assert rowwise.open(put(parts, method)).accepts.shape == (4,)


def test_other_packings_than_deflate_are_refused(parts, put):
    refused(put(parts, zipfile.ZIP_BZIP2), "packed by method 12")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/etc/cron.d/x", "leads out of it"),
        ("../outside", "leads out of it"),
        ("assets/../../x", "leads out of it"),
        ("a\\..\\b", "leads out of it"),
        ("c:x", "leads out of it"),
        ("inner.zip", "another archive"),
        ("assets/vocabulary.txt", "nothing else"),
        ("CONFIG.JSON", "twice"),
    ],
)
def test_members_that_no_model_has_are_refused(parts, put, name, words):
    refused(put({**parts, name: b"x"}), words)


def test_a_name_that_stands_twice_is_refused(parts, put):
    path = put(parts)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", b"{}")
    refused(path, "twice")


def test_a_directory_without_end_is_not_read(parts, put):
    path = put(parts)
    content = path.read_bytes()
    end = content.rindex(b"PK\5\6")
    size = struct.unpack("<I", content[end + 12 : end + 16])[0]
    padded = content[:end] + b"\0" * (3 << 20)  # as if a directory of 3 MB
    path.write_bytes(padded + content[end : end + 12] + struct.pack("<I", size + (3 << 20)) + content[end + 16 :])
    refused(path, "list of members")


def test_a_file_that_unpacks_without_measure_is_refused(parts, put):
    refused(put({**parts, "model.weights.h5": bytes(200 << 20)}, zipfile.ZIP_DEFLATED), "would unpack to")


def test_a_size_that_the_directory_makes_smaller_is_not_believed(parts, put):
    path = put({**parts, "config.json": b" " * 5_000_000 + parts["config.json"]}, zipfile.ZIP_DEFLATED)
    content = path.read_bytes()
    size = struct.pack("<I", 5_000_000 + len(parts["config.json"]))
    path.write_bytes(content.replace(size, struct.pack("<I", 100)))
    refused(path, "CRC|damaged")


# ---- the weights


def weights(parts, change):
    """The HDF5 member after `change`."""
    file = io.BytesIO(parts["model.weights.h5"])
    with h5py.File(file, "r+") as root:
        change(root)
    return {**parts, "model.weights.h5": file.getvalue()}


KERNEL = "layers/dense/vars/0"


def replaced(make):
    def change(root):
        del root[KERNEL]
        make(root)

    return change


def external_dataset(root):
    root.create_dataset(KERNEL, (4, 8), "float32", external=[("/etc/passwd", 0, 128)])


def virtual_dataset(root):
    layout = h5py.VirtualLayout((4, 8), "float32")
    layout[:] = h5py.VirtualSource("/tmp/secret.h5", "x", (4, 8))
    root.create_virtual_dataset(KERNEL, layout)


def linked(link):
    def make(root):
        root[KERNEL] = link

    return make


def packed(root):
    root.create_dataset(KERNEL, data=np.zeros((4, 8), "float32"), compression="gzip")


def never_written(root):
    root.create_dataset(KERNEL, (10**5, 10**6), "float32", chunks=(1000, 1000))


def announced(root):
    root.create_dataset(KERNEL, (10**5, 10**6), "float32")


def texts(root):
    root[KERNEL] = np.array(["a", "b"], object)


def twice(root):
    root[KERNEL] = root["layers/dense_1/vars/0"]


def ring(root):
    root[KERNEL] = root["layers"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (linked(h5py.ExternalLink("/etc/passwd", "/x")), "link"),
        (linked(h5py.ExternalLink("other.h5", "/")), "link"),
        (linked(h5py.SoftLink("/layers/dense_1/vars/0")), "link"),
        (linked(h5py.SoftLink("/nowhere")), "link"),
        (twice, "link"),
        (ring, "link"),
        (external_dataset, "another file"),
        (virtual_dataset, "another file"),
        (packed, "packed"),
        (never_written, "packed"),
        (announced, "more values than the file holds"),
        (texts, "no plain numbers"),
    ],
)
def test_weights_are_plain_arrays_within_the_file(parts, put, make, words):
    refused(put(weights(parts, replaced(make))), words)


# ---- the configuration


def configured(parts, change):
    config = json.loads(parts["config.json"])
    change(config)
    return {**parts, "config.json": json.dumps(config).encode()}


def layer(number):
    return lambda config: config["config"]["layers"][number]


def test_a_layer_larger_than_its_weights_is_refused_before_it_is_built(parts, put):
    def grow(config):
        config["config"]["layers"][1]["config"]["units"] = 10**9
        config["config"]["layers"][3]["build_config"]["input_shape"] = [None, 10**9]

    refused(put(configured(parts, grow)), r"shape \(4, 1000000000\)")


def named(module, name, **more):
    return {"module": module, "class_name": name, "config": {}, "registered_name": None, **more}


def function(module, name, **more):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name, **more}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (named("keras.layers", "TFSMLayer"), "no layer"),
        (named("keras.layers", "JaxLayer"), "no layer"),
        (named("keras.layers", "StringLookup"), "no layer"),
        (named("keras.layers", "TextVectorization"), "no layer"),
        (named(None, "StringLookup"), "no layer"),
        (named("keras.utils", "FeatureSpace"), "no layer"),
        (named("keras.src.layers.core.lambda_layer", "LambdaX"), "no layer"),
        (named("keras.layers", "Lambda"), "Python code"),
        (named(None, "__lambda__"), "Python code"),
        (named(None, "__typespec__"), "no layer"),
        (named("os", "system"), "not part of Keras"),
        (named("subprocess", "Popen"), "not part of Keras"),
        (function("keras.utils", "get_file"), "no layer"),
        (function("keras.utils", "get_file", registered_name="rowwise>Preparation"), "no layer"),
        (function("keras.saving", "load_model"), "no layer"),
        (function("keras.config", "enable_unsafe_deserialization"), "no layer"),
        (function("keras.losses", "deserialize"), "no layer"),
        (function("builtins", "deserialize"), "not part of Keras"),
        (function("builtins", ["exec"]), "names"),
        (named(None, "__numpy__", config={"value": [""], "dtype": "U900000000"}), "names"),
        ({"class_name": 3, "config": {}}, "names"),
    ],
)
def test_a_configuration_names_parts_of_models_alone(parts, put, found, words):
    def as_layer(config):
        config["config"]["layers"][2] = found

    def as_activation(config):
        config["config"]["layers"][1]["config"]["activation"] = found

    def as_loss(config):
        config["compile_config"]["loss"] = found

    for change in (as_layer, as_activation, as_loss):
        refused(put(configured(parts, change)), words)


def metric(config):
    config["compile_config"]["metrics"] = [named("keras.metrics", "AUC", config={"num_thresholds": 10**9})]


def many_layers(config):
    dropout = config["config"]["layers"][2]
    config["config"]["layers"][2:3] = [
        {**dropout, "config": {**dropout["config"], "name": f"d{n}"}} for n in range(1500)
    ]


def wide(config):
    repeat = named("keras.layers", "RepeatVector", config={"n": 10**8, "name": "repeat"})
    config["config"]["layers"] = [config["config"]["layers"][0], repeat]


def deep(config):
    config["compile_config"]["loss"] = json.loads("[" * 300 + "]" * 300)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (metric, "asks for 1000000000"),
        (many_layers, "1,503 layers"),
        (wide, "400,000,000 numbers"),
        (deep, "nested"),
        (lambda config: config.update(class_name=None), "describes no model"),
        (lambda config: config.update(config=[]), "damaged"),
        (lambda config: config.update(config=10**30), "10\\^20"),
    ],
)
def test_a_configuration_that_would_take_without_end_is_refused(parts, put, change, words):
    refused(put(configured(parts, change)), words)


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b"[" + b"[]," * 10**6 + b"0]", b"{", b"null", b"\xff\xfe", b'{"a": ' + b"9" * 10_000 + b"}"],
)
def test_a_configuration_that_is_none_is_refused(parts, put, content):
    refused(put({**parts, "config.json": content}), "damaged")


@pytest.mark.slow
def test_models_of_many_kinds_of_layers_are_opened(tmp_path):
    """The list of what a model may name has no hole where people are."""
    image = keras.Input((12, 12, 3))
    x = L.Rescaling(1 / 255)(image)
    x = L.Conv2D(4, 3, activation=keras.activations.gelu, kernel_regularizer="l2")(x)
    x = L.BatchNormalization()(x)
    x = L.MaxPooling2D()(x)
    x = L.Reshape((25, 4))(x)
    x = L.Bidirectional(L.LSTM(3, return_sequences=True))(x)
    x = L.MultiHeadAttention(2, 3)(x, x)
    x = keras.Sequential([L.LayerNormalization(), L.GlobalAveragePooling1D(), L.Dense(6, "tanh")])(x)
    x = L.Concatenate()([x, L.Dense(6, kernel_constraint="max_norm")(x) * 2 + 1])
    model = keras.Model(image, L.Dense(2, "softmax")(keras.ops.relu(x)))
    schedule = keras.optimizers.schedules.CosineDecay(0.01, 2_000_000)
    metrics = ["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(2)]
    model.compile(keras.optimizers.AdamW(schedule), keras.losses.SparseCategoricalCrossentropy(), metrics=metrics)
    data = np.random.default_rng(0).integers(0, 255, (3, 12, 12, 3)).astype("uint8")
    model.fit(data, np.array([0, 1, 0]), verbose=0)
    model.save(tmp_path / "m.keras")
    opened = rowwise.open(tmp_path / "m.keras")
    np.testing.assert_allclose(opened.model.predict(data, verbose=0), model.predict(data, verbose=0), rtol=1e-5)


def test_what_the_program_itself_has_registered_may_be_named(tmp_path):
    @keras.saving.register_keras_serializable("tests_of_hostile_models")
    class Mine(L.Layer):
        def call(self, x):
            return x

    keras.Sequential([keras.Input((4,)), Mine(), L.Dense(2)]).save(tmp_path / "m.keras")
    try:
        assert rowwise.open(tmp_path / "m.keras").accepts.shape == (4,)
    finally:
        del keras.saving.get_custom_objects()["tests_of_hostile_models>Mine"]
    with pytest.raises(ModelError, match="not part of Keras"):
        rowwise.open(tmp_path / "m.keras")
