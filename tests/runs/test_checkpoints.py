"""A training that ends early, at any moment, continues as if it had not: weights, optimizer, History, masks."""

import math

import keras
import numpy as np
import pytest

import rowwise
from rowwise.errors import ModelError, UsageError
from rowwise.runs import events
from rowwise.runs.record import RunRecord

OPTIONS = {"hidden": (8,), "dropout": 0.3, "seed": 5, "pictures": False, "validation": 0.2}
ENGINES = ["native", "whole_epoch", "keras"]


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch, tmp_path):
    """A checkpoint after every epoch, in an empty folder."""
    monkeypatch.setenv("ROWWISE_CHECKPOINT_SECONDS", "0")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=ENGINES)
def engine(request):
    if request.param == "native":
        pytest.importorskip("rowwise.engine.native._native")
    return request.param


class Killed(BaseException):
    """What nothing catches, as a kill."""


def killed_after(epoch):
    def observe(event):
        if isinstance(event, events.EpochEnded) and event.number == epoch:
            raise Killed

    return observe


class StopAmid:
    """A `threading.Event` that is set when a block of the epoch after `epoch` has ended; and the observer for it."""

    def __init__(self, epoch):
        self._epoch, self._left = epoch, math.inf

    def hear(self, event):
        began = isinstance(event, events.TrainingBegan) and self._epoch == 0
        if began or (isinstance(event, events.EpochEnded) and event.number == self._epoch):
            self._left = 1  # it is asked between the epochs, and then after each block

    def is_set(self):
        self._left -= 1
        return self._left < 0


def state(saved):
    return [*saved.model.get_weights(), *[np.asarray(v.value) for v in saved.model.optimizer.variables]]


def figures(saved):
    return [(epoch.number, epoch.figures) for epoch in saved.record.epochs]


def assert_same(one, other):
    for first, second in zip(state(one), state(other), strict=True):
        np.testing.assert_array_equal(first, second)
    assert figures(one) == figures(other)
    assert one.record.test == other.record.test


def test_a_killed_training_goes_on_in_its_folder_to_the_bit_and_may_be_killed_again(engine):
    whole = rowwise.train("digits", epochs=5, engine=engine, out="whole", verbose=0, **OPTIONS)
    with pytest.raises(Killed):
        rowwise.train("digits", epochs=5, engine=engine, out="run", observer=killed_after(2), **OPTIONS)
    with pytest.raises(ModelError, match="after 2 of 5 epochs"):
        rowwise.open("run")
    with pytest.raises(Killed):
        rowwise.train(resume="run", engine=engine, observer=killed_after(4), pictures=False)
    assert len(RunRecord.read(whole.path.with_name("run"), "unfinished.json").epochs) == 4
    resumed = rowwise.train(resume="run", engine=engine, verbose=0, pictures=False)
    assert_same(whole, resumed)
    assert (resumed.path.name, resumed.record.resumed_from) == ("run", None)
    assert sorted(path.name for path in resumed.path.iterdir()) == ["history.csv", "model.keras", "run.json"]


@pytest.mark.slow
@pytest.mark.parametrize("epoch", [pytest.param(0, marks=pytest.mark.thorough), 1])
def test_a_training_stopped_amid_an_epoch_is_saved_with_its_steps_and_goes_on_from_the_whole_epoch(
    engine, epoch, monkeypatch
):
    monkeypatch.setenv("ROWWISE_DEVICE_BYTES", "60000")  # so that whole_epoch has several blocks
    monkeypatch.delenv("ROWWISE_CHECKPOINT_SECONDS")
    slow = {"hidden": (1200, 1200), "threads": 1} if engine == "native" else {}  # so that native has several, too
    options = OPTIONS | slow
    whole = rowwise.train("digits", epochs=epoch + 2, engine=engine, out="whole", verbose=0, **options)
    stop = StopAmid(epoch)
    run = rowwise.train("digits", epochs=epoch + 2, engine=engine, out="run", observer=stop.hear, stop=stop, **options)
    record = run.record
    assert (record.interrupted, len(record.epochs), record.unfinished.epoch) == (True, epoch, epoch + 1)
    assert (run.path / record.checkpoint).is_file()
    assert run.evaluate().accuracy == run.metrics["accuracy"]  # with the steps
    before = keras.models.load_model(run.path / record.checkpoint)
    steps = [int(model.optimizer.iterations.value) for model in (before, run.model)]
    assert steps[1] - steps[0] == record.unfinished.steps
    assert_same(whole, rowwise.train(resume="run", engine=engine, out="on", verbose=0, pictures=False))


