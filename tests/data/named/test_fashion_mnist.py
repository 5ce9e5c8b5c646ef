"""Where the four files are looked for, and what is made of them."""

import gzip
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from idx_files import write_idx

import rowwise
from rowwise.data import fetch
from rowwise.data.named import fashion_mnist
from rowwise.errors import DataError, DataNotFound
from rowwise.text import use_language


def keras_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "datasets" / "fashion-mnist"


def test_places_are_looked_at_in_this_order(put, tmp_path, monkeypatch):
    monkeypatch.setenv("ROWWISE_DATA", str(tmp_path / "mine"))
    order = [
        (tmp_path / "mine", "named"),
        (tmp_path / "mine" / "fashion-mnist", "named"),
        (keras_folder(monkeypatch, tmp_path), "keras"),
        (fashion_mnist.cache(), "rowwise"),
    ]
    for folder, kind in reversed(order):
        put(folder)
        train, _ = rowwise.load("fashion-mnist")
        assert (train.source["place"], train.source["folder"]) == (kind, str(folder))
        assert fetch("fashion-mnist") == folder


def test_the_places_have_these_defaults(monkeypatch):
    for name in ("KERAS_HOME", "ROWWISE_CACHE"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("XDG_CACHE_HOME", "/home/somebody/caches")
    monkeypatch.setenv("ROWWISE_DATA", "~/data")
    folders = [place.folder for place in fashion_mnist.places()]
    assert folders[:3] == [
        Path("/home/somebody/data"),
        Path("/home/somebody/data/fashion-mnist"),
        Path("/home/somebody/.keras/datasets/fashion-mnist"),
    ]
    assert folders[3].parts[-2:] == ("rowwise", "fashion-mnist")


@pytest.mark.slow
def test_keras_itself_looks_where_we_look_for_its_files(put, tmp_path, monkeypatch):
    folder = put(keras_folder(monkeypatch, tmp_path))
    # Keras reads KERAS_HOME once, when it is imported.
    code = "import numpy, keras; (x, y), _ = keras.datasets.fashion_mnist.load_data(); numpy.savez('read', x=x, y=y)"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, timeout=600)
    train, _ = rowwise.load("fashion-mnist")
    assert train.source["folder"] == str(folder)
    with np.load(tmp_path / "read.npz") as read:
        np.testing.assert_array_equal(train.x, read["x"])
        np.testing.assert_array_equal(train.y, read["y"])


@pytest.mark.parametrize("plain", [(), ("train-images-idx3-ubyte",), tuple(fashion_mnist.FILES)])
def test_plain_files_do_as_well_as_gzipped_ones(put, published, tmp_path, monkeypatch, plain):
    unpacked = {name: gzip.decompress(published[f"{name}.gz"]) for name in plain}
    folder = put(tmp_path / "mine", unpacked, without=[f"{name}.gz" for name in plain])
    monkeypatch.setenv("ROWWISE_DATA", str(folder))
    train, test = rowwise.load("fashion-mnist")
    assert train.source["verified"]
    put(tmp_path / "packed")
    monkeypatch.setenv("ROWWISE_DATA", str(tmp_path / "packed"))
    assert [part.checksum for part in rowwise.load("fashion-mnist")] == [train.checksum, test.checksum]


def test_published_files_are_said_to_be_published(put, tmp_path, monkeypatch):
    monkeypatch.setenv("ROWWISE_DATA", str(put(tmp_path / "mine")))
    for part in rowwise.load("fashion-mnist"):
        assert part.provenance == "Fashion-MNIST (Zalando Research), the published files"
        assert "공개된 파일" in part.provenance_ko
        assert set(part.source["md5"]) == set(fashion_mnist.FILES)


def test_other_files_in_a_named_folder_are_used_and_said_to_be_others(put, published, tmp_path, monkeypatch):
    name = "train-labels-idx1-ubyte.gz"
    labels = bytearray(gzip.decompress(published[name]))
    labels[-1] = 3
    folder = put(tmp_path / "mine", {name: gzip.compress(labels)})
    monkeypatch.setenv("ROWWISE_DATA", str(folder))
    train, _ = rowwise.load("fashion-mnist")
    assert train.y[-1] == 3
    assert not train.source["verified"]
    assert train.provenance == f"files named like Fashion-MNIST in {folder}, NOT the published ones"


def test_other_files_in_a_cache_are_passed_over(put, published, tmp_path, monkeypatch):
    name = "train-labels-idx1-ubyte.gz"
    put(keras_folder(monkeypatch, tmp_path), {name: published[name][:-9]})  # what an interrupted download leaves
    put(fashion_mnist.cache())
    assert rowwise.load("fashion-mnist")[0].source["place"] == "rowwise"
    assert fashion_mnist.find().kind == "rowwise"


