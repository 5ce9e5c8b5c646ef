"""Pictures are decoded once: what the cache keeps, when it is used, and what it never does."""

import io
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from drawn_pictures import pgm, picture
from picture_steps import fatal_record, interrupted_record
from PIL import Image

import rowwise
from rowwise.cores import usable_cores
from rowwise.data import Source
from rowwise.data.pictures.folder import read_as
from rowwise.data.pictures.prepare import Prepare
from rowwise.environment import cache_folder
from rowwise.errors import DataError, SaveError, Suspicious


def entry(train):
    """Where the cache keeps the records."""
    return cache_folder() / "pictures" / train.source["content"]


def content(train):
    """What the cache keeps: order and bytes."""
    return (entry(train) / "x.npy").read_bytes(), (entry(train) / "about.json").read_bytes()


def left():
    """What is in the cache."""
    return [place.name for place in (cache_folder() / "pictures").iterdir()]


@pytest.fixture
def later(monkeypatch):
    """The clock is three seconds ahead: files that have just been written count as settled."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 3_000_000_000)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def watched(monkeypatch):
    """From here on standard error is a terminal; gives what the bars on it last showed: `{words: "done/all"}`."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    def bars():
        text = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", terminal.getvalue())
        terminal.seek(0)
        terminal.truncate()
        return dict(re.findall(r"(\w+ pictures).*?(\d+/\d+)", text))

    return bars


def test_a_second_load_decodes_nothing(parts):
    first = rowwise.load(parts)
    records = (entry(first[0]) / "x.npy").stat()
    again = rowwise.load(parts)
    assert [part.checksum for part in again] == [part.checksum for part in first]
    moved = parts.rename(parts.with_name("moved"))
    os.utime(moved / "cog" / "0.png")
    assert rowwise.load(moved)[0].checksum == first[0].checksum
    now = (entry(first[0]) / "x.npy").stat()
    assert (now.st_ino, now.st_mtime_ns) == (records.st_ino, records.st_mtime_ns)


def test_files_that_were_settled_when_they_were_read_are_not_read_again(parts, later, monkeypatch):
    bars = watched(monkeypatch)
    first = rowwise.load(parts)
    assert bars() == {"reading pictures": "12/12", "decoding pictures": "12/12"}
    assert rowwise.load(parts)[0].checksum == first[0].checksum
    assert bars() == {}
    picture(99).save(parts / "cog" / "new.png")
    train, test = rowwise.load(parts)
    assert len(train) + len(test) == 13
    assert bars() == {"reading pictures": "1/1", "decoding pictures": "13/13"}


def test_files_that_have_just_been_written_are_read_again(parts, monkeypatch):
    bars = watched(monkeypatch)
    rowwise.load(parts)
    bars()
    rowwise.load(parts)
    assert bars() == {"reading pictures": "12/12"}


def test_a_changed_file_is_noticed_even_with_its_old_size_and_time(parts, later):
    file = parts / "bolt" / "3.bmp"
    before, status = rowwise.load(parts, seed=0)[0], file.stat()
    old = np.asarray(Image.open(file)).tobytes()
    picture(98).save(file)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.stat().st_size == status.st_size
    parts_now = rowwise.load(parts, seed=0)
    records = [x.tobytes() for part in parts_now for x in part.x]
    assert np.asarray(picture(98)).tobytes() in records
    assert old not in records
    assert before.source["content"] != parts_now[0].source["content"]


def test_several_loads_at_once_agree(parts):
    with ThreadPoolExecutor(4) as pool:
        sums = {pool.submit(lambda: rowwise.load(parts)[0].checksum) for _ in range(8)}
    assert len({future.result() for future in sums}) == 1


def test_a_removed_and_a_renamed_file_are_noticed(parts):
    (parts / "cog" / "0.png").unlink()
    (parts / "cog" / "1.jpg").rename(parts / "bolt" / "from-cog.jpg")
    train, test = rowwise.load(parts)
    assert list(train.counts + test.counts) == [7, 4]


def test_a_damaged_cache_is_made_anew(parts):
    first = rowwise.load(parts)
    records = entry(first[0])
    listing = next((cache_folder() / "pictures" / "listings").iterdir())
    for file, damaged in (
        (records / "x.npy", (records / "x.npy").read_bytes()[:-1]),
        (records / "about.json", b"{"),
        (records / "about.json", b"[]"),
        (listing, b"no listing"),
        (listing, listing.read_bytes()[:-40]),
    ):
        file.write_bytes(damaged)
        assert rowwise.load(parts)[0].checksum == first[0].checksum


