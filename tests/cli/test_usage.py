"""Wrong usage is one clear line in the user's language; help fits the terminal."""

import inspect
import os
import re
import subprocess
import sys

import pytest
from rich.cells import cell_len

import rowwise as package
from rowwise.commands.options import ENGINES
from rowwise.engine.plan import ENGINES as REAL_ENGINES
from rowwise.engine.request import USUAL_BATCH
from rowwise.runs.settings import Settings

COMMANDS = (
    [],
    ["train"],
    ["evaluate"],
    ["predict"],
    ["data"],
    ["data", "list"],
    ["data", "fetch"],
    ["data", "show"],
    ["questions"],
    ["bench"],
)

# What is wrong → words of the English message.
WRONG = {
    "trian": r"did you mean train",
    "data lst": r"did you mean list",
    "nonsense": r"no command .* train, .*, explain, questions, export, serve, studio, data, engines",
    "train --epoch 3": r"did you mean --epochs",
    "train digits garments": r"not understood: garments",
    "train --epochs": r"--epochs needs a value",
    "train --quiet=3": r'takes no value; found "3"',
    "evaluate": r"MODEL is missing",
    "predict run": r"FILE is missing",
    "train --epochs 0": r'--epochs: .*at least 1; found "0"',
    "train --epochs 1.5": r"--epochs: .*whole number",
    "train --batch-size 0": r"--batch-size: .*at least 1",
    "train --seed -1": r"--seed: .*at least 0",
    "train --seed 4294967296": r"--seed: .*at most 4294967295",
    "train --validation 1": r"--validation: .*less than 1",
    "train --validation -0.1": r"--validation: ",
    "train --dropout 1": r"--dropout: .*less than 1",
    "train --dropout nan": r"--dropout: ",
    "train --learning-rate nan": r"--learning-rate: .*finite number greater than 0",
    "train --learning-rate 0": r"--learning-rate: ",
    "train --learning-rate inf": r"--learning-rate: ",
    "train --learning-rate=-inf": r"--learning-rate: ",
    "train --hidden 100,abc": r'--hidden: .*such as 100,30.*found "100,abc"',
    "train --hidden 0": r"--hidden: ",
    "train --hidden 100,": r"--hidden: ",
    "train --hidden -5": r"--hidden: ",
    "train --engine fast": r"--engine: .*auto, native, whole_epoch, keras",
    "train --lang fr": r"--lang: .*en, ko",
    "train fashon-mnist": r"did you mean fashion-mnist",
    "train nothing": r"fashion-mnist, garments, digits",
    "evaluate run nothing": r"fashion-mnist, garments, digits",
    "data fetch garmets": r"did you mean garments",
}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_usage_is_one_line_with_what_was_expected(rowwise, line):
    code, out, err = rowwise(*line.split())
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert re.search(WRONG[line], err, re.IGNORECASE)


@pytest.mark.parametrize("line", WRONG)
def test_in_korean_nothing_is_left_in_english(rowwise, line):
    code, _, err = rowwise(*line.replace("--lang fr", "--engine fr").split(), "--lang", "ko")
    assert code == 2
    assert re.search("[가-힣]", err)
    assert not re.search(r"argument|invalid|expected|required|requires|choose|See |found|choice|[Oo]ption |such", err)


@pytest.mark.parametrize("arguments", [[], ["data"]])
def test_without_a_command_the_help_is_shown_as_an_error(rowwise, arguments):
    code, out, err = rowwise(*arguments)
    assert (code, out) == (2, "")
    assert "usage: rowwise" in err


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_fits_80_columns_and_is_in_one_language(rowwise, monkeypatch, command, lang):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = rowwise(*command, "--help", "--lang", lang)
    assert (code, err) == (0, "")
    assert max(cell_len(line) for line in out.splitlines()) <= 80
    assert ("usage:" in out, "사용법:" in out) == (lang == "en", lang == "ko")
    if lang == "ko":
        assert not re.search(r"show this|options:|arguments|default:", out)


def test_the_language_may_stand_before_or_after_the_command(rowwise):
    assert "클래스" in rowwise("--lang", "ko", "data", "--help")[1]
    assert "클래스" in rowwise("data", "--help", "--lang=ko")[1]


def test_the_version_is_the_packages(rowwise):
    assert rowwise("--version")[:2] == (0, f"rowwise {package.__version__}\n")


def test_the_defaults_are_those_of_the_python_functions():
    built, fitted = (inspect.signature(f).parameters for f in (package.dense, package.fit))
    usual = Settings()
    digits, _ = package.load("digits")
    model = package.dense(digits)
    assert [layer.units for layer in model.layers[2:]] == [*usual.hidden, 10]
    assert float(model.optimizer.learning_rate) == pytest.approx(usual.learning_rate)
    assert built["activation"].default == usual.activation
    assert (fitted["seed"].default or 0) == usual.seed
    assert usual.batch_size == USUAL_BATCH  # of `fit`, where none is given
    assert ENGINES == REAL_ENGINES


def test_an_unexpected_error_is_one_line_and_its_traceback_can_be_had(rowwise, monkeypatch, capsys):
    def broken():
        raise TypeError("something\nlong")

    monkeypatch.setattr("rowwise.data.names", broken)
    code, out, err = rowwise("data", "list")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "TypeError: something. ROWWISE_DEBUG=1" in err
    monkeypatch.setenv("ROWWISE_DEBUG", "1")
    assert package.cli.main(["data", "list"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes."),
        ImportError("libjax_common.so: failed to map segment from shared object"),
    ],
)
def test_too_little_memory_is_said_in_words(rowwise, monkeypatch, error):
    def hungry():
        raise error

    monkeypatch.setattr("rowwise.data.names", hungry)
    code, _, err = rowwise("data", "list")
    assert code == 1
    assert "Not enough memory" in err


def in_a_shell(line, **environment):
    command = line.replace("rowwise", f"{sys.executable} -m rowwise")
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, env={**os.environ, **environment}
    )


@pytest.mark.parametrize("line", ["rowwise --help | true", "rowwise data list | true", "rowwise data list >&-"])
def test_a_reader_that_goes_away_is_no_error(line):
    done = in_a_shell(line)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_behind_standard_output_is_said():
    done = in_a_shell("rowwise data list > /dev/full")
    assert done.returncode == 1
    assert done.stderr == "rowwise: Standard output cannot be written: no space is left on the disk.\n"


def test_a_terminal_without_our_letters_gets_escapes():
    done = in_a_shell("rowwise data list --lang ko", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "\\uc2e4" in done.stdout
