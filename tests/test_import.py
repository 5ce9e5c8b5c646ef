"""What is quick must not load what is slow."""

import subprocess
import sys

import pytest

SLOW = ("keras", "jax", "jaxlib", "matplotlib", "sklearn", "scipy", "rich.console", "pooch", "PIL", "jinja2")


def loaded_by(code, names=SLOW):
    show = f"import sys; print(*[name for name in {names!r} if name in sys.modules], file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{show}"], capture_output=True, text=True, check=True)
    return done.stderr.splitlines()[-1].split()


def test_importing_rowwise_loads_neither_keras_nor_jax():
    assert loaded_by("import rowwise; dir(rowwise)") == []


@pytest.mark.parametrize(
    "command",
    ["", "train", "evaluate", "predict", "explain", "export", "data", "data list", "data show", "engines", "bench"],
)
def test_help_loads_neither_numpy_nor_polars(command):
    arguments = [*command.split(), "--help"]
    assert loaded_by(f"from rowwise.cli import main; main({arguments!r})", (*SLOW, "numpy", "polars")) == []


@pytest.mark.parametrize(
    "arguments", [["--help"], ["train", "--help"], ["data", "show", "--help"], ["train", "--epochs", "0"], ["traim"]]
)
def test_help_and_wrong_usage_load_neither_keras_nor_jax(arguments):
    assert loaded_by(f"from rowwise.cli import main; main({arguments!r})") == []


@pytest.mark.slow
def test_reading_data_loads_neither_keras_nor_jax():
    assert not {"keras", "jax", "matplotlib"} & set(loaded_by("import rowwise; rowwise.load('digits')"))


def test_a_refused_place_is_found_before_keras_is_imported(tmp_path):
    (tmp_path / "taken").touch()
    code = f"from rowwise.cli import main; assert main(['train', 'digits', '--out', {str(tmp_path)!r}]) == 2"
    assert loaded_by(code) == []
