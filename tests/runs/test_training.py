"""A training without a terminal: events tell what happens, and anybody may stop it."""

import signal
import threading

import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.errors import DataError, Suspicious, UsageError
from rowwise.runs import events

QUICK = {"hidden": (8,), "pictures": False}


@pytest.fixture
def here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def table():
    """60 records, no two alike; the class follows the first column."""
    number = np.arange(60)
    return pl.DataFrame({"a": number / 7, "b": (number * 7919) % 101, "c": ["low", "high"] * 30})


class Observer:
    """Keeps the events; `do` is called with each."""

    def __init__(self, do=lambda event: None):
        self.seen, self.do = [], do

    def __call__(self, event):
        self.seen.append(event)
        self.do(event)

    @property
    def kinds(self):
        return [type(event).__name__ for event in self.seen if not isinstance(event, events.StepsDone)]


def weights(saved):
    return [*saved.model.get_weights(), *[np.asarray(v.value) for v in saved.model.optimizer.variables]]


def test_events_come_in_order_and_say_what_the_run_says(here, capsys):
    observer = Observer()
    saved = rowwise.train("digits", epochs=2, out="run", observer=observer, **QUICK)
    assert capsys.readouterr() == ("", "")  # printing is up to the observer
    assert observer.kinds == [
        *("DataLoaded", "ModelBuilt", "TrainingBegan", "EpochEnded", "EpochEnded"),
        *("TrainingEnded", "Measured", "RunSaved"),
    ]
    told = [event for event in observer.seen if not isinstance(event, events.StepsDone)]
    loaded, built, began, first, second, ended, measured, stored = told
    assert (len(loaded.train), len(loaded.test), loaded.settings.hidden) == (1438, 359, (8,))
    assert (built.model, built.resumed) == (saved.model, None)
    assert (began.records, began.initial_epoch, began.epochs) == (1294, 0, 2)
    assert (
        (began.engine, began.reason)
        == (ended.engine, ended.reason)
        == (saved.record.engine, saved.record.engine_reason)
    )
    for event, epoch in zip((first, second), saved.record.epochs, strict=True):
        assert event.number == epoch.number
        assert event.figures == epoch.figures
    assert measured.report.accuracy == saved.metrics["accuracy"]
    assert stored.saved is saved
    assert not ended.interrupted


def test_what_cannot_be_trained_on_is_named_before_anything_is_loaded(here):
    x = np.zeros((4, 2), "float32")
    for wrong in ((x, np.zeros(4)), rowwise.Dataset("mine", x, np.zeros(4, int), ("a", "b")), x, 3):
        with pytest.raises(UsageError, match=rf"found {type(wrong).__name__}\. Train on arrays or a Dataset by"):
            rowwise.train(wrong)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"verbose": 7}, "verbose is 7"),
        ({"engine": "fast"}, 'no engine "fast".*auto, native, whole_epoch, keras'),
        ({"threads": 0}, "threads must be an integer from 1 to 256; found 0"),
        ({"threads": True}, "threads must be an integer from 1 to 256; found True"),
        ({"stop": True}, "stop is a bool; expected a threading.Event"),
        ({"epoch": 3}, r"no setting epoch\. Did you mean epochs\?"),
    ],
)
def test_what_can_be_refused_is_before_data_are_loaded(here, options, words):
    observer = Observer()
    with pytest.raises(UsageError, match=words):
        rowwise.train("digits", observer=observer, **options)
    assert (observer.seen, list(here.iterdir())) == ([], [])


def test_settings_that_the_data_decided_are_named(here, table):
    observer = Observer()
    rowwise.train(table, "c", epochs=25, out="run", observer=observer, **QUICK)
    assert next(e for e in observer.seen if isinstance(e, events.DataLoaded)).suited >= {
        "batch_size",
        "patience",
        "ensemble",
    }


def test_a_stop_is_an_event_whoever_asks_for_it(here):
    stop = threading.Event()
    observer = Observer(lambda event: stop.set() if isinstance(event, events.EpochEnded) else None)
    saved = rowwise.train("digits", epochs=50, out="run", observer=observer, stop=stop, **QUICK)
    assert observer.kinds.count("StopRequested") == 1
    assert observer.kinds.index("EpochEnded") < observer.kinds.index("StopRequested")
    assert saved.record.interrupted


def test_a_model_that_falls_back_to_another_engine_is_told_without_an_observer(here, capsys):
    rowwise.train("digits", epochs=1, out="run", activation="mish", verbose=2, **QUICK)
    told = capsys.readouterr().err
    record = rowwise.open("run").record
    assert (record.engine_reason in told) == (record.engine != "native")


def test_a_training_is_what_the_command_line_makes_of_the_same_words(here):
    from rowwise.cli import main

    python = rowwise.train("digits", hidden=(8,), epochs=2, seed=3, dropout=0.2, out="python", verbose=0)
    words = ["--hidden", "8", "--epochs", "2", "--seed", "3", "--dropout", "0.2", "--out", "shell", "--quiet"]
    assert main(["train", "digits", *words]) == 0
    shell = rowwise.open("shell")
    for one, other in zip(weights(python), weights(shell), strict=True):
        np.testing.assert_array_equal(one, other)
    assert python.record.test == shell.record.test
    assert {path.name for path in (here / "python").iterdir()} == {path.name for path in (here / "shell").iterdir()}


def test_progress_is_shown_without_an_observer_and_warnings_are_pythons(here, capsys, table):
    table = pl.concat([table, table])
    with pytest.warns(Suspicious, match="stand among the training records"):
        rowwise.train(table, "c", epochs=2, out="run", verbose=2, **QUICK)
    err = capsys.readouterr().err
    assert "1/2" in err
    assert "2/2" in err


