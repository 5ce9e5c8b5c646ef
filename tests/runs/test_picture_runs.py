"""A folder of pictures: presets, augmentation, views and an ensemble go the whole way as one model of Dense layers."""

import json

import numpy as np
import pytest
from drawn_pictures import fill

import rowwise as rw
from rowwise.data.augmentation import ONE
from rowwise.data.augmented_pictures import changed
from rowwise.errors import UsageError
from rowwise.models.views import as_seen, sources_of
from rowwise.runs.settings import Settings

QUICK = {"verbose": 0, "pictures": False, "hidden": (8, 5), "epochs": 3, "size": (7, 6)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("pictures") / "p", a=20, b=20)


def logits(model, x):
    return np.log(rw.predict(model, x).probabilities)


def softmaxed(values):
    raised = np.exp(values - values.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)


@pytest.mark.parametrize("shape", [(6, 5), (4, 7, 3)])
def test_a_network_as_it_sees_a_view_answers_to_the_picture_as_the_network_to_the_view(shape):
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (9, *shape), np.uint8)
    data = rw.Dataset("p", x, (np.arange(9) % 3).astype(np.int32), ("a", "b", "c"))
    network = rw.dense(data, (11, 4), seed=1)
    for place, source in enumerate(sources_of(18, shape, mirrored=True)):
        down, aside = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, -1), (1, -1), (-1, 1))[place // 2]
        view = x.reshape(9, -1)[:, source].reshape(x.shape)
        how = np.zeros((9, 11), np.int32)
        step = -1 if place % 2 else 1
        how[:, 0], how[:, 3] = ONE, step * ONE
        how[:, 4], how[:, 5] = -down * ONE, ((shape[1] - 1 if place % 2 else 0) - aside) * ONE
        changed(x, how, expected := np.empty_like(x))
        np.testing.assert_array_equal(view, expected)
        np.testing.assert_allclose(
            rw.predict(as_seen(network, source), x).probabilities, rw.predict(network, view).probabilities, atol=1e-5
        )


def test_the_saved_model_is_the_mean_of_its_views_and_networks(folder, tmp_path):
    options = {**QUICK, "augment": "flip,shift", "patience": 0, "seed": 3}
    one = rw.train(folder, **options, out=tmp_path / "one")
    several = rw.train(folder, **options, views=6, out=tmp_path / "views")
    _, test = rw.load(folder, size=(7, 6))
    x = test.x
    expected = np.mean(
        [
            logits(one.model, x.reshape(len(x), -1)[:, view].reshape(x.shape))
            for view in sources_of(6, test.shape, True)
        ],
        0,
    )
    np.testing.assert_allclose(several.predict(x).probabilities, softmaxed(expected), atol=1e-5)
    assert (several.record.views, one.record.views) == (6, 1)
    again = rw.open(tmp_path / "views")
    assert (
        again.evaluate().accuracy == several.metrics["accuracy"] == pytest.approx(np.mean(expected.argmax(1) == test.y))
    )
    both = rw.train(folder, **options, views=2, seeds=3, out=tmp_path / "both")
    assert len(both.record.members) == 2
    assert [layer.units for layer in both.model.layers if hasattr(layer, "units")] == [48, 30, 2]


def test_views_are_exported(folder, tmp_path):
    import onnx
    from onnx.reference import ReferenceEvaluator

    saved = rw.train(folder, **QUICK, augment="flip", views=2, patience=0, seed=1, out=tmp_path / "run")
    rw.export(tmp_path / "run", "onnx", tmp_path / "m.onnx")
    _, test = rw.load(folder, size=(7, 6))
    file = onnx.load(tmp_path / "m.onnx")
    (given,) = file.graph.input
    found = ReferenceEvaluator(file).run(None, {given.name: test.x[:4].astype(np.float32)})
    probabilities = next(array for array in found if np.shape(array) == (4, 2))
    np.testing.assert_allclose(probabilities, saved.predict(test.x[:4]).probabilities, atol=1e-4)


@pytest.mark.parametrize("engine", ["native", "whole_epoch"])
def test_a_resumed_run_augments_as_an_uninterrupted_one(folder, tmp_path, engine):
    options = {**QUICK, "augment": "strong", "patience": 0, "seed": 2, "engine": engine, "views": 2}
    whole = rw.train(folder, **{**options, "epochs": 4}, out=tmp_path / "whole")
    rw.train(folder, **{**options, "epochs": 2}, out=tmp_path / "half")
    more = rw.train(resume=tmp_path / "half", epochs=4, engine=engine, out=tmp_path / "on", verbose=0, pictures=False)
    for one, other in zip(whole.model.get_weights(), more.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_old_run_has_no_augmentation_and_one_view(folder, tmp_path):
    rw.train(folder, **QUICK, augment="none", patience=0, out=tmp_path / "run")
    kept = json.loads((tmp_path / "run/run.json").read_text("utf-8"))
    for name in ("augment", "views", "schedule"):
        del kept["settings"][name]
    del kept["views"]
    (tmp_path / "run/run.json").write_text(json.dumps(kept), "utf-8")
    record = rw.open(tmp_path / "run").record
    assert (record.settings.augment, record.settings.views, record.settings.schedule) == ("none", 1, "constant")
    assert (record.views, record.lacks_members) == (1, False)


def test_presets_suit_a_folder_and_named_pictures_where_they_are_named(folder):
    train, _ = rw.load(folder)
    fast, usual, best = (Settings(preset=name).suited(train, ()) for name in ("fast", "default", "best"))
    assert (fast.epochs, fast.patience, fast.augment) == (30, 10, "none")
    assert (usual.batch_size, usual.hidden) == (16, (100, 30))
    assert usual.patience
    assert not Settings(augment=usual.augment).mirrors  # a mirrored letter is another one
    assert (best.ensemble, best.schedule, best.validation) == (4, "cosine", 0)
    assert Settings(preset="best", patience=9).suited(train, ("preset", "patience")).validation == 0.1
    digits, _ = rw.load("digits")
    assert Settings().suited(digits, ()) == Settings()
    named = Settings(preset="best").suited(digits, ("preset",))
    assert (named.ensemble, named.mirrors) == (4, False)
    assert Settings(preset="best", epochs=7).suited(digits, ("preset", "epochs")).epochs == 7


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"views": 10, "augment": "shift"}, "at most 9, or twice as many"),
        ({"views": 19, "augment": "flip"}, "at most 18"),
        ({"augment": "much"}, "augment=: expected one of none, light, strong"),
        ({"schedule": "steps"}, "expected constant or cosine"),
        ({"views": 2, "refit": True, "patience": 2}, "refit trains one network"),
    ],
)
def test_settings_that_make_no_sense_are_refused(folder, tmp_path, options, words):
    with pytest.raises(UsageError, match=words):
        rw.train(folder, **{**QUICK, **options}, out=tmp_path / "run")


