"""A path that the system does not let us look at ends in a sentence, whichever command meets it."""

import os

import pytest

LONG = "a" * 300  # a name that no file system takes: asking whether it is there is an error


@pytest.mark.parametrize(
    "command",
    [
        *("data show {}.csv --target y", "data show {}/t.csv", "data show {}.npz", "evaluate {}", "explain {}.keras"),
        *("explain {}/x/model.keras", "predict {} new.csv", "train --resume {}", "train {}/t.csv --target y"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_path_that_cannot_be_looked_at_is_refused_in_words(rowwise, here, command, lang):
    code, _, err = rowwise(*command.format(LONG).split(), "--lang", lang)
    assert (code, err.count("\n")) == (2, 1)
    assert ("the name is too long" if lang == "en" else "이름이 너무 깁니다") in err


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may look everywhere")
@pytest.mark.parametrize(
    "command", ["data show shut/t.csv", "evaluate shut", "explain shut/m.keras", "train --resume shut"]
)
def test_a_folder_that_must_not_be_looked_into_is_refused_in_words(rowwise, here, command):
    (here / "shut").mkdir(mode=0)
    try:
        code, _, err = rowwise(*command.split(), "--lang", "en")
    finally:
        (here / "shut").chmod(0o755)
    assert (code, err.count("\n")) == (2, 1)
    assert "permission is denied" in err


def test_links_in_a_circle_are_said_to_be_some(rowwise, here):
    (here / "run").mkdir()
    (here / "run" / "run.json").symlink_to("run.json")
    code, _, err = rowwise("evaluate", "run", "--lang", "en")
    assert (code, err.count("\n")) == (2, 1)
    assert "its links lead round in a circle" in err
