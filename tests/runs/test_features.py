"""A folder of pictures through a frozen backbone: features are made once, a head learns, the saved model is whole."""

import functools
import http.server
import threading

import numpy as np
import pytest
from drawn_pictures import fill

import rowwise as rw
from rowwise.errors import DataError, UsageError
from rowwise.models.backbones import backbone, backbone_of

NAME = "MobileNetV3Small"
SERVED = "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5"
QUICK = {"features": NAME, "size": 32, "verbose": 0, "pictures": False, "epochs": 4, "hidden": (6,), "patience": 0}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    import keras

    file = tmp_path_factory.mktemp("weights") / "small_no_top.weights.h5"
    keras.utils.set_random_seed(0)
    keras.applications.MobileNetV3Small(
        weights=None, include_top=False, input_shape=(32, 32, 3), pooling="avg"
    ).save_weights(file)
    return file


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("pictures") / "p", a=12, b=12)


@pytest.fixture(scope="module")
def run(folder, weights, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "one"
    rw.train(folder, **QUICK, features_weights=weights, out=out)
    return out


def test_the_saved_model_is_backbone_and_head_in_one_and_takes_pictures(run, folder, weights):
    import keras

    saved = rw.open(run)
    assert saved.accepts.kind == "pictures"
    assert saved.accepts.shape == (32, 32, 3)
    _, test = saved.sets()
    features = np.asarray(backbone(NAME, (32, 32, 3), str(weights))(test.x.astype(np.float32)))
    head = keras.Sequential(saved.model.layers[1:])
    expected = np.asarray(head(features))
    np.testing.assert_allclose(saved.predict(test.x).probabilities, expected, atol=1e-5)
    again = keras.models.load_model(run / "model.keras", safe_mode=True)
    np.testing.assert_allclose(again.predict(test.x.astype(np.float32), verbose=0), expected, atol=1e-5)
    assert saved.predict(next(folder.rglob("*.png"))).top(2)
    assert saved.metrics["accuracy"] == pytest.approx(np.mean(expected.argmax(1) == test.y))
    assert saved.evaluate().to_dict()["accuracy"] == saved.metrics["accuracy"]


def test_the_backbone_is_left_as_it_is_and_is_one_row_of_the_ledger(run, weights):
    saved = rw.open(run)
    front = backbone_of(saved.model)
    assert not front.trainable_weights
    for one, other in zip(front.get_weights(), backbone(NAME, (32, 32, 3), str(weights)).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    ledger = saved.explain()
    rows = [row.facts.name for row in ledger.rows]
    assert rows[:2] == ["records", "backbone"]
    assert len(rows) < 8
    assert ledger.parameters == saved.model.count_params()
    assert ledger.trainable == sum(int(np.prod(weight.shape)) for weight in saved.model.trainable_weights)
    assert "trained before and left as it is" in " ".join(str(ledger).split())


@pytest.mark.slow
def test_the_run_knows_its_pictures_and_features_and_goes_on(run, folder, weights, tmp_path):
    record = rw.open(run).record
    assert record.data.shape == (32, 32, 3)
    assert (record.settings.features, record.settings.features_weights) == (NAME, str(weights))
    longer = rw.train(resume=run, epochs=7, verbose=0, pictures=False, out=tmp_path / "longer")
    at_once = rw.train(folder, **{**QUICK, "epochs": 7}, features_weights=weights, out=tmp_path / "seven")
    for one, other in zip(longer.model.get_weights(), at_once.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.slow
def test_several_seeds_are_one_model_behind_one_backbone(folder, weights, tmp_path):
    saved = rw.train(folder, **QUICK, features_weights=weights, seeds=2, out=tmp_path / "two")
    assert [layer.name for layer in saved.model.layers].count("backbone") == 1
    assert next(layer for layer in saved.model.layers if hasattr(layer, "units")).units == 2 * 6
    assert rw.open(tmp_path / "two").evaluate().to_dict()["accuracy"] == saved.metrics["accuracy"]


@pytest.fixture
def served(weights, tmp_path, monkeypatch):
    """An address nearby that has these weights by the names of Keras's, and an empty cache."""
    import h5py
    import keras
    from keras.src.applications import mobilenet_v2, mobilenet_v3
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    place = tmp_path / "served"
    place.mkdir()
    network = keras.applications.MobileNetV3Small(
        weights=None, include_top=False, input_shape=(32, 32, 3), pooling="avg"
    )
    network.load_weights(weights)
    with h5py.File(place / SERVED, "w") as file:  # in the format of the files that Keras offers
        save_weights_to_hdf5_group(file, network)
    handler = functools.partial(QuietHandler, directory=place)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for module in (mobilenet_v2, mobilenet_v3):
            monkeypatch.setattr(module, "BASE_WEIGHT_PATH", f"http://127.0.0.1:{server.server_port}/")
        fetch = functools.partial(mobilenet_v3.file_utils.get_file, cache_dir=str(tmp_path / "keras"))
        monkeypatch.setattr(mobilenet_v3.file_utils, "get_file", fetch)
        yield place
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.mark.slow
def test_weights_are_downloaded_by_keras_which_knows_their_checksum(weights, served, monkeypatch):
    import hashlib

    from keras.src.applications import mobilenet_v3

    with pytest.raises(DataError, match=r"(?s)weights of MobileNetV3Small could not be had.*features_weights="):
        backbone(NAME, (32, 32, 3))  # other bytes than those that Keras has the checksum of
    digest = hashlib.md5((served / SERVED).read_bytes()).hexdigest()
    known = mobilenet_v3.WEIGHTS_HASHES
    monkeypatch.setattr(mobilenet_v3, "WEIGHTS_HASHES", dict.fromkeys(known, (digest, digest)))
    expected = backbone(NAME, (32, 32, 3), str(weights)).get_weights()
    for one, other in zip(backbone(NAME, (32, 32, 3)).get_weights(), expected, strict=True):
        np.testing.assert_array_equal(one, other)
    as_file = backbone(NAME, (32, 32, 3), str(served / SERVED))  # downloaded elsewhere
    np.testing.assert_array_equal(as_file.get_weights()[0], expected[0])
    with pytest.raises(DataError, match=r"weights of MobileNetV2 could not be had: .*404"):
        backbone("MobileNetV2", (96, 96, 3))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": "MobileNet2"}, "expected one of MobileNet, MobileNetV2.*did you mean"),
        ({"features": NAME, "augment": "light"}, "augment=.* made once"),
        ({"features": NAME, "views": 3}, "views=.* made once"),
        ({"features_weights": "w.h5"}, "Add --features|Add features"),
        ({"features": NAME, "colour": "grey"}, "in colour"),
        ({"features": NAME, "size": 16}, "at least 32 pixels"),
    ],
)
def test_what_does_not_go_together_is_said(folder, options, message):
    with pytest.raises(UsageError, match=f"(?i){message}"):
        rw.train(folder, verbose=0, **options)


def test_a_file_of_other_weights_and_one_that_is_not_there_are_refused(folder, tmp_path):
    with pytest.raises(DataError, match=r"none\.h5 cannot be read"):
        rw.train(folder, **QUICK, features_weights=tmp_path / "none.h5")
    other = tmp_path / "other.weights.h5"
    import keras

    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save_weights(other)
    with pytest.raises(DataError, match="has not the weights of MobileNetV3Small"):
        rw.train(folder, **QUICK, features_weights=other)
