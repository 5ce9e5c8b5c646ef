"""Seeds, folds and trials by the workers of a Dask cluster: the same bits as here, and a dead worker is no loss."""

import os
import signal

import joblib
import numpy as np
import pytest

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
        options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": "CRITICAL"}
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


def test_a_worker_that_is_killed_is_replaced_and_its_task_done_again(client, tmp_path):
    shared = np.arange(1000.0), str(tmp_path / "killed")

    def task(number, shared):
        array, mark = shared
        if number == 2 and not os.path.exists(mark):
            with open(mark, "w"):
                os.kill(os.getpid(), signal.SIGKILL)
        return number * float(array.sum())

    with joblib.parallel_config(backend="dask"):
        answers = dict(by_workers(task, [0, 1, 2, 3], shared, lambda: False))
    assert os.path.exists(shared[1])
    assert answers == {n: n * 499500.0 for n in range(4)}


def test_an_error_of_a_task_reaches_the_caller_as_it_was_raised(client):
    def task(number, shared):
        raise UsageError("fit.threads", most=9, found=number)

    with joblib.parallel_config(backend="dask"), pytest.raises(UsageError, match="found 7"):
        list(by_workers(task, [7], None, lambda: False))


def test_what_is_stopped_does_not_wait_for_answers(client):
    def task(number, shared):
        __import__("time").sleep(0.5)

    with joblib.parallel_config(backend="dask"), pytest.raises(KeyboardInterrupt):
        list(by_workers(task, [0], None, lambda: True))


def test_chunks_are_even_and_lose_nothing():
    assert in_chunks([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4, 5]]
    assert in_chunks([1, 2], 5) == [[1], [2]]
