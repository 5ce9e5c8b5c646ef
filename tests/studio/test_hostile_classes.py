"""A folder of pictures whose classes are called as a page must not read them: they stay text, from end to end."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from studio_server import Served

from rowwise.data.source import Source
from rowwise.errors import UsageError
from rowwise.studio.received import Received

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
    received = Received("..")
    with pytest.raises(UsageError):
        received.add(name, b"x")
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("name", ["../../up/a.png", "/etc/x/a.png", "a\\..\\b/c.png", "~/.ssh/a.png", "..x/a.png"])
def test_a_class_stays_within_its_folder(name, tmp_path, monkeypatch):
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path))
    received = Received("../../x")
    received.add(name, b"x")
    (written,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert written.resolve().parent.parent == received.folder.resolve()
    assert written.name == "00000.png"
    assert tmp_path.resolve() in written.resolve().parents


def test_pictures_that_come_at_the_same_time_are_all_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path))
    received = Received("x")
    with ThreadPoolExecutor(8) as senders:
        list(senders.map(lambda number: received.add("x/a/b.png", bytes([number])), range(256)))
    assert {path.read_bytes() for path in received.folder.rglob("*.png")} == {bytes([number]) for number in range(256)}


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
