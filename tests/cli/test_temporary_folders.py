"""What the commands unpack and write on the way goes with them, whether they succeed or not, and however they end."""

import tempfile

import numpy as np
import pytest

from rowwise.files import LOCK

TABLE = "a,b,y\n" + "".join(f"{n % 7},{n % 5},{'yes' if n % 3 else 'no'}\n" for n in range(40))


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Python's folder of temporary files: one that nobody else uses, with what a killed command has left there."""
    folder = tmp_path / "temporary"
    left = folder / "rowwise-process-killed"
    left.mkdir(parents=True)
    (left / LOCK).write_text("4711\n")
    (left / "model.weights.h5").write_bytes(b"half")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize("command", ["predict", "evaluate", "explain", "data", "train"])
def test_no_command_leaves_a_temporary_file(rowwise, trained, here, temporary, command):
    table, broken = here / "t.csv", here / "broken.keras"
    table.write_text(TABLE)
    broken.write_bytes(b"PK")
    images = here / "new.npy"
    np.save(images, np.zeros((2, 8, 8), "float32"))
    training = ["--target", "y", "--preset", "fast", "--epochs", "1", "--no-pictures"]
    good, bad = {
        "predict": (["predict", trained, images], ["predict", broken, images]),
        "evaluate": (["evaluate", trained], ["evaluate", broken]),
        "explain": (["explain", trained / "model.keras"], ["explain", broken]),
        "data": (["data", "show", table, "--target", "y"], ["data", "show", table, "--target", "z"]),
        "train": (["train", table, *training, "--out", here / "run"], ["train", table, "--target", "z"]),
    }[command]
    for arguments, expected in ((good, 0), (bad, 2)):
        code, _, err = rowwise(*arguments, "--lang", "en")
        assert code == expected, err
        assert list(temporary.iterdir()) == []


def test_a_folder_that_another_command_is_about_to_lock_is_left_alone(rowwise, temporary):
    begun = temporary / "rowwise-process-begun"
    begun.mkdir()
    (begun / LOCK).touch()  # opened, not yet taken
    assert rowwise("data", "list")[0] == 0
    assert list(temporary.iterdir()) == [begun]