def test_a_broken_cache_is_named_when_nothing_else_helps(put, published, tmp_path, monkeypatch):
    name = "train-labels-idx1-ubyte.gz"
    put(keras_folder(monkeypatch, tmp_path), {name: published[name][:-9]})
    with pytest.raises(DataNotFound, match=rf"Keras's cache \(.*\): not the published files: {name}"):
        rowwise.load("fashion-mnist")


def test_a_named_folder_that_lacks_files_is_named_with_what_it_lacks(put, tmp_path, monkeypatch):
    folder = put(tmp_path / "mine", without=("t10k-labels-idx1-ubyte.gz",))
    monkeypatch.setenv("ROWWISE_DATA", str(folder))
    words = rf"\$ROWWISE_DATA \({folder}\): 3 of 4 files; missing: t10k-labels-idx1-ubyte"
    with pytest.raises(DataNotFound, match=words):
        rowwise.load("fashion-mnist")
    with use_language("ko"), pytest.raises(DataNotFound, match="파일 4개 중 3개만 있음"):
        rowwise.load("fashion-mnist")
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("ROWWISE_DATA", str(tmp_path / "empty"))
    with pytest.raises(DataNotFound, match=r"empty\): none of the four files"):
        rowwise.load("fashion-mnist")


def idx(shape, values=b""):
    return struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape) + values


IMAGES, LABELS = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
BROKEN = {
    "truncated": (IMAGES, lambda good: good[: len(good) // 2], "cut off after"),
    "corrupt": (IMAGES, lambda good: good[:100] + bytes(100) + good[200:], "corrupt gzip|cut off|begins with"),
    "empty": (LABELS, lambda good: b"", "begins with —"),
    "wrong magic": (IMAGES, lambda good: b"<html>", "begins with 3c 68 74 6d"),
    "fewer labels": (LABELS, lambda good: idx((19,), bytes(19)), "holds 20 images, but .* holds 19 labels"),
    "a label outside": (LABELS, lambda good: idx((20,), bytes(18) + b"\x0a\x63"), r"label 10 .* 0 to 9 \(2 labels"),
    "images for labels": (LABELS, lambda good: idx((20, 28, 28), bytes(15680)), r"expected \(records,\) integers"),
    "labels for images": (IMAGES, lambda good: idx((20,), bytes(20)), r"expected \(records, 28, 28\) uint8"),
    "larger images": (IMAGES, lambda good: idx((20, 32, 32), bytes(20480)), r"holds \(20, 32, 32\) uint8"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_in_a_named_folder_is_one_error_that_names_it(put, published, tmp_path, monkeypatch, what):
    name, broken, words = BROKEN[what]
    folder = put(tmp_path / "mine", {name: broken(published[name])})
    put(fashion_mnist.cache())  # good, but the user named another folder
    monkeypatch.setenv("ROWWISE_DATA", str(folder))
    with pytest.raises(DataError, match=words) as caught:
        rowwise.load("fashion-mnist")
    assert str(folder / name) in str(caught.value)
    assert caught.value.exit_code == 2
    with use_language("ko"):
        assert str(folder / name) in str(caught.value)


def test_floating_images_are_refused_by_their_type(put, tmp_path, monkeypatch):
    folder = put(tmp_path / "mine", without=(IMAGES,))
    write_idx(folder / IMAGES, np.full((20, 28, 28), np.nan, np.float32))
    monkeypatch.setenv("ROWWISE_DATA", str(folder))
    with pytest.raises(DataError, match=r"holds \(20, 28, 28\) float32; expected \(records, 28, 28\) uint8"):
        rowwise.load("fashion-mnist")


def test_the_real_files_are_read_whole(fashion_mnist):
    train, test = rowwise.load("fashion-mnist")
    assert (train.x.shape, test.x.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert train.source["verified"]
    assert set(train.counts) == {6000}
    assert set(test.counts) == {1000}
    assert train.checksum == "7cf77c48bdf0ecdad06b0750f8d4ba47bd8f200e5e75e1e8ace50b71c23c7e72"
    assert test.checksum == "13c850c376cbcde6399c68041380f94122902720958d9aa84cf998d28b4e62ea"
    assert (train.classes[9], train.classes_ko[9]) == ("Ankle boot", "앵클부츠")


def test_the_published_sums_of_the_unpacked_files_are_right(fashion_mnist, tmp_path, monkeypatch):
    from rowwise.data.named.fashion_mnist import FILES

    for name in FILES:
        (tmp_path / name).write_bytes(gzip.decompress((fashion_mnist / f"{name}.gz").read_bytes()))
    monkeypatch.setenv("ROWWISE_DATA", str(tmp_path))
    assert rowwise.load("fashion-mnist")[0].source["verified"]
