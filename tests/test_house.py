"""What import-linter cannot see: who reads private names, the environment, and who acts on the whole process."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

import rowwise

SOURCE = Path(rowwise.__file__).parent
DOCUMENTED = {"_replace", "_asdict", "_fields", "_make"}  # of named tuples
WORKERS = ("data/pictures/workers.py",)  # within the processes that it starts
OWN = ("commands/", "cli.py", "__main__.py", "benchmarks/", "terminal/")  # a command may act on its process


@cache  # where these tests run: every worker collects them
def modules():
    return {path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text("utf-8")) for path in SOURCE.rglob("*.py")}


def attributes(tree):
    return (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))


def dotted(node):
    """`os.environ` of the expression; empty for anything but names and attributes."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


def defined(tree):
    """Names of functions and methods: another object of the same class is no stranger."""
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_only_keras_view_reads_a_private_name_of_another_object():
    strangers = [
        f"{name}:{node.lineno} {dotted(node)}"
        for name, tree in modules().items()
        if not name.startswith("models/keras_view/")
        for node in attributes(tree)
        if node.attr.startswith("_") and not node.attr.startswith("__")
        if node.attr not in DOCUMENTED | defined(tree)
        if dotted(node.value).partition(".")[0] not in ("self", "cls", "sys", "os")
    ]
    assert not strangers


def test_classes_of_keras_are_compared_as_classes_and_not_by_their_names():
    named = [
        f"{name}:{node.lineno}"
        for name, tree in modules().items()
        if not name.startswith("models/keras_view/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        if isinstance(side, ast.Attribute) and side.attr == "__name__" and isinstance(side.value, ast.Call)
        if dotted(side.value.func) == "type"
    ]
    # pandas, which need not be installed; a name to be shown, where it is another.
    allowed = {"data/tables/frames.py", "shapes/ledger/facts.py"}
    assert not [place for place in named if place.rpartition(":")[0] not in allowed]


def test_the_ledger_takes_the_name_of_a_class_only_to_show_it():
    """What a layer computes is `keras_view.layer_kind`'s to say: a user's own class may be called Dense."""
    tree = modules()["shapes/ledger/facts.py"]
    shown = [node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "class_name"]
    within = {id(part) for value in shown for part in ast.walk(value)}
    elsewhere = [
        node.lineno
        for node in attributes(tree)
        if node.attr == "__name__" and ast.unparse(node.value) == "type(layer)" and id(node) not in within
    ]
    assert not elsewhere


@pytest.mark.parametrize(
    ("call", "allowed"),
    [
        ("warnings.filterwarnings", ()),
        ("warnings.simplefilter", ()),
        ("warnings.catch_warnings", ()),
        ("os.dup2", WORKERS),
        ("os.environ.setdefault", ("__init__.py",)),  # KERAS_BACKEND, which Keras reads when it is imported
        ("signal.signal", ("interrupt.py", *WORKERS)),
    ],
)
def test_what_acts_on_the_whole_process_is_left_to_the_commands(call, allowed):
    places = [
        name
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and dotted(node.func) == call
        if not name.startswith(OWN) and name not in allowed
    ]
    assert not places


def test_the_environment_is_read_in_one_place_and_written_nowhere():
    places = {
        name
        for name, tree in modules().items()
        for node in attributes(tree)
        if dotted(node) == "os.environ" and not name.startswith(OWN)
    }
    # The language is the system's; KERAS_BACKEND must be set before Keras is imported.
    assert places <= {"environment.py", "text/__init__.py", "__init__.py"}
    written = [
        f"{name}:{node.lineno}"
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and dotted(node.value) == "os.environ" and not isinstance(node.ctx, ast.Load)
    ]
    assert not written


def layers():
    """Each module below `rowwise` → its floor: the higher, the nearer to the user."""
    contracts = tomllib.loads((SOURCE.parents[1] / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    rows = next(contract["layers"] for contract in contracts["contracts"] if contract["type"] == "layers")
    return {name.strip(): floor for floor, row in enumerate(reversed(rows)) for name in row.split("|")}


def test_a_module_that_is_named_by_a_string_lies_below_too():
    floors = layers()
    upward = []
    for name, tree in modules().items():
        own = floors.get(name.partition("/")[0].removesuffix(".py"), len(floors))  # rowwise/__init__ is above all
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named = re.fullmatch(r"rowwise\.(\w+)((\.\w+)*:\w+|(\.\w+)*)", node.value)
                if named and floors.get(named[1], -1) > own:
                    upward.append(f"{name}:{node.lineno} {node.value}")
    assert not upward


def test_names_of_modules_are_whole_where_they_are_imported_by_name():
    """A name that is put together is seen by no import-linter, nor by the test above."""
    assembled = [
        f"{name}:{node.lineno}"
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and dotted(node.func).endswith("import_module")
        if not isinstance(node.args[0], ast.Constant | ast.Name | ast.Subscript)
    ]
    # A package's public names, and the compiled part of a package: both within it.
    assert {place.rpartition(":")[0] for place in assembled} <= {"lazy.py", "engine/native/__init__.py"}


def test_text_is_opened_with_its_encoding():
    """Elsewhere than here it would be the system's own: CP949 on Windows in Korea."""
    ruff = Path(sys.executable).with_name("ruff")
    select = ["check", "--preview", "--select", "PLW1514", "--quiet", "--no-cache", "src", "tests", "examples"]
    done = subprocess.run([ruff, *select], cwd=Path(__file__).parents[1], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout
