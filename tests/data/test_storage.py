"""Large arrays lie in temporary files mapped into memory, which is given back when they have been read."""

import os
from pathlib import Path

import numpy as np
import pytest

from rowwise.data import storage
from rowwise.errors import SaveError

RECORDS = 6_000_000  # of three columns: 72 MB, more than what stays in memory
STATUS = Path("/proc/self/status")


@pytest.fixture
def mapped():
    array = storage.empty((RECORDS, 3))
    array[:] = np.arange(3)
    array[:, 0] = np.arange(RECORDS) % 1000
    return array


def in_memory():
    """Bytes of mapped files that this process holds in memory."""
    lines = [line.split() for line in STATUS.read_text(encoding="utf-8").splitlines()]
    return 1024 * sum(int(line[1]) for line in lines if line[0] in ("RssFile:", "RssShmem:"))  # kB


def test_a_small_array_lies_in_memory():
    assert not isinstance(storage.empty((10, 3)), np.memmap)


def test_memory_of_a_mapped_array_can_be_given_back(mapped):
    assert isinstance(mapped, np.memmap)
    storage.release(mapped)
    storage.release(np.zeros(3, np.float32))  # not mapped: nothing happens
    np.testing.assert_array_equal(mapped[999], [999, 1, 2])


@pytest.mark.slow
def test_records_taken_from_a_mapped_array_lie_in_another(mapped):
    rows = np.arange(0, RECORDS, 1)[::-1]
    taken = storage.take_rows(mapped, rows)
    assert isinstance(taken, np.memmap)
    np.testing.assert_array_equal(taken, mapped[rows])
    assert not isinstance(storage.take_rows(np.array(mapped[:100]), rows[-100:]), np.memmap)


def test_a_disk_without_room_is_said_before_anything_is_written_and_never_a_bus_error():
    resource = pytest.importorskip("resource", reason="Windows cannot limit the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60 << 20, before[1]))  # bytes a file, as a full disk
    try:
        with pytest.raises(SaveError, match=r"could not be made in .*: File too large"):
            storage.empty((RECORDS, 3))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(not hasattr(os, "pread"), reason="the system reads no file from a place")
def test_an_array_too_large_to_stay_in_memory_can_be_read_from_its_file(mapped, monkeypatch):
    assert storage.file_of(mapped) is None, "small enough"
    monkeypatch.setattr(storage, "RESIDENT", 1 << 20)
    file, start, kept = storage.file_of(mapped[1000:])
    assert kept == (1 << 20) // 12
    assert np.frombuffer(os.pread(file, 12, start + 12 * 998), np.float32).tolist() == [998, 1, 2]
    assert storage.file_of(np.zeros(1 << 20, np.float32)) is None


def test_memory_of_changes_that_no_file_has_is_not_given_back(tmp_path):
    np.zeros(1 << 12, np.float32).tofile(tmp_path / "x")
    changed = np.memmap(tmp_path / "x", np.float32, "c")
    changed[:] = 7
    storage.release(changed[1:])
    assert changed.min() == 7


def test_a_mapped_array_has_all_of_its_disk_from_the_start(tmp_path):
    with (tmp_path / "x").open("wb") as file:
        storage.allocate(file, 100, 1 << 20)
    assert (tmp_path / "x").stat().st_size == 100 + (1 << 20)
    assert (tmp_path / "x").stat().st_blocks * 512 >= 1 << 20


@pytest.mark.skipif(not STATUS.exists(), reason="the system does not tell what a process holds in memory")
def test_few_records_taken_from_a_mapped_array_do_not_keep_it_in_memory(mapped):
    mapped.sum()
    before = in_memory()
    taken = storage.take_rows(mapped, np.array([99, 5]))
    assert not isinstance(taken, np.memmap)
    np.testing.assert_array_equal(taken, [[99, 1, 2], [5, 1, 2]])
    assert in_memory() < before - mapped.nbytes / 2
