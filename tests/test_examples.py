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


def shown(name, tmp_path, monkeypatch):
    """The values of a notebook's names, and of each cell's last line what a notebook shows, run by IPython itself."""
    from IPython.core.interactiveshell import InteractiveShell

    monkeypatch.chdir(tmp_path)
    notebook = json.loads((EXAMPLES / name).read_text("utf-8"))
    shell, html = InteractiveShell(), []
    try:
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                result = shell.run_cell("".join(cell["source"]))
                result.raise_error()
                if result.result is not None:
                    html.append(shell.display_formatter.format(result.result)[0].get("text/html", ""))
        return dict(shell.user_ns), html
    finally:
        shell.history_manager.end_session()
        shell.restore_sys_module_state()


@pytest.mark.slow
def test_the_notebook_of_the_course_shows_every_shape(tmp_path, monkeypatch):
    names, html = shown("course.ipynb", tmp_path, monkeypatch)
    assert names["report"].accuracy > 0.7
    assert len(html) == 6
    assert all("<" in one for one in html)
    data, ledger, history, report, trace, mistake = html
    assert "garments" in data
    assert "(784, 100)" in ledger
    assert "val_loss" in history
    assert f"{names['report'].accuracy:.4f}" in report
    assert f"{names['trace'].model_value:.4f}" in trace
    assert "(784, 50)" in mistake


@pytest.mark.slow
def test_the_notebook_of_pictures_tells_circles_from_squares(tmp_path, monkeypatch):
    names, html = shown("pictures.ipynb", tmp_path, monkeypatch)
    assert names["saved"].metrics["accuracy"] > 0.9
    assert "circle" in html[0]
    assert "circle" in html[1]
    assert "square" in html[1]


@pytest.mark.slow
def test_the_notebook_from_keras_changes_one_line(tmp_path, monkeypatch):
    names, html = shown("from_keras.ipynb", tmp_path, monkeypatch)
    assert names["accuracy"] > 0.9
    assert names["history"].rowwise["engine"] in html[0]
    assert "64" in html[2]
    assert "60" in html[2]


@pytest.mark.slow
def test_the_notebook_from_scikit_learn_searches_and_saves(tmp_path, monkeypatch):
    names, html = shown("scikit_learn.ipynb", tmp_path, monkeypatch)
    assert names["scores"].mean() > 0.8
    assert "yes" in html[-1]


@pytest.mark.parametrize("notebook", sorted(path.name for path in EXAMPLES.glob("*.ipynb")))
def test_a_notebook_is_kept_without_what_it_once_printed(notebook):
    cells = json.loads((EXAMPLES / notebook).read_text("utf-8"))["cells"]
    assert all(not cell["outputs"] for cell in cells if cell["cell_type"] == "code")
