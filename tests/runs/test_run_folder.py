"""A run is there whole or not at all, and only a whole one is opened."""

import itertools
import json
import os
import pickle
import stat
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import keras
import numpy as np
import pytest

from rowwise.errors import ModelError, SaveError, UsageError
from rowwise.files import LOCK, atomic_write
from rowwise.json_text import to_json
from rowwise.locks import Lock, held, hold
from rowwise.runs.folder import RunFolder
from rowwise.runs.model_file import open_model
from rowwise.runs.record import DataRecord, Epoch, RunRecord
from rowwise.runs.saved import Saved
from rowwise.runs.settings import Settings

RECORD = RunRecord(
    data=DataRecord("made", classes=("가", "나", "다")),
    settings=Settings(),
    engine="native",
    engine_reason="",
    epochs=(Epoch(1, {"loss": 0.5}, 0.1), Epoch(2, {"loss": float("nan")}, 0.1)),
    test={"accuracy": 0.5},
    seconds={"total": 1.5},
    versions={"rowwise": "0.1.0"},
)


class FakeModel:
    """Saves bytes, or fails as a disk does."""

    def __init__(self, error=None):
        self.error = error

    def save(self, path):
        path.write_bytes(b"PK")
        if self.error is not None:
            raise self.error


def classifier(*layers, shape=(28, 28)):
    return keras.Sequential(
        [keras.Input(shape), *layers, keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_run_comes_back_as_it_was_saved(tmp_path):
    model = classifier()
    with RunFolder(tmp_path / "new" / "run") as run:
        with pytest.raises(ModelError, match=f"process {os.getpid()} is training there"):
            Saved.open(tmp_path / "new" / "run")
        place, record = run.save(model, RECORD, {"curves.png": b"png"})
    assert place == tmp_path / "new" / "run"
    assert names(tmp_path / "new") == ["run"]
    assert names(tmp_path / "new" / "run") == ["curves.png", "history.csv", "model.keras", "run.json"]
    assert record.model == str(tmp_path / "new" / "run" / "model.keras")
    for path in (tmp_path / "new" / "run", tmp_path / "new" / "run" / "model.keras"):
        saved = Saved.open(path)
        assert saved.record.to_json() == record.to_json()
        assert saved.metrics == {"accuracy": 0.5}
        for one, other in zip(model.get_weights(), saved.model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    assert (tmp_path / "new" / "run" / "history.csv").read_text() == "epoch,loss,seconds\n1,0.5,0.1\n2,nan,0.1\n"


def test_the_record_is_valid_json_whatever_the_figures_and_names(tmp_path):
    undecodable = os.fsdecode(b"\xff.png")
    text = to_json({"loss": float("inf"), "rows": ({"a": float("nan")},), "file": undecodable, "옷": "치마"})
    assert json.loads(text) == {"loss": None, "rows": [{"a": None}], "file": undecodable, "옷": "치마"}
    assert "치마".encode() in text


def test_left_without_saving_a_run_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), RunFolder(tmp_path / "a" / "b" / "run"):
        raise RuntimeError
    assert names(tmp_path) == []


def test_an_empty_folder_is_filled_even_through_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for out in (tmp_path / "link", tmp_path / "plain"):
        with RunFolder(out) as run:
            run.save(FakeModel(), RECORD, {})
        assert "run.json" in names(out)
    assert names(tmp_path) == ["link", "plain", "real"]


def test_runs_without_a_place_are_numbered_and_never_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with RunFolder() as one, RunFolder() as other:  # at the same time
        places = [run.save(FakeModel(), RECORD, {})[1].model for run in (one, other)]
    first = f"{date.today()}-made"
    assert places == [os.path.join("runs", name, "model.keras") for name in (first, f"{first}-2")]
    assert names(tmp_path / "runs") == [first, f"{first}-2"]


def test_what_is_there_is_never_replaced(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    (tmp_path / "broken").symlink_to("nowhere")
    for name in ("file", "full", "broken"):
        with pytest.raises(UsageError, match="nothing is overwritten"):
            RunFolder(tmp_path / name)


def test_the_folder_that_one_is_in_can_be_a_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with RunFolder(Path(".")) as run:
        run.save(FakeModel(), RECORD, {})
    assert names(tmp_path) == ["history.csv", "model.keras", "run.json"]


def test_a_folder_belongs_to_one_training_at_a_time(tmp_path):
    with RunFolder(tmp_path / "run"), pytest.raises(UsageError, match=f"in use: process {os.getpid()}"):
        RunFolder(tmp_path / "run")
    with RunFolder(tmp_path / "run") as run:
        run.checkpoint(FakeModel(), RECORD)
    with pytest.raises(UsageError, match=r"was not finished. Go on with it: rowwise.train\(resume="):
        RunFolder(tmp_path / "run")
    with RunFolder(unfinished_run=tmp_path / "run"), pytest.raises(UsageError, match="in use"):
        RunFolder(unfinished_run=tmp_path / "run")


def test_a_checkpoint_takes_the_place_of_the_last_and_the_finished_run_the_place_of_both(tmp_path):
    with RunFolder(tmp_path / "run") as run:
        for epochs in (1, 2):
            kept = run.checkpoint(FakeModel(), replace(RECORD, epochs=RECORD.epochs[:epochs]))
            assert names(tmp_path / "run") == [f"checkpoint-00000{epochs}.keras", "rowwise.lock", "unfinished.json"]
            assert len(RunRecord.read(tmp_path / "run", "unfinished.json").epochs) == len(kept.epochs) == epochs
    with pytest.raises(ModelError, match=r"after 2 of 20 epochs.*resume="):
        Saved.open(tmp_path / "run")
    with RunFolder(unfinished_run=tmp_path / "run") as run:
        run.save(FakeModel(), RECORD, {})
    assert names(tmp_path / "run") == ["history.csv", "model.keras", "run.json"]


@contextmanager
def interrupted_at(number):
    """Ctrl-C, once, before the line of that number that is run of the modules that write a run; whether it came."""
    modules, came, seen = ("folder.py", "locks.py", "files.py"), [], 0

    def trace(frame, event, _):
        nonlocal seen
        if Path(frame.f_code.co_filename).name not in modules:
            return None
        if event == "line":
            seen += 1
            if seen == number:
                came.append(frame.f_lineno)
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield came
    finally:
        sys.settrace(before)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of a file just opened
@pytest.mark.parametrize("checkpoint", [True, False])
def test_whenever_a_run_is_interrupted_while_it_is_saved_it_is_there_whole_or_as_it_was(
    tmp_path, checkpoint, monkeypatch
):
    monkeypatch.setattr("rowwise.locks.PAUSE", 0)  # nobody else is there whom waiting would help
    for number in itertools.count(1):
        place = tmp_path / str(number)
        with suppress(KeyboardInterrupt), RunFolder(place) as run:
            record = run.checkpoint(FakeModel(), RECORD) if checkpoint else RECORD
            with interrupted_at(number) as came:
                run.save(FakeModel(), record, {})
                run.close()
        left = names(place) if place.exists() else []
        if "run.json" in left:
            assert {"model.keras", "history.csv"} <= set(left)
            assert not checkpoint or record.checkpoint in left
        elif checkpoint:
            assert {"unfinished.json", record.checkpoint} <= set(left)
        else:
            assert set(left) <= {"rowwise.lock"}, came
        if not came:
            break
    assert number > 30


def test_a_checkpoint_that_does_not_fit_leaves_the_last_one(tmp_path):
    with RunFolder(tmp_path / "run") as run:
        run.checkpoint(FakeModel(), replace(RECORD, epochs=RECORD.epochs[:1]))
        with pytest.raises(SaveError, match=r"No checkpoint can be written.*goes on"):
            run.checkpoint(FakeModel(OSError(28, "No space left on device")), RECORD)
    assert names(tmp_path / "run") == ["checkpoint-000001.keras", "unfinished.json"]


def test_a_checkpoint_is_a_file_beside_its_record(tmp_path):
    for name in ("../model.keras", "checkpoint-1/../../x.keras", "model.keras", "checkpoint-1\\x.keras"):
        (tmp_path / "run.json").write_bytes(replace(RECORD, checkpoint=name).to_json())
        with pytest.raises(ModelError, match="damaged: checkpoint"):
            RunRecord.read(tmp_path)


def test_what_dead_processes_left_is_tidied_by_the_next_and_never_a_living_ones(tmp_path):
    runs, old = tmp_path / "runs", time.time() - 7200

    def left(name, *files):
        for file in files:
            (runs / name).mkdir(parents=True, exist_ok=True)
            (runs / name / file).write_bytes(b"4711\n" if file == LOCK else RECORD.to_json())
            os.utime(runs / name / file, (old, old))
        os.utime(runs / name, (old, old))

    left("nothing", "rowwise.lock", "checkpoint-000001.keras")
    left("killed", "rowwise.lock", "unfinished.json", "checkpoint-000002.keras")
    left("saved", "rowwise.lock", "unfinished.json", "checkpoint-000002.keras", "run.json", "model.keras")
    left("mine", "rowwise.lock", "notes.txt")
    (runs / "begun").mkdir()
    (runs / "begun" / LOCK).touch()  # opened by another, not yet taken
    left(".rowwise-0.partial", "rowwise.lock", "model.keras")
    for name in (".rowwise-1.partial", ".rowwise-2.partial", "other.partial"):
        left(".", name)
    with (runs / ".rowwise-2.partial").open("rb") as held:
        assert hold(held.fileno())
        living = RunFolder(runs / "living")
        with RunFolder(runs / "next"):
            assert names(runs) == sorted(
                (".rowwise-2.partial", "begun", "killed", "living", "mine", "next", "other.partial", "saved")
            )
        living.close()
    assert names(runs / "saved") == ["model.keras", "run.json"]
    assert names(runs / "killed") == ["checkpoint-000002.keras", "unfinished.json"]
    assert names(runs / "mine") == ["notes.txt"]


@pytest.mark.parametrize("name", ["file/run", "x" * 300])
def test_a_place_that_cannot_be_written_is_known_before_training(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(SaveError, match="cannot be written"):
        RunFolder(tmp_path / name)
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot limit the size of files")
def test_a_full_disk_leaves_no_half_of_a_run_and_keeps_the_model_elsewhere(tmp_path, monkeypatch):
    """What does not fit is the history; the model, saved before it, fits once more."""
    resource = pytest.importorskip("resource")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    long = replace(RECORD, epochs=tuple(Epoch(n, {"loss": 0.5}, 0.1) for n in range(1, 5000)))
    (tmp_path / "place").mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))  # bytes a file; Python ignores the signal
    try:
        with pytest.raises(SaveError, match="too large") as caught, RunFolder(tmp_path / "place" / "run") as run:
            run.save(FakeModel(), long, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert names(tmp_path / "place") == []
    assert caught.value.values["kept"].read_bytes() == b"PK"
    assert str(caught.value.values["kept"]) in str(caught.value)


def test_a_model_that_cannot_be_kept_anywhere_leaves_nothing_anywhere(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(SaveError, match="train again"), RunFolder(tmp_path / "run") as run:
        run.save(FakeModel(RuntimeError("h5py: file write failed")), RECORD, {})
    assert names(tmp_path) == []


def test_a_killed_process_leaves_nothing_that_is_taken_for_a_run(tmp_path):
    code = """
import os, signal
from pathlib import Path
from rowwise.runs.folder import RunFolder
from rowwise.runs.record import DataRecord, RunRecord
from rowwise.runs.settings import Settings
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # at the moment of renaming
class Model:
    save = staticmethod(lambda path: path.write_bytes(b"PK"))
record = RunRecord(DataRecord("made"), Settings(), "native", "", (), {}, {}, {})
RunFolder(Path("run")).save(Model, record, {})
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True)
    assert done.returncode == -9
    (left,) = tmp_path.iterdir()
    assert "run.json" not in names(left)
    with pytest.raises(ModelError, match="before the first checkpoint"):
        Saved.open(left)
    (hidden,) = left.glob(".*")
    with pytest.raises(ModelError, match="never was saved whole"):
        Saved.open(hidden)
    with RunFolder(left) as run:  # a failed run is in no one's way
        run.save(FakeModel(), RECORD, {})
    assert names(left) == ["history.csv", "model.keras", "run.json"]


def test_a_folder_without_a_record_is_no_run(tmp_path):
    classifier().save(tmp_path / "model.keras")
    with pytest.raises(ModelError, match=r"no run's folder.*run\.json"):
        Saved.open(tmp_path)


@pytest.mark.parametrize("suffix", [".h5", ".hdf5", ".pkl", ".pickle", ".joblib", ".pt", ".pth", ".H5"])
def test_formats_that_can_run_code_are_refused_with_the_reason(tmp_path, suffix):
    (tmp_path / f"model{suffix}").write_bytes(pickle.dumps({}))
    with pytest.raises(ModelError, match=r"can run code.*model\.keras"):
        open_model(tmp_path / f"model{suffix}")


def test_a_model_that_carries_code_is_refused(tmp_path):
    classifier(keras.layers.Lambda(lambda x: 2 * x)).save(tmp_path / "m.keras")
    with pytest.raises(ModelError, match="carries Python code"):
        open_model(tmp_path / "m.keras")


def test_a_model_that_needs_code_of_its_own_says_so(tmp_path):
    class Mine(keras.layers.Layer):
        def call(self, x):
            return x

    classifier(Mine()).save(tmp_path / "m.keras")
    with pytest.raises(ModelError, match="not part of Keras"):
        open_model(tmp_path / "m.keras")


def rewritten(source, target, change):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)


def test_damaged_files_are_refused_in_words(tmp_path):
    whole = tmp_path / "whole.keras"
    classifier().save(whole)
    content = whole.read_bytes()
    spot = len(content) // 2  # in the middle of the weights
    damaged = {
        "empty": (b"", "no .keras file"),
        "pickle": (pickle.dumps({}), "no .keras file"),
        "cut": (content[: len(content) // 2], "damaged"),
        "flipped": (content[:spot] + bytes(b ^ 255 for b in content[spot : spot + 8]) + content[spot + 8 :], "damaged"),
    }
    for name, (changed, words) in damaged.items():
        (tmp_path / f"{name}.keras").write_bytes(changed)
        with pytest.raises(ModelError, match=words):
            open_model(tmp_path / f"{name}.keras")
    parts = {
        "no-config": lambda name, old: None if name == "config.json" else old,
        "bad-config": lambda name, old: b"{" if name == "config.json" else old,
        "no-weights": lambda name, old: None if "weights" in name else old,
        "nothing": lambda name, old: None,
    }
    for name, change in parts.items():
        rewritten(whole, tmp_path / f"{name}.keras", change)
        with pytest.raises(ModelError, match="damaged"):
            open_model(tmp_path / f"{name}.keras")


def test_what_is_not_there_or_no_model_is_said(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        open_model(tmp_path / "nothing.keras")
    (tmp_path / "table.csv").write_text("a,b")
    with pytest.raises(ModelError, match=r"no \.keras file"):
        open_model(tmp_path / "table.csv")


def test_a_file_is_replaced_whole_or_kept(tmp_path):
    file = tmp_path / "deep" / "file.bin"
    atomic_write(file, b"one")
    atomic_write(file, b"two")
    assert (file.read_bytes(), names(file.parent)) == (b"two", ["file.bin"])
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~umask
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))  # bytes a file, as a full disk
    try:
        with pytest.raises(SaveError, match="too large"):
            atomic_write(file, b"more than ten bytes")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (file.read_bytes(), names(file.parent)) == (b"two", ["file.bin"])
    with pytest.raises(SaveError):
        atomic_write(file / "below", b"")


def test_who_asks_whether_a_file_is_held_is_not_taken_for_one_that_holds_it(tmp_path):
    path, ended = tmp_path / "lock", threading.Event()

    def ask():
        while not ended.is_set():
            held(path)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(50):
            Lock(path).release()
    finally:
        ended.set()
        asking.join()


def test_runs_that_begin_beside_each_other_do_not_tidy_one_another_away(tmp_path):
    failed = []

    def begin(which):
        for number in range(25):
            try:
                with RunFolder(tmp_path / f"{which}-{number}"):
                    pass
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=begin, args=(which,)) for which in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert not list(tmp_path.iterdir())