def test_an_observer_hears_the_warnings(here, table):
    observer = Observer()
    rowwise.train(pl.concat([table, table]), "c", epochs=1, out="run", observer=observer, **QUICK)
    (warned,) = (event for event in observer.seen if isinstance(event, events.Warned))
    assert "stand among the training records" in warned.message


@pytest.mark.parametrize("engine", ["native", "whole_epoch", "keras"])
def test_another_thread_stops_it_and_what_was_trained_is_saved_and_goes_on(here, engine):
    if engine == "native":
        pytest.importorskip("rowwise.engine.native._native")
    stop, asked = threading.Event(), threading.Event()

    def at_the_second_epoch(event):
        if isinstance(event, events.EpochEnded) and event.number == 2:
            asked.set()
            assert stop.wait(60)

    thread = threading.Thread(target=lambda: asked.wait(60) and stop.set())
    thread.start()
    observer = Observer(at_the_second_epoch)
    saved = rowwise.train("digits", epochs=50, engine=engine, out="run", observer=observer, stop=stop, **QUICK)
    thread.join()
    assert (saved.record.interrupted, len(saved.record.epochs), saved.record.unfinished) == (True, 2, None)
    assert next(event for event in observer.seen if isinstance(event, events.TrainingEnded)).interrupted
    assert rowwise.open("run").metrics == saved.metrics

    whole = rowwise.train("digits", epochs=3, engine=engine, out="whole", verbose=0, **QUICK)
    resumed = rowwise.train(resume="run", epochs=3, engine=engine, out="resumed", verbose=0, pictures=False)
    for one, other in zip(weights(whole), weights(resumed), strict=True):
        np.testing.assert_array_equal(one, other)
    assert resumed.record.resumed_from == "run"
    assert [epoch.number for epoch in resumed.record.epochs] == [1, 2, 3]


@pytest.mark.parametrize("kind", [events.DataLoaded, events.ModelBuilt])
def test_stopped_before_anything_was_trained_it_leaves_nothing(here, kind):
    stop = threading.Event()
    with pytest.raises(KeyboardInterrupt):
        rowwise.train("digits", observer=Observer(lambda e: isinstance(e, kind) and stop.set()), stop=stop, **QUICK)
    assert list(here.iterdir()) == []


def test_ctrl_c_while_training_is_told_and_obeyed(here):
    def press(event):
        if isinstance(event, events.EpochEnded) and event.number == 2:
            signal.raise_signal(signal.SIGINT)

    observer = Observer(press)
    saved = rowwise.train("digits", epochs=50, out="run", observer=observer, **QUICK)
    assert [event.training for event in observer.seen if isinstance(event, events.StopRequested)] == [True]
    assert (saved.record.interrupted, len(saved.record.epochs)) == (True, 2)


def test_ctrl_c_while_measuring_still_saves_and_a_second_one_does_not(here):
    def press(event, times):
        if isinstance(event, events.Measured):
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)

    observer = Observer(lambda event: press(event, 1))
    saved = rowwise.train("digits", epochs=1, out="run", observer=observer, **QUICK)
    assert [event.training for event in observer.seen if isinstance(event, events.StopRequested)] == [False]
    assert not saved.record.interrupted
    with pytest.raises(KeyboardInterrupt, match=r"1 of 1 epochs are kept in other. To go on: rowwise.train\(resume="):
        rowwise.train("digits", epochs=1, out="other", observer=lambda event: press(event, 2), **QUICK)
    assert rowwise.train(resume="other", verbose=0, pictures=False).metrics == saved.metrics


def test_several_threads_train_at_once_each_with_its_own_warnings(here, table):
    """As a server would: nothing of one training reaches another."""
    doubled, results = pl.concat([table, table]), {}

    def work(name, frame):
        observer = Observer()
        saved = rowwise.train(frame, "c", epochs=2, out=f"run-{name}", observer=observer, **QUICK)
        results[name] = saved, [event for event in observer.seen if isinstance(event, events.Warned)]

    threads = [threading.Thread(target=work, args=job) for job in (("plain", table), ("doubled", doubled))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(results[name][1]) for name in ("plain", "doubled")] == [0, 1]
    alone = rowwise.train(table, "c", epochs=2, out="alone", verbose=0, **QUICK)
    for one, other in zip(weights(alone), weights(results["plain"][0]), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_run_on_a_data_frame_goes_on_with_the_same_frame_only(here, table):
    rowwise.train(table, "c", epochs=1, out="run", verbose=0, **QUICK)
    resumed = rowwise.train(table, resume="run", epochs=2, out="on", verbose=0, pictures=False)
    assert len(resumed.record.epochs) == 2
    with pytest.raises(DataError, match="checksums differ"):
        rowwise.train(table.head(50), resume="run", epochs=2, verbose=0)
    with pytest.raises(UsageError, match="DataFrame"):
        rowwise.train(resume="run", epochs=2, verbose=0)


def test_options_may_stand_in_a_file(here, table):
    table.write_csv("t.csv")
    (here / "options.toml").write_text('target = "c"\ndrop = ["b"]\nseed = 4\n')
    saved = rowwise.train("t.csv", options="options.toml", epochs=1, seed=7, out="run", verbose=0, **QUICK)
    assert [column.name for column in saved.accepts.columns] == ["a"]
    assert (saved.record.settings.seed, saved.record.data.loader().seed) == (7, 4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"target": "c"}, "target="), ({"epoch": 3}, "no setting epoch"), ({"hidden": "100"}, "hidden: expected")],
)
def test_what_makes_no_sense_is_refused_before_anything_is_loaded(here, arguments, words):
    with pytest.raises(UsageError, match=words):
        rowwise.train(**arguments)
    assert list(here.iterdir()) == []
