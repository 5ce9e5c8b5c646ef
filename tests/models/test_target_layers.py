"""What stands after the last Dense layer: the same in Keras, NumPy and the native engine; safe to load."""

import keras
import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss, mean_poisson_deviance

import rowwise as rw
from rowwise.engine.native import instruction_sets
from rowwise.preparation import (
    CountsOfLogs,
    NumbersOfLogs,
    OrderedClasses,
    PinballLoss,
    PoissonDeviance,
    RisingQuantiles,
    SquaredLogError,
)

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 4)).astype("float32")
LEVELS = (0.1, 0.5, 0.8)
KINDS = {
    "counts": (2, lambda: CountsOfLogs([2.0, 5.0]), lambda: PoissonDeviance([2.0, 5.0]), RANDOM.poisson(3, (90, 2))),
    "logs": (1, lambda: NumbersOfLogs(0.7, 1.5), lambda: SquaredLogError(0.7), RANDOM.lognormal(1.5, 0.7, 90)),
    "quantiles": (3, lambda: RisingQuantiles(LEVELS, 3, 1), lambda: PinballLoss(LEVELS, 3), RANDOM.normal(1, 3, 90)),
    "ordered": (3, lambda: OrderedClasses(4), lambda: "sparse_categorical_crossentropy", RANDOM.integers(0, 4, 90)),
}


def build(kind, seed=0):
    units, layer, loss, _ = KINDS[kind]
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(units), layer()], name="m"
    )
    model.compile(keras.optimizers.Adam(0.01), loss())
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_numpy_and_keras_give_the_same_and_a_saved_model_gives_it_again(kind, tmp_path):
    units, make, _, _ = KINDS[kind]
    layer, z = make(), (4 * RANDOM.normal(size=(50, units))).astype("float32")
    np.testing.assert_allclose(layer.finish(z), np.asarray(layer(z)), rtol=2e-5, atol=1e-6)
    model = build(kind)
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras", safe_mode=True)
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    opened = rw.open(tmp_path / "m.keras").model
    np.testing.assert_allclose(
        rw.predict(opened, X, task="regression").values, again.predict(X, verbose=0), rtol=1e-4, atol=1e-5
    )
    if kind != "ordered":  # whose loss is Keras's own
        assert opened.loss.get_config() == KINDS[kind][2]().get_config()


@pytest.mark.skipif(not instruction_sets(), reason="the native engine was not compiled")
@pytest.mark.parametrize("kind", KINDS)
def test_the_native_engine_trains_as_keras_does(kind):
    y, weights = KINDS[kind][3], RANDOM.choice([0.0, 1.0, 2.0], 90)
    options = {"epochs": 3, "batch_size": 16, "seed": 1, "verbose": 0, "sample_weight": weights, "validation": 0.2}
    models = {engine: build(kind) for engine in ("native", "whole_epoch")}
    logs = {engine: rw.fit(model, X, y, engine=engine, **options).history for engine, model in models.items()}
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(logs["native"][name], logs["whole_epoch"][name], rtol=2e-4)
    for one, two in zip(*(model.get_weights() for model in models.values()), strict=True):
        np.testing.assert_allclose(one, two, rtol=2e-3, atol=2e-4)


def test_losses_are_scikit_learns():
    y, p = KINDS["counts"][3][:, 0].astype("float32"), RANDOM.gamma(3, 1, 90).astype("float32")
    expected = mean_poisson_deviance(y, p) / 2
    assert float(PoissonDeviance(2.0)(y[:, None], p[:, None])) == pytest.approx(expected, rel=1e-5)
    y, q = KINDS["quantiles"][3], np.sort(RANDOM.normal(1, 3, (90, 3)), 1)
    losses = [mean_pinball_loss(y, q[:, n], alpha=level) for n, level in enumerate(LEVELS)]
    assert float(PinballLoss(LEVELS, 3)(y, q)) == pytest.approx(np.mean(losses) / 3, rel=1e-5)


def test_quantiles_never_cross_and_classes_are_passed_in_their_order():
    z = (20 * RANDOM.normal(size=(200, 5))).astype("float32")
    assert (np.diff(RisingQuantiles((0.1, 0.2, 0.5, 0.7, 0.9), 2, -1).finish(z)) >= 0).all()
    p = OrderedClasses(6).finish(z)
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-5)
    on = 1 / (1 + np.exp(-z.astype(float)))
    np.testing.assert_allclose(1 - np.cumsum(p, 1)[:, :-1], np.cumprod(on, 1), atol=1e-5)
