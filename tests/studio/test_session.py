"""A studio without a page: its training is `rowwise.train`'s, it pauses, stops, keeps, and tells what happens."""

import asyncio
import threading

import numpy as np
import pytest

import rowwise
from rowwise.errors import UsageError
from rowwise.studio.newest import Newest


def test_the_newest_state_is_told_and_those_between_are_not():
    newest = Newest(0)

    async def read():
        number, state = await newest.after(-1)
        assert state == 0
        told = asyncio.create_task(newest.after(number))
        await asyncio.sleep(0)
        threading.Thread(target=lambda: [newest.publish(value) for value in range(1, 50)]).start()
        number, state = await asyncio.wait_for(told, 10)
        while state != 49:
            number, state = await asyncio.wait_for(newest.after(number), 10)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(newest.after(number), 0.05)

    asyncio.run(read())


def test_a_training_is_the_same_to_the_bit_as_that_of_rowwise_train(trained, tmp_path):
    more = {"hidden": [12], "epochs": 4, "patience": 4, "seed": 3}
    own = rowwise.train("digits", out=tmp_path / "run", pictures=False, verbose=0, **more)
    for mine, other in zip(trained.studio.saved.model.weights, own.model.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(mine), np.asarray(other))
    story = trained.studio.newest.state["story"]
    assert [epoch["loss"] for epoch in story["curve"]] == [epoch.figures["loss"] for epoch in own.record.epochs]
    assert story["best"] == own.record.best_epoch
    assert story["test"]["accuracy"] == own.metrics["accuracy"]


def test_a_run_is_saved_once_and_opens_again(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = trained.studio.save()
    assert trained.studio.save() == place
    opened = rowwise.open(place)
    assert opened.metrics == trained.studio.saved.metrics
    assert [file.name for file in (tmp_path / "runs").iterdir()] == [place.name]


def test_while_one_training_is_under_way_no_other_begins_and_it_can_be_paused_and_stopped(trained):
    studio = trained.studio
    studio.pause()
    studio.train({"hidden": [6], "epochs": 50, "patience": 50}, "en")
    studio.pause()
    story = trained.wait("paused", "failed", "trained")
    assert story["phase"] == "paused"
    with pytest.raises(UsageError, match="under way"):
        studio.train({}, "en")
    assert len(studio.newest.state["story"]["curve"]) == len(story["curve"])  # it holds still
    assert [layer["units"] for layer in studio.newest.state["layers"]] == [6, 10]  # and can be looked into
    assert studio.mirror.flow(studio.held.test.x[:2])[0].shape == (2, 6)
    studio.stop()
    ended = trained.wait("trained", "failed")
    assert ended["interrupted"]
    assert 0 < ended["best"] <= len(ended["curve"]) < 50
    trained.studio.train({"hidden": [12], "epochs": 4, "patience": 4, "seed": 3}, "en")  # as the others expect it
    trained.wait("trained")


def test_a_training_that_diverges_says_so(trained):
    studio = trained.studio
    studio.train({"hidden": [6], "epochs": 6, "learning_rate": 1e30, "patience": 6}, "ko")
    story = trained.wait("trained", "failed")
    assert story["diverged"] or story["message"]
    trained.studio.train({"hidden": [12], "epochs": 4, "patience": 4, "seed": 3}, "en")
    trained.wait("trained")


@pytest.mark.parametrize("dropout", [0, 0.25])
def test_the_program_trains_to_the_same_bits(trained, dropout):
    studio = trained.studio
    studio.train(
        {"hidden": [9, 7], "dropout": dropout, "epochs": 3, "patience": 2, "seed": 5, "activation": "tanh"}, "en"
    )
    assert trained.wait("trained", "failed")["phase"] == "trained"
    names = {}
    exec(studio.program(), names)
    assert "Rescaling" in studio.program()
    for mine, other in zip(studio.saved.model.weights, names["model"].weights, strict=True):
        np.testing.assert_array_equal(np.asarray(mine), np.asarray(other))
    trained.studio.train({"hidden": [12], "epochs": 4, "patience": 4, "seed": 3}, "en")
    trained.wait("trained")


def test_one_step_is_keras_s_own(trained):
    """The loss and the weight after a batch are those of `train_on_batch` on the same network."""
    from rowwise.runs.settings import Settings

    studio, choices = trained.studio, {"hidden": [8], "batch_size": 16, "seed": 2, "learning_rate": 0.01}
    own = Settings.of(choices).new_model(studio.held.train)
    order = np.random.default_rng(2).permutation(len(studio.held.train))
    for number in (1, 2, 3):
        done = studio.step(choices)
        rows = order[(number - 1) * 16 : number * 16]
        layer = next(layer for layer in own.layers if layer.weights)
        before = np.asarray(layer.kernel)[done["feature"], done["unit"]]
        loss = own.train_on_batch(studio.held.train.x[rows], studio.held.train.y[rows], return_dict=True)["loss"]
        own.reset_metrics()
        after = np.asarray(layer.kernel)[done["feature"], done["unit"]]
        assert done["step"] == number
        assert done["loss"] == pytest.approx(float(loss), abs=1e-5)
        assert done["before"] == pytest.approx(float(before), abs=1e-6)
        assert done["after"] == pytest.approx(float(after), abs=1e-5)
        assert done["loss_after"] < done["loss"]
        assert (done["after"] - done["before"]) * done["gradient"] < 0


def test_the_training_before_stands_beside_the_new_one(trained):
    before = trained.studio.newest.state["story"]
    trained.studio.train({"hidden": [12], "epochs": 4, "patience": 4, "seed": 3}, "en")
    assert trained.wait("trained", "failed")["phase"] == "trained"
    beside = trained.studio.newest.state["before"]
    assert (beside["number"], beside["curve"]) == (before["number"], before["curve"])


def test_each_layer_has_its_own_activation_and_dropout(trained):
    """As the page says them; and the program and the run say the same."""
    studio, own = trained.studio, {"hidden": [9, 7], "activation": ["tanh", "relu"], "dropout": [0, 0.25]}
    studio.train({**own, "epochs": 2, "patience": 2, "seed": 5}, "en")
    assert trained.wait("trained", "failed")["phase"] == "trained"
    layers = [layer for layer in studio.saved.model.layers if layer.name.startswith(("hidden", "dropout"))]
    assert [layer.name for layer in layers] == ["hidden_1", "hidden_2", "dropout_2"]
    assert [layer.activation.__name__ for layer in layers[:2]] == ["tanh", "relu"]
    assert layers[2].rate == 0.25
    opened = rowwise.open(studio.saved.path)
    assert opened.record.settings == studio.saved.record.settings
    names = {}
    exec(studio.program(), names)
    for mine, other in zip(studio.saved.model.weights, names["model"].weights, strict=True):
        np.testing.assert_array_equal(np.asarray(mine), np.asarray(other))
    with pytest.raises(UsageError):
        studio.train({"hidden": [9, 7], "activation": ["tanh", 3]}, "en")
    studio.train({"hidden": [9, 7], "activation": ["tanh", "relu", "tanh"]}, "en")
    assert "2 hidden layers" in trained.wait("failed", "trained")["message"]
    studio.train({"hidden": [12], "activation": ["relu"], "dropout": [0], "epochs": 4, "patience": 4, "seed": 3}, "en")
    trained.wait("trained")
    assert studio.saved.record.settings.activation == "relu"  # alike: as the shell would write it
    assert studio.saved.record.settings.dropout == 0
