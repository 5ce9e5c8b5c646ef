"""How large an export is: something for what it says of itself, and something for each weight."""

import numpy as np
import pytest

import rowwise
from rowwise.exports.c_header import _constant

KB = 1000
# Of each format: at most so many bytes that do not depend on the weights, and so many times the weights' own bytes. The
# docs say the same. A header is text, of which a weight takes some eleven letters.
BOUNDS = {
    "onnx": (7 * KB, 1.0),
    "keras": (12 * KB, 1.0),
    "torch": (22 * KB, 1.0),
    "c": (15 * KB, 2.9),
    "html": (38 * KB, 1.14),
}
LARGE = 700 * KB  # of weights, from which on all but the header are below 1.2 times as large


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """By their weights' bytes, models with weights as an initializer draws them, which no compression makes small."""
    import keras

    folder, made = tmp_path_factory.mktemp("sizes"), {}
    for units in (4, 64, 1024):
        keras.utils.set_random_seed(units)
        layers = [keras.layers.Dense(units, "relu"), keras.layers.Dense(10, "softmax")]
        model = keras.Sequential([keras.Input((200,)), *layers])
        model.save(folder / f"{units}.keras")
        made[folder / f"{units}.keras"] = sum(weight.nbytes for weight in model.get_weights())
    return made


@pytest.mark.parametrize("form", BOUNDS)
def test_an_export_is_no_larger_than_it_must_be(models, form):
    fixed, factor = BOUNDS[form]
    for path, weights in models.items():
        done = rowwise.export(path, form, path.with_name(f"exported{path.stem}" + SUFFIX[form]))
        assert done.weights == weights
        assert done.bytes == sum(file.stat().st_size for file in (done.path, *done.beside))
        assert done.bytes <= fixed + factor * weights, (form, weights, done.bytes)
        if weights >= LARGE and form != "c":
            assert done.bytes < 1.2 * weights


SUFFIX = {"onnx": ".onnx", "keras": ".keras", "torch": ".py", "c": ".h", "html": ".html"}


def test_the_shortest_texts_of_numbers_are_those_numbers():
    """A C compiler reads them as float64 first."""
    bits = np.random.default_rng(0).integers(0, 2**32, 200_000, np.uint32)
    numbers = np.concatenate([bits.view(np.float32), np.float32([0, -0.0, 1, -2, 0.5, 1e-45, 3e38, 16777216])])
    numbers = numbers[np.isfinite(numbers)]
    text = _constant("w", numbers).partition("{")[2].removesuffix("};")
    found = np.array([float(part) for part in text.split(",")]).astype(np.float32)
    assert found.tobytes() == numbers.tobytes()
    assert "NAN,INFINITY,-INFINITY" in _constant("w", np.float32([np.nan, np.inf, -np.inf])).replace("\n", "")