def test_records_that_nobody_used_for_a_month_and_what_killed_programs_left_are_deleted(parts):
    folder = cache_folder() / "pictures"
    old, young, partial, foreign = (folder / name for name in ("a" * 64, "b" * 64, ".rowwise-0.partial", "notes"))
    month = time.time() - 31 * 24 * 3600
    for place in (old, young, partial, foreign):
        place.mkdir(parents=True)
        if place != young:
            os.utime(place, (month, month))
    train, _ = rowwise.load(parts)
    assert sorted(left()) == sorted(["listings", young.name, foreign.name, entry(train).name])


def test_a_cache_that_cannot_be_written_is_one_clear_error(parts, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(SaveError, match="set ROWWISE_CACHE to a folder that can be written"):
        rowwise.load(parts)
    monkeypatch.undo()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=9))
    with pytest.raises(SaveError, match=r"0\.0 GB are free"):
        rowwise.load(parts)


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(parts):
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, limits[1]))  # as a full disk: records need 12 kB
    try:
        with pytest.raises(SaveError, match="File too large"):
            rowwise.load(parts)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert left() == ["listings"]


def test_nothing_half_written_is_left_when_decoding_ends_early(parts):
    with pytest.raises(KeyboardInterrupt):
        read_as(Source(str(parts)), (16, 20, 3), prepare=Prepare("interrupted", interrupted_record))
    assert left() == ["listings"]


def test_a_file_that_changes_while_it_is_read_is_named(parts):
    def changing(path, shape, notes, content):
        (parts / "cog" / "5.jpg").write_bytes(pgm(0))
        return np.zeros(shape, np.uint8)

    with pytest.raises(DataError, match=r"cog/5\.jpg changed while it was being read"):
        read_as(Source(str(parts)), (16, 20, 3), prepare=Prepare("changing", changing))
    assert left() == ["listings"]


@pytest.fixture
def thousands(tmp_path):
    """Enough pictures of 4x4 for processes; and a text, a file of another kind, a name that is no text."""
    folder = tmp_path / "thousands"
    for name in ("cog", "bolt"):
        (folder / name).mkdir(parents=True)
        for row in range(2530):
            (folder / name / f"{row:04}.pgm").write_bytes(pgm(row + 3000 * (name == "cog")))
    (folder / "cog" / "text.png").write_text("hello")
    picture(1).save(folder / "cog" / "긴 이름 \udcff.png")
    return folder


ONE_CORE = """
import os, sys, warnings
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
warnings.simplefilter("ignore")
import rowwise
rowwise.load(sys.argv[1], skip_bad=True, size=4)
assert "loky" not in sys.modules
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity") or usable_cores() < 2, reason="one core is for threads only")
def test_processes_make_the_same_records_as_threads(thousands, monkeypatch, tmp_path):
    with pytest.warns(Suspicious, match="1 of 5,062 files"):
        train, _ = rowwise.load(thousands, skip_bad=True, size=4)
    several = content(train)
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path / "other"))
    subprocess.run([sys.executable, "-c", ONE_CORE, str(thousands)], check=True, timeout=600)
    assert content(train) == several


@pytest.mark.slow
@pytest.mark.skipif(usable_cores() < 2, reason="one core is for threads only")
def test_a_picture_that_crashes_the_decoder_is_named_and_nothing_is_left(thousands):
    shutil.copy(thousands / "cog" / "0000.pgm", thousands / "cog" / "fatal.pgm")
    with pytest.raises(DataError, match=r"cog/fatal\.pgm: the process that decoded this picture was ended twice"):
        read_as(Source(str(thousands)), (4, 4), prepare=Prepare("fatal", fatal_record))
    assert left() == ["listings"]


def test_nobody_watching_sees_nothing(parts, capfd):
    rowwise.load(parts)
    assert capfd.readouterr() == ("", "")


def test_records_of_another_size_or_colour_are_kept_beside(parts):
    asked = ({}, {"size": 8}, {"size": (8, 9)}, {"colour": "grey"})
    assert len({rowwise.load(parts, **options)[0].source["content"] for options in asked}) == 4
