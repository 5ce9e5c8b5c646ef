"""Steps over many files, by threads or by processes: the same answers, and no end but a clean one."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from picture_steps import Dying, Noisy, Noted, Raising, Report

from rowwise.cores import usable_cores
from rowwise.data.pictures.prepare import whole
from rowwise.data.pictures.steps import DecodeRecords
from rowwise.data.pictures.workers import Workers
from rowwise.errors import DataError

NAMES = [f"{number}.png" for number in range(700)]
FEW, MANY = 1000, 100_000  # files of a folder that threads, and that processes, are for
SMALL = 300  # bytes of a file

pytestmark = pytest.mark.skipif(usable_cores() < 2, reason="one core is for threads only")


def answers(step, files, names=NAMES, size=SMALL, advance=lambda count: None):
    with Workers(Path("here"), files, files * size) as workers:
        return list(workers.answers(step, names, advance))


def running(pids):
    """Those of these processes that have not ended."""
    states = {pid: Path(f"/proc/{pid}/stat") for pid in pids}
    return [
        pid for pid, stat in states.items() if stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    ]


def wait_until_ended(pids, patience=300):
    until = time.monotonic() + patience
    while left := running(pids):
        assert time.monotonic() < until, f"still running: {left}"
        time.sleep(0.05)


@pytest.mark.parametrize("files", [FEW, MANY])
def test_answers_come_in_order_and_progress_reaches_all_files(files):
    done = []
    found = answers(Report(), files, advance=done.append)
    assert [name for _, (_, names, _) in found for name in names] == NAMES
    assert [start for start, _ in found] == [NAMES.index(names[0]) for _, (_, names, _) in found]
    assert sum(done) == len(NAMES)
    assert all(done)


def test_few_files_are_for_threads_and_many_for_processes_which_are_gone_afterwards():
    assert {pid for _, (pid, _, _) in answers(Report(), FEW)} == {os.getpid()}
    pids = {pid for _, (pid, _, _) in answers(Report(), MANY)}
    assert os.getpid() not in pids
    assert 1 <= len(pids) <= usable_cores()
    assert running(pids) == []


def test_a_process_imports_pillow_and_numpy_and_neither_keras_nor_jax():
    for _, (_, _, modules) in answers(Report(whole), MANY):  # imports what a step holds
        assert modules == {"numpy", "PIL"}


def test_no_files_start_nothing():
    assert answers(Report(), MANY, names=[]) == []


def test_large_files_are_done_one_by_one():
    lengths = [len(names) for _, (_, names, _) in answers(Report(), FEW, NAMES[:20], size=5_000_000)]
    assert lengths == [1] * 20


@pytest.mark.parametrize("files", [FEW, MANY])
def test_no_more_is_begun_than_is_soon_taken(tmp_path, files):
    names = NAMES * 40
    with Workers(tmp_path, files, files * SMALL) as workers:
        taken = workers.answers(Noted(str(tmp_path)), names, lambda count: None)
        for number in range(1, 11):
            next(taken)
            assert len(list(tmp_path.iterdir())) <= number + 5 * usable_cores()
        taken.close()


@pytest.mark.parametrize("files", [FEW, MANY])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), MemoryError(), KeyboardInterrupt()])
def test_errors_come_through(files, error):
    with pytest.raises(type(error)) as caught:
        answers(Raising(error), files)
    assert caught.value.args == error.args


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
@pytest.mark.parametrize("files", [FEW, MANY])
def test_records_that_cannot_be_written_are_an_error(tmp_path, files):
    step = DecodeRecords(str(tmp_path), (4, 4), whole, "/dev/full", 0)
    with pytest.raises(OSError, match="No space left"):
        answers(step, files)


def test_a_process_that_dies_once_costs_nothing_but_time(tmp_path):
    done = []
    found = answers(Dying(NAMES[300], str(tmp_path / "died")), MANY, advance=done.append)
    assert (tmp_path / "died").exists()
    assert [name for _, names in found for name in names] == NAMES
    assert sum(done) == len(NAMES)


def test_a_file_at_which_processes_die_is_named():
    with pytest.raises(DataError, match=r"here/300\.png: the process that decoded this picture was ended twice"):
        answers(Dying(NAMES[300]), MANY)


def test_what_libraries_write_is_not_seen(capfd):
    answers(Noisy(), MANY)
    assert capfd.readouterr() == ("", "")


def no_semaphores(*_):
    raise OSError(38, "Function not implemented")


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        (sys, "executable", "/bin/false"),
        (sys, "executable", "/no/such/python"),
        (sys, "frozen", True),
        (multiprocessing, "Lock", no_semaphores),
    ],
)
def test_threads_take_over_where_no_process_can_be_started(monkeypatch, place, name, value, capfd):
    monkeypatch.setattr(place, name, value, raising=False)
    found = answers(Report(), MANY)
    assert {pid for _, (pid, _, _) in found} == {os.getpid()}
    assert [name for _, (_, names, _) in found for name in names] == NAMES
    assert capfd.readouterr() == ("", "")


SLEEPER = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from picture_steps import Sleeping
from rowwise.data.pictures.workers import Workers

with Workers(Path("."), {files}, 0) as workers:
    list(workers.answers(Sleeping({folder!r}), ["a", "b"] * 200, print))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are looked at as Linux shows them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_ctrl_c_or_a_killed_caller_ends_the_processes(tmp_path, number):
    code = SLEEPER.format(here=str(Path(__file__).parents[1]), files=MANY, folder=str(tmp_path))
    caller = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, start_new_session=True)
    while len(pids := [int(file.name) for file in tmp_path.iterdir()]) < 2:
        assert caller.poll() is None
        time.sleep(0.02)
    if number == signal.SIGINT:
        os.killpg(caller.pid, number)  # a terminal sends it to all
    else:
        caller.kill()
    error = caller.communicate(timeout=600)[1].decode()
    wait_until_ended(pids)
    assert caller.returncode == -number
    if number == signal.SIGINT:
        assert error.count("Traceback") == 1
        assert error.endswith("KeyboardInterrupt\n")


PROGRAM = """
import os, sys
from pathlib import Path
print("begun")
sys.path.insert(0, {here!r})
from picture_steps import Report
from rowwise.data.pictures.workers import Workers

assert "loky" not in sys.modules
with Workers(Path("."), 1000, 0) as workers:
    list(workers.answers(Report(), ["a"], str))
assert "loky" not in sys.modules
with Workers(Path("."), {files}, 0) as workers:
    for _, (pid, *_) in workers.answers(Report(), ["a"], str):
        assert pid != os.getpid()
"""


@pytest.mark.slow
def test_a_program_is_not_run_again_nor_taken_for_a_library_and_loky_is_imported_for_many_files_only(tmp_path):
    (tmp_path / "random.py").write_text("raise SystemExit('the folder of the caller is not on the path')")
    (tmp_path / "program.py").write_text(PROGRAM.format(here=str(Path(__file__).parents[1]), files=MANY))
    command = [sys.executable, "-P", "program.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout, done.stderr) == (0, "begun\n", "")