def test_a_cosine_falls_to_nothing_and_does_not_go_on(folder, tmp_path):
    saved = rw.train(folder, **QUICK, schedule="cosine", patience=0, augment="none", out=tmp_path / "run")
    optimizer = saved.model.optimizer
    assert float(optimizer.learning_rate) == pytest.approx(0, abs=1e-9)
    with pytest.raises(UsageError, match="falls to 0 over its 3 epochs"):
        rw.train(resume=tmp_path / "run", epochs=5, out=tmp_path / "on", verbose=0)


def test_tables_have_no_augmentation(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{i},{'xy'[i % 2]}\n" for i in range(60)))
    with pytest.raises(UsageError, match="augment=, views=: for pictures"):
        rw.train(tmp_path / "t.csv", target="b", augment="light", views=2, verbose=0)


def test_minutes_are_said_before_a_training_that_takes_them():
    from rowwise.runs.picture_lines import about_time

    x = np.zeros((6000, 28, 28), np.uint8)
    data = rw.Dataset("p", x, np.zeros(6000, np.int32), ("a", "b"))
    short = Settings.of({"hidden": (30,), "epochs": 5})
    assert about_time(data, short) == []
    long = Settings.of({"hidden": (512, 512), "epochs": 200, "ensemble": 3, "validation": 0.0})
    assert "about 4 minutes of one core" in about_time(data, long)[0]  # 6 · 664,576 · 6,000 · 600 / 6e10 s
