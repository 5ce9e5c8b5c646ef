"""What notebooks show: objects as tables, progress in place, an error as its sentence; in both languages."""

import re

import keras
import numpy as np
import polars as pl
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import rowwise

HOSTILE = '<script>alert(1)</script>"&'


@pytest.fixture(autouse=True)
def _system_language():
    yield
    rowwise.set_language(None)


@pytest.fixture(scope="module")
def houses() -> pl.DataFrame:
    random = np.random.default_rng(0)
    rooms = random.normal(6, 1, 120)
    town = random.choice(["hill", HOSTILE], 120)
    return pl.DataFrame({"rooms": rooms, "town": town, "dear": np.where(rooms > 6, "yes", HOSTILE), "price": 3 * rooms})


@pytest.fixture(scope="module")
def objects(houses, tmp_path_factory) -> dict[str, object]:
    """One of everything that a notebook shows."""
    folder = tmp_path_factory.mktemp("runs")
    settings = {"preset": "fast", "hidden": [4], "epochs": 3, "pictures": False, "verbose": 0}
    saved = rowwise.train(houses.drop("price"), "dear", out=folder / "classes", **settings)
    numbers = rowwise.train(houses.drop("dear"), "price", out=folder / "numbers", **settings)
    train, test = rowwise.load(houses.drop("price"), target="dear")
    model = rowwise.dense(train, hidden=(4,), seed=0)
    history = rowwise.fit(model, train, epochs=3, validation=0.2, verbose=0)
    return {
        "run": saved,
        "report": rowwise.evaluate(model, test),
        "report of numbers": numbers.evaluate(rowwise.load(houses.drop("dear"), target="price")[1]),
        "prediction": saved.predict(houses),
        "prediction of numbers": numbers.predict(houses),
        "history": history,
        "schema": train.schema,
        "data": train,
        "array": rowwise.shapes.show(np.arange(6.0).reshape(2, 3), [HOSTILE, "b", "c"]),
        "trace": rowwise.shapes.trace(model, test.x, 0, 1),
    }


KINDS = (
    *("run", "report", "report of numbers", "prediction", "prediction of numbers", "history", "schema", "data"),
    *("array", "trace"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_it_shows_itself_escaped_in_both_languages_light_and_dark(objects, kind):
    shown = {}
    for lang in ("en", "ko"):
        rowwise.set_language(lang)
        shown[lang] = objects[kind]._repr_html_()
        assert f'lang="{lang}"' in shown[lang]
        assert "<script" not in shown[lang]
        assert not re.search(r"https?://(?!www\.w3\.org)| id=| on\w+=", shown[lang])
        for theme in ("data-jp-theme-light=false", "prefers-color-scheme:dark"):
            assert theme in shown[lang]
    assert shown["en"] != shown["ko"]
    assert re.search("[가-힣]", shown["ko"]) or kind == "array"  # which is a text already


def test_what_is_shown_are_the_objects_own_figures(objects):
    rowwise.set_language("en")
    report, history = objects["report"], objects["history"]
    assert f"<td>{report.f1:.4f}</td>" in report._repr_html_()
    assert f"<td>{history.history['val_loss'][-1]:.4f}</td>" in history._repr_html_()
    values = objects["prediction of numbers"].values
    assert f"{values[0, 0]:.6g}" in objects["prediction of numbers"]._repr_html_()
    assert "rooms" in objects["schema"]._repr_html_()
    assert f"{objects['data'].x.shape}" in objects["data"]._repr_html_()


def test_an_array_that_is_shown_is_still_its_text():
    shown = rowwise.shapes.show([[1, 2], [3, 4]])
    assert isinstance(shown, str)
    assert repr(shown) == str(shown)
    assert shown.startswith("(2, 2)")


@pytest.fixture
def notebook():
    """A shell that has a kernel, as Jupyter's and Colab's have."""
    shell = InteractiveShell.instance()
    shell.kernel = object()
    yield shell
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


def test_progress_is_a_bar_in_place_and_nothing_is_red(notebook, capsys):
    x = np.random.default_rng(0).random((64, 5), np.float32)
    y = (x[:, 0] > 0.5).astype(int)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    with capture_output() as output:
        history = rowwise.fit(model, x, y, epochs=4)
    assert output.stderr == capsys.readouterr().err == ""
    last = output.outputs[-1].data["text/html"]
    assert '<progress value="4" max="4">' in last
    assert f"{history.history['loss'][-1]:.4f}" in last
    with capture_output() as output:
        rowwise.fit(model, x, y, epochs=2, verbose=0)
    assert not output.outputs


def test_an_error_is_the_line_and_its_sentence(notebook, objects):
    notebook.user_ns["model"] = objects["run"].model
    with capture_output() as output:
        notebook.run_cell("import rowwise, numpy as np\nx = np.zeros((3, 7), 'float32')\nrowwise.predict(model, x)")
    lines = output.stdout.strip().splitlines()
    assert lines[0].strip() == "3  rowwise.predict(model, x)"
    assert lines[1].startswith("ShapeError: ")
    assert "7" in lines[1]
    assert len(lines) <= 3


def test_a_language_that_is_set_holds_in_all_threads_and_only_known_ones_are_taken():
    from threading import Thread

    from rowwise.text import language

    rowwise.set_language("ko")
    found = []
    thread = Thread(target=lambda: found.append(language()))
    thread.start()
    thread.join()
    assert found == ["ko"]
    with pytest.raises(rowwise.RowwiseError, match="fr"):
        rowwise.set_language("fr")
    rowwise.set_language(None)
    assert language() == "en"
