"""A trained run for every test that only needs one, and the command line in this process."""

import json

import pytest

from rowwise.cli import main


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The folder of a run on the digits, with pictures: 2 epochs of 20 hidden units."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    quick = ["--hidden", "20", "--epochs", "2", "--quiet", "--out", str(folder)]
    assert main(["train", "digits", "--lang", "en", *quick]) == 0
    return folder


@pytest.fixture
def here(monkeypatch, tmp_path):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def no_pictures():
    """`rowwise train` gets `--no-pictures`: drawing takes a second, and most tests look at the rest."""


@pytest.fixture
def rowwise(capsys, request):
    """Runs `rowwise …`: its exit code, standard output and standard error."""

    def run(*arguments):
        capsys.readouterr()
        without = ["--no-pictures"] if arguments[:1] == ("train",) and "no_pictures" in request.fixturenames else []
        code = main([*(str(argument) for argument in arguments), *without])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return run


@pytest.fixture
def from_json(rowwise):
    """Runs `rowwise … --json`: the object, once it is sure that nothing else was printed there."""

    def run(*arguments, code=0):
        found, out, _ = rowwise(*arguments, "--json")
        assert found == code
        assert out.count("\n") == 1
        return json.loads(out)

    return run
