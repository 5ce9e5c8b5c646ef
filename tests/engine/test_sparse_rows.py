"""A sparse matrix that would be too large when dense trains, and is evaluated, as the dense one."""

import keras
import numpy as np
import pytest

import rowwise
from rowwise.errors import Suspicious

sparse = pytest.importorskip("scipy.sparse")
random = np.random.default_rng(0)
X = np.where(random.random((40, 6)) < 0.3, random.normal(size=(40, 6)), 0).astype("float32")
Y = (X.sum(1) > 0).astype("int32")


def made():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, "relu"), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize(
    ("engine", "options"),
    [("auto", {"validation_split": 0.3, "class_weight": {0: 2.0}}), ("keras", {"validation": 0.3})],
)
def test_it_trains_as_the_dense_one_does(engine, options, monkeypatch):
    options |= {"epochs": 2, "batch_size": 8, "verbose": 0, "seed": 3}
    models = made(), made()
    expected = rowwise.fit(models[1], X, Y, **options).history
    monkeypatch.setenv("ROWWISE_DEVICE_BYTES", "100")
    with pytest.warns(Suspicious, match="block by block"):
        found = rowwise.fit(models[0], sparse.coo_matrix(X), Y, engine=engine, **options)
    assert found.rowwise["engine"] == ("whole_epoch" if engine == "auto" else "keras")
    assert found.history == {name: pytest.approx(values, rel=1e-4) for name, values in expected.items()}
    for one, other in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)
    with pytest.warns(Suspicious, match="block by block"):
        figures = rowwise.evaluate(models[0], sparse.csr_matrix(X), Y, return_dict=True, verbose=0)
    assert figures == pytest.approx(models[0].evaluate(X, Y, return_dict=True, verbose=0), rel=1e-5)
