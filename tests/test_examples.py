"""The examples run as they stand."""

import importlib.util
from pathlib import Path

import pytest

COURSE = Path(__file__).parents[1] / "examples" / "course.py"


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
