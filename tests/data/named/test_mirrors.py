"""Downloads, from real servers on this machine."""

import hashlib
import io
import re
import sys

import pytest

import rowwise
from rowwise.data import fetch, load_default
from rowwise.data.named import fashion_mnist, mirrors
from rowwise.errors import DataNotFound, SaveError
from rowwise.text import use_language


def cached():
    folder = fashion_mnist.cache()
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize("failure", ["missing", "wrong", "cut"])
def test_the_next_mirror_is_asked_whatever_the_first_one_does(serve, published, failure):
    bad, good = serve(failure, "good")
    train, test = rowwise.load("fashion-mnist")
    assert (train.x.shape, test.x.shape) == ((40, 28, 28), (20, 28, 28))
    assert train.source["verified"]
    assert cached() == sorted(published)
    assert len(bad.asked) == 1, "a mirror that failed is asked last for the other files"
    assert sorted(good.asked) == sorted(published)


def test_a_mirror_that_hangs_is_given_up_and_the_next_one_asked(serve, published, tmp_path):
    hanging, good = serve("hangs", "good")
    files = {name: hashlib.md5(content).hexdigest() for name, content in published.items()}
    assert mirrors.fetch(files, tmp_path, [hanging.url, good.url], timeout=(5, 2)) == []
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == published
    assert len(hanging.asked) == 1, "a mirror that failed is asked last for the other files"
    assert sorted(good.asked) == sorted(published)


def test_when_all_mirrors_hang_their_answers_say_so_and_nothing_is_left(serve, published, tmp_path):
    first, second = serve("hangs", "hangs")
    files = {name: hashlib.md5(content).hexdigest() for name, content in published.items()}
    answers = mirrors.fetch(files, tmp_path, [first.url, second.url], timeout=(5, 0.3))
    file = next(iter(published))
    assert answers == [f"{mirror.url}{file}: no answer in time" for mirror in (first, second)]
    assert list(tmp_path.iterdir()) == []


def test_a_mirror_that_does_not_exist_is_passed_over(serve, monkeypatch):
    (good,) = serve("good")
    monkeypatch.setenv("ROWWISE_MIRRORS", f"http://127.0.0.1:9/, no address at all ,,{good.url}")
    assert len(rowwise.load("fashion-mnist")[0]) == 40


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        ("missing", "HTTP 404 Not Found"),
        ("wrong", "MD5 differs"),
        ("cut", "connection was cut"),
    ],
)
def test_when_all_fail_the_error_lists_places_and_answers_and_nothing_is_left(serve, failure, words, monkeypatch):
    first, second = serve(failure, failure)
    monkeypatch.setenv("ROWWISE_DATA", "/no/such/place")
    with pytest.raises(DataNotFound) as caught:
        rowwise.load("fashion-mnist")
    told = str(caught.value)
    assert "$ROWWISE_DATA (/no/such/place): no such folder" in told
    assert "Keras's cache (" in told
    assert "rowwise's cache (" in told
    for mirror in (first, second):
        assert f"{mirror.url}train-images-idx3-ubyte.gz: " in told
    assert told.count(words) == 2
    assert cached() == []


def test_no_connection_is_told_in_both_languages():
    for lang, words in (("en", "no connection"), ("ko", "연결할 수 없음")):
        with use_language(lang), pytest.raises(DataNotFound, match=words):
            rowwise.load("fashion-mnist")


def test_what_is_cached_is_not_fetched_again(serve):
    (mirror,) = serve("good")
    rowwise.load("fashion-mnist")
    mirror.asked.clear()
    rowwise.load("fashion-mnist")
    assert fetch("fashion-mnist") == fashion_mnist.cache()
    assert mirror.asked == []


def test_a_download_goes_on_with_the_files_that_are_missing(serve, put):
    put(fashion_mnist.cache(), without=("t10k-images-idx3-ubyte.gz",))
    (mirror,) = serve("good")
    rowwise.load("fashion-mnist")
    assert mirror.asked == ["t10k-images-idx3-ubyte.gz"]


def test_the_files_that_came_before_all_mirrors_failed_are_kept(serve):
    (mirror,) = serve("good")
    del mirror.files["t10k-images-idx3-ubyte.gz"]  # the handler's KeyError closes the connection
    mirror.server.handle_error = lambda *_: None
    with pytest.raises(DataNotFound, match=r"2 of 4 files; missing: t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte"):
        rowwise.load("fashion-mnist")
    assert cached() == ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]


def test_a_broken_file_in_the_cache_is_fetched_again(serve, put, published):
    name = "train-labels-idx1-ubyte.gz"
    put(fashion_mnist.cache(), {name: published[name][:20]})
    (mirror,) = serve("good")
    assert len(rowwise.load("fashion-mnist")[0]) == 40
    assert mirror.asked == [name]


def test_a_cache_that_cannot_be_a_folder_is_one_clear_error(serve, tmp_path, monkeypatch):
    (mirror,) = serve("good")
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path / "file"))
    with pytest.raises(SaveError, match=r"file/fashion-mnist: a part of the path is a file.*ROWWISE_CACHE") as caught:
        rowwise.load("fashion-mnist")
    assert caught.value.exit_code == 1
    assert mirror.asked == []


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(serve):
    resource = pytest.importorskip("resource")
    serve("good", "good")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))  # as a full disk: a write in the middle is refused
    try:
        with pytest.raises(SaveError, match="File too large") as caught:
            rowwise.load("fashion-mnist")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "Nothing half-written" in str(caught.value)
    assert cached() == []


@pytest.mark.slow
def test_without_a_name_the_garments_step_in_and_say_why(tmp_path, monkeypatch):
    train, test, warning = load_default()
    assert (train.name, len(train), len(test)) == ("garments", 12_000, 2_000)
    assert "could not be fetched" in warning
    assert warning.endswith("drawn clothes, NOT Fashion-MNIST.")
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path / "file"))
    assert "ROWWISE_CACHE" in load_default()[2]


def test_without_a_name_fashion_mnist_is_taken_where_it_can_be_had(serve):
    serve("good")
    train, _, warning = load_default()
    assert (train.name, warning) == ("fashion-mnist", None)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_terminal_sees_a_bar_for_each_file_that_ends_full(serve, monkeypatch, lang):
    serve("cut", "good")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    with use_language(lang):
        rowwise.load("fashion-mnist")
    last = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", terminal.getvalue()).split("\n")[-5:-1]
    words = {"en": "fetching {}", "ko": "{} 받는 중"}[lang]
    for name, line in zip(fashion_mnist.FILES, last, strict=True):
        assert words.format(f"{name}.gz") in line
        got, total = re.search(r"([\d.]+)/([\d.]+) (?:bytes|kB)", line).groups()
        assert got == total


def test_nobody_watching_sees_nothing(serve, capsys):
    serve("cut", "good")
    rowwise.load("fashion-mnist")
    assert capsys.readouterr() == ("", "")
