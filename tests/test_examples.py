"""The examples run as they stand."""

import importlib.util
import json
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
COURSE = EXAMPLES / "course.py"


@pytest.mark.slow
def test_the_course_trains_on_the_real_data_with_one_line_changed(fashion_mnist, capsys, fastest):
    spec = importlib.util.spec_from_file_location("course", COURSE)
    course = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(course)
    with pytest.warns(UserWarning, match="input_shape"):  # Keras's opinion of the course's first layer
        history = course.main(epochs=1)
    assert history.rowwise["engine"] == fastest
    assert history.history["val_accuracy"][0] > 0.8
    assert capsys.readouterr().out.startswith("{'accuracy': 0.8")


def test_the_course_uses_rowwise_for_nothing_but_data_and_fit():
    lines = [line.split("#")[0] for line in COURSE.read_text("utf-8").splitlines()]
    used = [line.strip() for line in lines if "rowwise." in line and not line.startswith('"""')]
    assert [line.split("(")[0].split(" = ")[-1] for line in used] == ["rowwise.load", "rowwise.fit"]


@pytest.mark.slow
def test_the_notebook_of_a_run_goes_from_top_to_bottom(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((EXAMPLES / "runs.ipynb").read_text("utf-8"))
    names = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    assert names["saved"].metrics["r2"] > 0.8
    assert [set(row) for row in names["prediction"].to_dicts()] == [{"price"}, {"price"}]
    assert (names["stopped"].record.interrupted, len(names["stopped"].record.epochs)) == (True, 3)
    out = capsys.readouterr().out
    assert "rooms, age, town" in out
    assert [line.split()[0] for line in out.splitlines()[-3:]] == ["1", "2", "3"]


def test_a_notebook_is_kept_without_what_it_once_printed():
    notebook = json.loads((EXAMPLES / "runs.ipynb").read_text("utf-8"))
    assert all(not cell["outputs"] for cell in notebook["cells"] if cell["cell_type"] == "code")
