"""Seeds, folds and trials by the workers of a Dask cluster: the same bits as here, and a dead worker is no loss."""

import os
import signal
import threading
import time

import joblib
import numpy as np
import polars as pl
import pytest
from PIL import Image

import rowwise
from rowwise.errors import UsageError
from rowwise.fan_out import by_workers, in_chunks

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'dask[distributed]'")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client():
    import dask

    quiet = {"distributed.admin.log-level": "critical", "distributed.comm.timeouts.connect": "5s"}
    with dask.config.set(quiet):
        options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": "CRITICAL"}
        with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
            client.run(lambda: __import__("rowwise.engine.sweep"))
            yield client


@pytest.fixture(scope="module")
def data():
    return rowwise.load("digits")[0][:300]


def test_seeds_give_the_same_bits_there_as_here(client, data):
    def build(seed):
        return rowwise.dense(data, hidden=(9,), dropout=0.2, seed=seed)

    here = rowwise.sweep(build, data, range(3), epochs=2, validation=0.2)
    with joblib.parallel_config(backend="dask"):
        there = rowwise.sweep(build, data, range(3), epochs=2, validation=0.2)
    for one, other in zip(here, there, strict=True):
        assert one.history.history == other.history.history
        assert other.model.history is other.history
        for a, b in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(one.model.optimizer.variables, other.model.optimizer.variables, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    random = np.random.default_rng(0)
    x = random.normal(size=(120, 2))
    path = tmp_path_factory.mktemp("table") / "t.csv"
    pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": np.sin(3 * x[:, 0]) + x[:, 1]}).write_csv(path)
    return path


HOW = {"hidden": (6,), "epochs": 3, "verbose": 0, "pictures": False}


def test_an_ensemble_is_the_same_model_there_as_here(client, table, tmp_path):
    here = rowwise.train(table, "y", out=tmp_path / "here", seeds=3, **HOW)
    with joblib.parallel_config(backend="dask"):
        there = rowwise.train(table, "y", out=tmp_path / "there", seeds=3, **HOW)
    for a, b in zip(here.model.get_weights(), there.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (here.record.members, here.record.spread) == (there.record.members, there.record.spread)


@pytest.mark.parametrize("killed", [False, pytest.param(True, marks=pytest.mark.thorough)])
def test_folds_are_the_same_there_as_here_though_a_worker_is_killed(client, table, tmp_path, killed):
    how = {name: HOW[name] for name in ("hidden", "epochs")}
    here = rowwise.cross_validate(table, "y", 3, out=tmp_path / "here", **how)
    if killed:
        victim = next(iter(client.run(os.getpid).values()))
        threading.Timer(0.4, os.kill, (victim, signal.SIGKILL)).start()
    with joblib.parallel_config(backend="dask"):
        there = rowwise.cross_validate(table, "y", 3, out=tmp_path / "there", **how)
    np.testing.assert_array_equal(here.prediction.values, there.prediction.values)
    assert here.measures == there.measures
    written = [(tmp_path / name / "out-of-fold.csv").read_bytes() for name in ("here", "there")]
    assert written[0] == written[1]
    fold = tmp_path / "there" / "fold-2"
    assert rowwise.open(fold).record.model == str(fold / "model.keras")


def test_a_search_is_the_same_there_as_here(client, table, tmp_path):
    pytest.importorskip("optuna", reason="Optuna is not installed: pip install optuna")
    how = {"epochs": 3, "preset": "fast"}
    here = rowwise.tune(table, "y", 5, out=tmp_path / "here", **how)
    with joblib.parallel_config(backend="dask"):
        there = rowwise.tune(table, "y", 5, out=tmp_path / "there", **how)
    told = [[(trial.parameters, trial.losses) for trial in one.trials] for one in (here, there)]
    assert told[0] == told[1]


def test_pictures_are_decoded_there_to_the_same_pixels(client, tmp_path):
    random = np.random.default_rng(0)
    for where in ("here", "there"):
        for name in ("cat", "dog"):
            (tmp_path / where / name).mkdir(parents=True)
    for number in range(8):
        pixels = random.integers(0, 256, (9, 9), np.uint8)
        for where in ("here", "there"):
            Image.fromarray(pixels).save(tmp_path / where / ("cat", "dog")[number % 2] / f"{number}.png")
    here = rowwise.load(str(tmp_path / "here"))
    with joblib.parallel_config(backend="dask"):
        there = rowwise.load(str(tmp_path / "there"))
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one.x, other.x)
        np.testing.assert_array_equal(one.y, other.y)
        assert len(other)


def test_an_error_of_a_task_reaches_the_caller_as_it_was_raised(client):
    def task(number, shared):
        raise UsageError("fit.threads", most=9, found=number)

    with joblib.parallel_config(backend="dask"), pytest.raises(UsageError, match="found 7"):
        list(by_workers(task, [7], None, lambda: False))


class Twofold(Exception):
    """Is pickled as its message alone, with which it cannot be made again."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


@pytest.mark.parametrize("kind", ["holds a lock", "cannot be made again", "answer"])
def test_what_cannot_be_sent_back_is_told_once_in_its_words(client, tmp_path, kind):
    def task(number, shared):
        (tmp_path / f"{kind} {time.time_ns()}").touch()
        if kind == "answer":
            return threading.Lock()
        error = Twofold("layers", "records") if kind == "cannot be made again" else ValueError("no layers and records")
        error.lock = threading.Lock() if kind == "holds a lock" else None
        raise error

    words = "cannot be sent as it is: TypeError: .*lock" if kind == "answer" else "Error|Twofold: .*layers and records"
    with joblib.parallel_config(backend="dask"), pytest.raises(UsageError, match=words):
        list(by_workers(task, [7], None, lambda: False))
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_stopped_does_not_wait_for_answers(client):
    def task(number, shared):
        __import__("time").sleep(0.5)

    with joblib.parallel_config(backend="dask"), pytest.raises(KeyboardInterrupt):
        list(by_workers(task, [0], None, lambda: True))


# Last: the worker that comes instead has nothing more to import.
def test_a_worker_that_is_killed_is_replaced_and_its_task_done_again(client, tmp_path):
    shared = np.arange(1000.0), str(tmp_path / "killed")

    def task(number, shared):
        array, mark = shared
        if number == 2 and not os.path.exists(mark):
            with open(mark, "w", encoding="utf-8"):
                os.kill(os.getpid(), signal.SIGKILL)
        return number * float(array.sum())

    with joblib.parallel_config(backend="dask"):
        answers = dict(by_workers(task, [0, 1, 2, 3], shared, lambda: False))
    assert os.path.exists(shared[1])
    assert answers == {n: n * 499500.0 for n in range(4)}


def test_chunks_are_even_and_lose_nothing():
    assert in_chunks([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4, 5]]
    assert in_chunks([1, 2], 5) == [[1], [2]]
