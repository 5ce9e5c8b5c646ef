"""`rowwise data`: what there is, fetched, shown."""

import numpy as np
import pytest
from PIL import Image


def test_list_names_every_source_and_its_place(rowwise, from_json, monkeypatch):
    code, out, err = rowwise("data", "list")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["fashion-mnist", "garments", "digits"]
    assert "not on this machine" in out
    found = from_json("data", "list")["data"]
    assert found["fashion-mnist"] == {"embedded": False, "folder": None}
    assert found["digits"]["embedded"] is True


@pytest.mark.slow
def test_list_and_fetch_find_the_real_files(rowwise, from_json, fashion_mnist):
    assert str(fashion_mnist) in rowwise("data", "list")[1]
    assert from_json("data", "fetch", "fashion-mnist")["folder"] == str(fashion_mnist)


def test_fetch_has_nothing_to_do_for_what_is_embedded(rowwise, from_json):
    assert "nothing to fetch" in rowwise("data", "fetch", "digits")[1]
    assert from_json("data", "fetch", "Digits")["folder"] is None


def test_fetch_lists_places_and_mirrors_where_nothing_is_to_be_had(rowwise):
    code, out, err = rowwise("data", "fetch", "fashion-mnist")
    assert (code, out) == (2, "")
    assert "Places looked at" in err
    assert "127.0.0.1" in err


def test_show_counts_and_draws(rowwise, from_json, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = rowwise("data", "show", "digits")
    assert code == 0
    assert out
    assert "digits-sheet.png" in err
    with Image.open("digits-sheet.png") as sheet:
        assert sheet.format == "PNG"
    found = from_json("data", "show", "digits", "--out", "mine.png")
    assert {"train", "test", "sheet"} <= found.keys()
    assert (tmp_path / "mine.png").exists()


@pytest.mark.parametrize("shape", [(8, 8), (4,)])
def test_show_tells_of_targets_that_are_numbers_with_a_sheet_of_pictures_only(from_json, tmp_path, monkeypatch, shape):
    monkeypatch.chdir(tmp_path)
    y = np.arange(60) / 4
    np.savez("n.npz", x_train=np.ones((60, *shape), np.uint8), y_train=y, x_test=np.zeros((9, *shape)), y_test=y[:9])
    found = from_json("data", "show", "n.npz")
    assert found["train"]["targets"] == [{"name": "y", "min": 0.0, "max": 14.75, "mean": 7.375}]
    assert found["sheet"] == ("n-sheet.png" if len(shape) == 2 else None)


def test_show_counts_yes_and_no_of_each_label(rowwise, from_json, tmp_path):
    rows = [f"{n},{('no', 'yes')[n % 4 == 0]},{n % 2}" for n in range(80)]
    (tmp_path / "t.csv").write_text("x,urgent,spam\n" + "\n".join(rows), "utf-8")
    given = ("data", "show", str(tmp_path / "t.csv"), "--target", "urgent,spam", "--task", "multilabel")
    found = from_json(*given)
    counts = {
        one["name"]: sum(part["records"] for part in (one["classes"][1], other["classes"][1]))
        for one, other in zip(found["train"]["targets"], found["test"]["targets"], strict=True)
    }
    assert counts == {"urgent": 20, "spam": 40}
    assert "mean" not in (out := rowwise(*given)[1])
    assert "urgent (no: " in out


@pytest.mark.parametrize(
    ("out", "code", "words"),
    [("sheet.jpg", 2, "PNG"), ("taken.png", 1, "could not be written"), ("file/x.png", 1, "written")],
)
def test_a_sheet_that_cannot_be_written_is_said(rowwise, tmp_path, monkeypatch, out, code, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.png").mkdir()
    (tmp_path / "file").touch()
    found, _, err = rowwise("data", "show", "digits", "--out", out)
    assert found == code
    assert words in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "taken.png"]
