"""Early stopping: the epoch with the lowest validation loss is kept, whatever interrupts the training."""

import json
import threading

import keras
import numpy as np
import pytest

import rowwise
from rowwise.engine.best_epoch import BestEpoch
from rowwise.errors import UsageError
from rowwise.runs import events

ENGINES = ["native", "whole_epoch", "keras"]
OPTIONS = {
    "target": "price",
    "hidden": (24,),
    "learning_rate": 0.05,
    "seed": 3,
    "preset": "fast",  # one network
    "validation": 0.3,
    "batch_size": 8,
    "pictures": False,
}
PATIENCE = {"patience": 4, "epochs": 60}


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch, tmp_path):
    """A checkpoint after every epoch, in an empty folder with a table of noise, which is soon overfitted."""
    monkeypatch.setenv("ROWWISE_CHECKPOINT_SECONDS", "0")
    monkeypatch.chdir(tmp_path)
    write_noise(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run with a refit that nothing has stopped; only to be looked at."""
    folder = tmp_path_factory.mktemp("whole")
    write_noise(folder)
    options = {**OPTIONS, **PATIENCE}
    return rowwise.train(folder / "noise.csv", out=folder / "run", verbose=0, refit=True, **options)


def write_noise(folder):
    random = np.random.default_rng(0)
    x = random.normal(size=(80, 4))
    price = x[:, 0] + random.normal(size=80)
    rows = [",".join(f"{value:.4f}" for value in (*row, label)) for row, label in zip(x, price, strict=True)]
    (folder / "noise.csv").write_text("\n".join(["a,b,c,d,price", *rows]))


def trained(out, observer=None, verbose=0, **options):
    return rowwise.train("noise.csv", out=out, verbose=verbose, observer=observer, **{**OPTIONS, **options})


def validation_losses(saved):
    return [epoch.figures["val_loss"] for epoch in saved.record.epochs]


def assert_same_weights(one, other):
    for first, second in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


class Killed(BaseException):
    """What nothing catches, as a kill."""


def killed_after(epoch, kind=events.EpochEnded, refit=False):
    began = not refit

    def observe(event):
        nonlocal began
        began = began or isinstance(event, events.RefitBegan)
        if began and isinstance(event, kind) and event.number == epoch:
            raise Killed

    return observe


@pytest.mark.parametrize("engine", ENGINES)
def test_it_stops_and_restores_as_early_stopping_of_keras_does(engine):
    random = np.random.default_rng(1)
    x, y = random.normal(size=(60, 3)).astype("float32"), random.normal(size=(60, 1)).astype("float32")
    weights, lengths = [], []
    keeps = BestEpoch(3)
    for callback in (keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True), keeps):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(1)])
        model.compile(keras.optimizers.Adam(0.05), "mse")
        history = rowwise.fit(
            model, (x[:40], y[:40]), epochs=40, batch_size=8, validation=(x[40:], y[40:]), callbacks=callback,
            engine=engine, verbose=0,
        )  # fmt: skip
        weights.append(model)
        lengths.append(len(history.epoch))
    assert lengths[0] == lengths[1] < 40
    keeps.restore(model)
    for first, second in zip(*(model.get_weights() for model in weights), strict=True):
        np.testing.assert_array_equal(first, second)


def test_the_best_epoch_is_kept_and_is_that_of_a_training_that_ends_there():
    early = trained("early", **PATIENCE)
    losses, best = validation_losses(early), early.record.best_epoch
    assert best == int(np.argmin(losses)) + 1
    assert len(losses) == best + 4 < 60
    assert_same_weights(early, trained("exact", epochs=best, patience=0))
    assert json.loads(early.path.joinpath("run.json").read_text())["best_epoch"] == best
    assert sorted(path.name for path in early.path.iterdir()) == ["history.csv", "model.keras", "run.json"]


def test_a_table_stops_early_by_default_and_says_so(capsys):
    saved = trained("run", epochs=60, verbose=2)
    assert saved.record.settings.patience == 20
    best, epochs = saved.record.best_epoch, len(saved.record.epochs)
    assert epochs < 60
    said = (
        f"Stopped after {epochs} epochs: the validation loss had not fallen for 20. Kept: the weights of epoch {best}"
    )
    assert said in capsys.readouterr().err
    assert rowwise.train("digits", epochs=1, hidden=(4,), pictures=False, verbose=0).record.settings.patience == 0


def test_without_early_stopping_all_epochs_are_trained_and_the_last_weights_kept():
    saved = trained("run", epochs=30, patience=0)
    assert len(saved.record.epochs) == 30
    assert not saved.record.best_epoch
    assert saved.record.checkpoint == ""


@pytest.mark.parametrize("engine", ["native", "whole_epoch"])
def test_a_killed_training_goes_on_to_the_same_best_epoch(engine):
    whole = trained("whole", engine=engine, **PATIENCE)
    best, last = whole.record.best_epoch, len(whole.record.epochs)
    assert best > 2
    for number, epoch in enumerate({best, last}):
        out = f"run{number}"
        with pytest.raises(Killed):
            trained(out, engine=engine, observer=killed_after(epoch), **PATIENCE)
        resumed = rowwise.train(resume=out, engine=engine, verbose=0, pictures=False)
        assert_same_weights(whole, resumed)
        assert validation_losses(whole) == validation_losses(resumed)
        assert whole.record.best_epoch == resumed.record.best_epoch
        assert sorted(path.name for path in resumed.path.iterdir()) == ["history.csv", "model.keras", "run.json"]


def test_a_run_whose_best_epoch_is_not_its_last_goes_on_from_the_last():
    whole = trained("whole", **PATIENCE)
    best = whole.record.best_epoch
    part = trained("part", patience=4, epochs=best + 2)
    assert_same_weights(whole, part)
    assert part.record.checkpoint
    resumed = rowwise.train(resume="part", epochs=60, out="resumed", verbose=0, pictures=False)
    assert_same_weights(whole, resumed)
    assert validation_losses(whole) == validation_losses(resumed)


def test_stopped_by_the_user_it_keeps_the_best_epoch_so_far_and_goes_on_as_if_it_had_not():
    whole = trained("whole", **PATIENCE)
    after = whole.record.best_epoch + 2

    class Stop:
        """Set amid the epoch after `after`."""

        looks = 10**9

        def is_set(self):
            self.looks -= 1
            return self.looks < 0

    stop = Stop()

    def observe(event):
        if isinstance(event, events.EpochEnded) and event.number == after:
            stop.looks = 1

    part = trained("part", observer=observe, stop=stop, **PATIENCE)
    assert part.record.interrupted
    assert part.record.best_epoch == whole.record.best_epoch
    assert_same_weights(whole, part)
    resumed = rowwise.train(resume="part", out="resumed", verbose=0, pictures=False)
    assert_same_weights(whole, resumed)
    assert validation_losses(whole) == validation_losses(resumed)


def test_what_stopped_early_is_not_resumed():
    saved = trained("run", **PATIENCE)
    with pytest.raises(UsageError, match=f"stopped early after {len(saved.record.epochs)} epochs.*larger patience="):
        rowwise.train(resume="run", epochs=90, verbose=0)


def test_refit_is_a_new_model_on_all_records_for_the_best_number_of_epochs():
    refit = trained("refit", refit=True, **PATIENCE)
    best = refit.record.best_epoch
    assert [epoch.number for epoch in refit.record.refit] == list(range(1, best + 1))
    assert_same_weights(refit, trained("all", epochs=best, validation=0.0))
    assert validation_losses(refit) == validation_losses(trained("held", **PATIENCE))
    with pytest.raises(UsageError, match="cannot go on with other epochs"):
        rowwise.train(resume="refit", epochs=200, verbose=0)


@pytest.mark.parametrize("moment", ["best", "last", "refit 1", "refit 0"])
def test_a_killed_refit_goes_on(whole, moment):
    part, _, number = moment.rpartition(" ")
    best = whole.record.best_epoch
    epoch = {"best": best, "last": len(whole.record.epochs)}.get(moment) or int(number) or best  # 0: after the last
    with pytest.raises(Killed):
        trained("run", refit=True, observer=killed_after(epoch, refit=bool(part)), **PATIENCE)
    resumed = rowwise.train(resume="run", verbose=0, pictures=False)
    assert_same_weights(whole, resumed)
    assert [e.figures for e in resumed.record.refit] == [e.figures for e in whole.record.refit]


@pytest.mark.parametrize("epochs", [0, 2])
def test_a_refit_that_is_stopped_leaves_the_first_model_and_goes_on_later(whole, epochs):
    held = trained("held", **PATIENCE)

    class Stop:
        set_now = False

        def is_set(self):
            return self.set_now

    stop, began = Stop(), False

    def observe(event):
        nonlocal began
        began = began or isinstance(event, events.RefitBegan)
        if isinstance(event, events.EpochEnded) and began and event.number == epochs:
            stop.set_now = True
        if isinstance(event, events.RefitBegan) and not epochs:
            stop.set_now = True

    part = trained("part", refit=True, observer=observe, stop=stop, **PATIENCE)
    assert part.record.interrupted
    assert_same_weights(held, part)
    resumed = rowwise.train(resume="part", out="resumed", verbose=0, pictures=False)
    assert_same_weights(whole, resumed)


@pytest.mark.parametrize("epochs", [0, 2])
def test_a_refit_may_be_stopped_again_before_it_goes_on(whole, epochs):

    def stopping(stop, after):
        began = []

        def observe(event):
            began.extend([event] if isinstance(event, events.RefitBegan) else [])
            if began and (not after or (isinstance(event, events.EpochEnded) and event.number == after)):
                stop.set()

        return {"observer": observe, "stop": stop}

    trained("part", refit=True, **stopping(threading.Event(), epochs), **PATIENCE)
    again = rowwise.train(resume="part", out="again", verbose=0, pictures=False, **stopping(threading.Event(), 0))
    assert again.record.interrupted
    assert len(again.record.refit) == epochs
    resumed = rowwise.train(resume="again", out="resumed", verbose=0, pictures=False)
    assert_same_weights(whole, resumed)
    assert [e.figures for e in resumed.record.refit] == [e.figures for e in whole.record.refit]


def test_a_refit_that_is_stopped_with_its_last_epoch_is_whole(whole):
    stop, ended = threading.Event(), []

    def observe(event):
        ended.extend([event] if isinstance(event, events.EpochEnded) else [])
        if len(ended) == len(whole.record.epochs) + whole.record.best_epoch:
            stop.set()

    part = trained("part", refit=True, observer=observe, stop=stop, **PATIENCE)
    assert not part.record.interrupted
    assert_same_weights(whole, part)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patience": -1}, "patience: expected a whole number"),
        ({"patience": 5, "validation": 0.0}, "holds none out"),
        ({"refit": True, "validation": 0.0}, "only early stopping finds"),
        ({"refit": "yes"}, "refit: expected True or False"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        trained("run", **options)