@pytest.mark.thorough
@pytest.mark.parametrize("epoch", [1, 2])
def test_an_epoch_during_whose_report_a_signal_comes_counts_and_the_run_goes_on(engine, epoch):
    def signalled(event):
        if isinstance(event, events.EpochEnded) and event.number == epoch:
            raise KeyboardInterrupt

    whole = rowwise.train("digits", epochs=3, engine=engine, out="whole", verbose=0, **OPTIONS)
    run = rowwise.train("digits", epochs=3, engine=engine, out="run", observer=signalled, **OPTIONS)
    record = run.record
    assert (record.interrupted, len(record.epochs), record.unfinished) == (True, epoch, None)
    assert_same(whole, rowwise.train(resume="run", engine=engine, out="on", verbose=0, pictures=False))


def test_a_training_killed_while_it_is_measured_has_only_to_be_measured():
    def kill(event):
        if isinstance(event, events.Measured):
            raise Killed

    with pytest.raises(Killed):
        rowwise.train("digits", epochs=2, out="run", observer=kill, **OPTIONS)
    with pytest.raises(UsageError, match="2 epochs already"):
        rowwise.train(resume="run", epochs=1)
    resumed = rowwise.train(resume="run", verbose=0, pictures=False)
    assert_same(rowwise.train("digits", epochs=2, out="whole", verbose=0, **OPTIONS), resumed)


def test_a_killed_training_may_go_on_elsewhere_and_for_longer():
    with pytest.raises(Killed):
        rowwise.train("digits", epochs=2, out="run", observer=killed_after(1), **OPTIONS)
    resumed = rowwise.train(resume="run", epochs=3, out="on", verbose=0, pictures=False)
    assert_same(rowwise.train("digits", epochs=3, out="whole", verbose=0, **OPTIONS), resumed)
    assert resumed.record.resumed_from == "run"


def test_what_fails_says_what_stays(capsys):
    def fail(event):
        if isinstance(event, events.EpochEnded) and event.number == 2:
            raise MemoryError
        if isinstance(event, events.Warned):
            heard.append(event.message)

    heard = []
    with pytest.raises(MemoryError):
        rowwise.train("digits", epochs=4, out="run", observer=fail, **OPTIONS)
    assert heard == ['Not finished; 2 of 4 epochs are kept in run. To go on: rowwise.train(resume="run")']


def test_a_checkpoint_that_cannot_be_written_is_said_once_and_the_training_goes_on():
    resource = pytest.importorskip("resource", reason="Windows cannot limit the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def full(event):
        heard.append(event)
        if isinstance(event, events.EpochEnded) and event.number == 1:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))  # bytes a file; Python ignores the signal
        if isinstance(event, events.TrainingEnded):
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    heard = []
    try:
        saved = rowwise.train("digits", epochs=4, out="run", observer=full, **OPTIONS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    (warned,) = (event.message for event in heard if isinstance(event, events.Warned))
    assert warned.startswith("No checkpoint can be written in run: File too large. The training goes on;")
    assert sorted(path.name for path in saved.path.iterdir()) == ["history.csv", "model.keras", "run.json"]


def test_the_seconds_between_checkpoints_are_checked(monkeypatch):
    monkeypatch.setenv("ROWWISE_CHECKPOINT_SECONDS", "soon")
    with pytest.raises(UsageError, match="a number of seconds"):
        rowwise.train("digits", epochs=1, out="run", verbose=0, **OPTIONS)
