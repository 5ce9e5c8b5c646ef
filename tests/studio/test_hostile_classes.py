"""A folder of pictures whose classes are called as a page must not read them: they stay text, from end to end."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from studio_server import Served

from rowwise.data.source import Source
from rowwise.errors import UsageError
from rowwise.studio.received import Received
from rowwise.studio.shelf import Shelf, tidy

HOSTILE = "<img src=x onerror=document.title=1>"


def drawn(folder):
    """A folder of small pictures, a folder a class."""
    random = np.random.default_rng(0)
    for name, shade in ((HOSTILE, 40), ("'\"&amp;{n}", 200)):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            pixels = (random.integers(0, 50, (8, 8)) + shade).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def test_a_class_may_be_called_anything(browser, tmp_path, monkeypatch):
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path / "cache"))
    served = Served(Source("digits")).loaded()
    try:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        tab = context.new_page()
        tab.goto(served.address())
        tab.locator(".sample-row .tile").first.wait_for()
        tab.set_input_files("#picture-folder", drawn(tmp_path / "pictures"))
        tab.locator(".class-name", has_text=HOSTILE).wait_for()
        assert "pictures" in tab.inner_text("#about")
        assert "/" not in tab.inner_text("#about")
        served.studio.train({"hidden": [4], "epochs": 2, "patience": 2}, "en")
        assert served.wait("trained", "failed")["phase"] == "trained"
        tab.keyboard.press("3")
        tab.locator(".confusion th", has_text=HOSTILE).first.wait_for()
        tab.locator(".histogram-row").nth(1).wait_for()
        tab.keyboard.press("4")
        tab.locator(".answer-name", has_text=HOSTILE).wait_for()
        assert "'\"&amp;{n}" in tab.inner_text(".answers[role=img]")
        assert not tab.locator("img[src=x]").count()
        assert tab.title() != "1"
        context.close()
    finally:
        served.close()


@pytest.mark.parametrize(
    "name",
    ["a.png", "../a.png", "x/../../a.png", "x/./a.exe", "x/ . /a.png", "a/b.txt", "", "/a.png", "c/" + "d" * 300],
)
def test_what_is_no_picture_of_a_class_is_refused_and_nothing_is_written(name, tmp_path, monkeypatch):
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path))
    received = Received("..", Shelf())
    with pytest.raises(UsageError):
        received.add(name, b"x")
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("name", ["../../up/a.png", "/etc/x/a.png", "a\\..\\b/c.png", "~/.ssh/a.png", "..x/a.png"])
def test_a_class_stays_within_its_folder(name, tmp_path, monkeypatch):
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path))
    received = Received("../../x", Shelf())
    received.add(name, b"x")
    (written,) = tmp_path.rglob("*.png")
    assert received.folder.resolve() in written.resolve().parents
    assert written.name == "00000.png"
    assert tmp_path.resolve() in written.resolve().parents


def test_pictures_that_come_at_the_same_time_are_all_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path))
    received = Received("x", Shelf())
    with ThreadPoolExecutor(8) as senders:
        list(senders.map(lambda number: received.add("x/a/b.png", bytes([number])), range(256)))
    assert {path.read_bytes() for path in received.folder.rglob("*.png")} == {bytes([number]) for number in range(256)}


def test_folders_come_as_they_lie_on_the_disk_and_no_two_become_one(tmp_path, monkeypatch):
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path))
    received = Received("pets", Shelf())
    for name in ("train/cat", "test/cat", "train/cat.", "train/cat "):  # Windows and we take the last two for `cat`
        for number in range(2):
            received.add(f"pets/{name}/{number}.png", b"x")
    folders = {path.parent.relative_to(received.folder).as_posix() for path in received.folder.rglob("*.png")}
    assert folders == {"train/cat", "test/cat", "train/cat (2)", "train/cat (3)"}


def test_a_folder_that_was_learned_from_stays_and_one_that_was_not_goes(tmp_path, monkeypatch):
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path / "cache"))
    drawn(tmp_path / "pictures")
    served = Served(Source("digits")).loaded()
    try:
        studio = served.studio
        studio.receive("learned")
        for path in (tmp_path / "pictures").rglob("*.png"):
            studio.received.add(f"learned/{path.parent.name}/{path.name}", path.read_bytes())
        learned = studio.received.folder
        studio.learn_from_received("en")
        served.loaded()
        studio.open(Source("digits"), "en")
        served.loaded()
        studio.receive("not learned")
        studio.received.add("not learned/a/b.png", b"x")
        left = studio.received.folder
        studio.receive("next")
        assert (learned.exists(), left.exists()) == (True, False)
        assert not studio.newest.state["failed"]
    finally:
        served.close()
    assert not learned.exists()  # no run that was saved names it


def test_what_a_saved_run_names_stays_and_what_a_killed_studio_left_goes(tmp_path, monkeypatch):
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path / "cache"))
    before = tmp_path / "cache" / "studio" / "of-an-older-version"
    before.mkdir(parents=True)
    shelf, other = Shelf(), Shelf()
    kept, left = shelf.folder("kept"), shelf.folder("left")
    killed = (
        "import os; from rowwise.studio.shelf import Shelf; print(Shelf().folder('killed'), flush=True); os._exit(9)"
    )
    killed = Path(subprocess.run([sys.executable, "-c", killed], capture_output=True, text=True).stdout.strip())
    assert killed.exists()
    assert shelf.folder(before.name) == before
    assert other.folder("left") == left  # two studios, one table
    (kept / "houses.csv").write_text("a,b")
    shelf.keep(kept / "houses.csv")
    shelf.keep(tmp_path / "elsewhere" / "houses.csv")  # the user's own
    tidy()
    assert [folder.exists() for folder in (kept, left, killed, before)] == [True, True, False, True]
    other.clear()
    assert left.exists()
    shelf.clear()
    assert [folder.exists() for folder in (kept, left, killed, before)] == [True, False, False, True]
    assert Shelf().folder("kept") == kept
    Shelf().clear()
    tidy()
    assert (kept / "houses.csv").exists()
