"""Every engine trains on the same augmented pictures, which are those of the seed and the epoch."""

import numpy as np
import pytest

import rowwise
from rowwise.data.augmentation import STRONG, Augmentation
from rowwise.data.augmented_pictures import changed
from rowwise.errors import UsageError

ENGINES = ("native", "whole_epoch", "keras")


@pytest.fixture(scope="module")
def pictures():
    random = np.random.default_rng(0)
    return random.integers(0, 256, (70, 6, 5), np.uint8), random.integers(0, 3, 70)


def model(pictures, seed=1):
    x, y = pictures
    data = rowwise.Dataset("p", x, y.astype(np.int32), ("a", "b", "c"))
    return rowwise.dense(data, (9,), dropout=0.2, seed=seed)


def trained(pictures, **options):
    made = model(pictures)
    history = rowwise.fit(made, pictures, batch_size=16, verbose=0, seed=7, **options)
    return made, history.history["loss"]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_epoch_of_each_engine_is_that_of_the_pictures_changed_beforehand(pictures, engine):
    found, losses = trained(pictures, epochs=2, augment="strong", engine=engine)
    expected, (x, y), by_hand = model(pictures), pictures, []
    for epoch in range(2):
        out = np.empty_like(x)
        changed(x, STRONG.drawn(7, epoch, len(x), x.shape[1:]), out)
        history = rowwise.fit(
            expected, (out, y), initial_epoch=epoch, epochs=epoch + 1, batch_size=16, verbose=0, seed=7, engine=engine
        )
        by_hand += history.history["loss"]
    assert losses == pytest.approx(by_hand, rel=1e-5)
    for one, other in zip(found.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_records_given_and_those_held_out_stay_as_they_are(pictures):
    x, y = pictures
    before = x.copy()
    held = (x[:20], y[:20])
    made, _ = trained(pictures, epochs=1, augment="light", validation=held)
    np.testing.assert_array_equal(x, before)
    loss = made.history.history["val_loss"][-1]
    assert loss == pytest.approx(made.evaluate(*held, verbose=0)[0], rel=1e-4)


def test_a_model_that_takes_its_bytes_as_numbers_sees_them_changed(pictures):
    import keras

    def build():
        keras.utils.set_random_seed(0)
        layers = [
            keras.Input((6, 5)),
            keras.layers.Flatten(),
            keras.layers.Rescaling(1 / 100, -1),
            keras.layers.Dense(3, "softmax"),
        ]
        made = keras.Sequential(layers)
        made.compile("adam", "sparse_categorical_crossentropy")
        return made

    losses = {}
    for engine in ENGINES:
        history = rowwise.fit(
            build(), pictures, epochs=2, batch_size=16, verbose=0, seed=1, engine=engine, augment="strong"
        )
        losses[engine] = history.history["loss"]
    assert losses["native"] == pytest.approx(losses["keras"], rel=1e-4)
    assert losses["whole_epoch"] == pytest.approx(losses["keras"], rel=1e-4)


def test_a_sweep_augments_each_model_as_fit_does(pictures):
    fitted = rowwise.sweep(
        lambda seed: model(pictures, seed), pictures, [3, 4], epochs=2, batch_size=16, augment="light"
    )
    for one in fitted:
        alone = model(pictures, one.seed)
        rowwise.fit(alone, pictures, epochs=2, batch_size=16, seed=one.seed, verbose=0, augment="light")
        for weights, expected in zip(one.model.get_weights(), alone.get_weights(), strict=True):
            np.testing.assert_array_equal(weights, expected)


def test_what_is_no_picture_of_bytes_is_refused(pictures):
    x, y = pictures
    with pytest.raises(UsageError, match="augment: expected pictures, records of uint8"):
        rowwise.fit(model(pictures), (x.astype(np.float32), y), verbose=0, augment="light")
    with pytest.raises(UsageError, match="none, light, strong; flip, shift, rotate, scale, erase"):
        rowwise.fit(model(pictures), pictures, verbose=0, augment="much")


def soft_model(seed=1):
    import keras

    layers = [keras.Input((6, 5)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
    made = keras.Sequential([*layers, keras.layers.Dense(9, "relu"), keras.layers.Dense(3, "softmax")])
    random = np.random.default_rng(seed)
    made.set_weights([random.normal(size=weight.shape) / 4 for weight in made.get_weights()])
    made.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return made


@pytest.mark.parametrize("engine", ENGINES)
def test_mixup_blends_pictures_and_labels_alike_for_every_engine(pictures, engine):
    x, y = pictures[0], np.eye(3, dtype=np.float32)[pictures[1]]
    augmentation = Augmentation(shift=0.1, mixup=0.2)
    found, expected, by_hand = soft_model(), soft_model(), []
    options = {"batch_size": 16, "verbose": 0, "seed": 7, "engine": engine}
    losses = rowwise.fit(found, x, y, epochs=2, augment=augmentation, **options).history["loss"]
    for epoch in range(2):
        moved = np.empty_like(x)
        changed(x, augmentation.drawn(7, epoch, len(x), x.shape[1:]), moved)
        partner, weight = augmentation.mixed(7, epoch, len(x))
        share = weight[:, None, None] / 256
        blended = np.floor(moved * (1 - share) + moved[partner] * share + 0.5).astype(np.uint8)
        labels = (y * (1 - share[:, :, 0]) + y[partner] * share[:, :, 0]).astype(np.float32)
        history = rowwise.fit(expected, blended, labels, initial_epoch=epoch, epochs=epoch + 1, **options)
        by_hand += history.history["loss"]
    assert losses == pytest.approx(by_hand, rel=1e-5)
    for one, other in zip(found.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_mixup_wants_labels_that_are_probabilities(pictures):
    with pytest.raises(UsageError, match=r"mixup blends labels, too.*found y int32"):
        rowwise.fit(model(pictures), pictures, verbose=0, augment="light,mixup")
