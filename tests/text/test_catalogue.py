"""The catalogue: whole in both languages, and exactly what the code uses."""

import ast
import re
import string
import tomllib
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

import rowwise
from rowwise import errors
from rowwise.errors import RowwiseError
from rowwise.text import LANGUAGES, catalogue, is_key, language, percent, say, use_language

MESSAGES = catalogue()
SOURCE = Path(rowwise.__file__).parent
# Messages that are the same in both languages, because they are names.
SAME = {"measure.f1", "fashion.place.named", "mirror.status", "bench.column.rowwise", "bench.column.scikit-learn"}
ERRORS = {name for name, item in vars(errors).items() if isinstance(item, type) and issubclass(item, RowwiseError)}
# What takes a key first: say, and everything that hands one on to it.
SPEAKERS = ERRORS | {"say", "provenance_fields"}


def placeholders(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


class Uses(ast.NodeVisitor):
    """Where the code names keys.

    Attributes:
        calls: (file and line, keys or patterns of keys, names of the values or None where they are not known)
        constants: every string in the code.
    """

    def __init__(self):
        self.calls, self.constants, self.file = [], set(), None

    def visit_Constant(self, node):
        if isinstance(node.value, str):
            self.constants.add(node.value)

    def visit_Call(self, node):
        name = getattr(node.func, "id", getattr(node.func, "attr", None))
        if name in SPEAKERS and node.args:
            keys = list(alternatives(node.args[0]))
            known = all(keyword.arg for keyword in node.keywords)
            values = {keyword.arg for keyword in node.keywords} if known else None
            self.calls.append((f"{self.file.relative_to(SOURCE)}:{node.lineno}", keys, values))
        self.generic_visit(node)


def alternatives(node):
    """The keys that an expression can be, as regular expressions; none for a plain variable."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield re.escape(node.value)
    elif isinstance(node, ast.IfExp):
        yield from alternatives(node.body)
        yield from alternatives(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(re.escape(part.value) if isinstance(part, ast.Constant) else ".+" for part in node.values)


@cache  # where these tests run: every worker collects them
def uses():
    found = Uses()
    for found.file in sorted(SOURCE.rglob("*.py")):
        found.visit(ast.parse(found.file.read_text("utf-8")))
    for template in sorted(SOURCE.rglob("templates/*")):
        for where, key, values in said_by(template):
            found.calls.append((where, [re.escape(key)], values))
            found.constants.add(key)
    for file in sorted((SOURCE / "studio" / "page").iterdir()):
        for key in said_by_the_browser(file.read_text("utf-8")):
            found.calls.append((f"{file.relative_to(SOURCE)}", [key], None))
            found.constants.add(key.replace("\\", ""))
    return found


def said_by_the_browser(text):
    """The keys, or patterns of keys, that a file of a page names; what JavaScript fills in may be anything."""
    for quote, key in re.findall(r"""(["'`])(studio\.(?:[\w.]|\$\{[^`]*?\})+)\1""", text):
        named = re.split(r"\$\{.*?\}", key)
        yield (".+" if quote == "`" else r"\$\{.*?\}").join(map(re.escape, named))


def said_by(template):
    """What a template of a page says: (file and line, the key, names of the values)."""
    for call in Environment().parse(template.read_text("utf-8")).find_all(nodes.Call):
        if getattr(call.node, "name", "") == "say":
            values = {keyword.key for keyword in call.kwargs}
            yield f"{template.relative_to(SOURCE)}:{call.lineno}", call.args[0].value, values


ESCAPED = {re.escape(key): key for key in MESSAGES}


def test_keys_of_one_area_stand_in_one_file():
    files = {}
    for path in (SOURCE / "text").glob("*.toml"):
        for key in tomllib.loads(path.read_text("utf-8")):
            files.setdefault(key.partition(".")[0], set()).add(path.name)
    files["cli"].discard("help.toml")  # which `rowwise --help` parses alone
    assert not {area: names for area, names in files.items() if len(names) > 1}


ROOMS = sorted({key.split(".")[0] for key in MESSAGES})  # a test for each of some thousand messages is dear to collect


def of_room(room):
    return {key: message for key, message in MESSAGES.items() if key.split(".")[0] == room}


@pytest.mark.parametrize("room", ROOMS)
def test_messages_are_whole_in_both_languages(room):
    for key, message in of_room(room).items():
        assert set(message) - {"en_one"} == set(LANGUAGES), key
        assert all(text.strip() for text in message.values()), key
        assert placeholders(message["en"]) == placeholders(message["ko"]), key
        assert set(placeholders(message.get("en_one", ""))) <= set(placeholders(message["en"])), key


@pytest.mark.parametrize("room", ROOMS)
def test_the_korean_is_korean_and_the_english_is_not(room):
    for key, message in of_room(room).items():
        assert not re.search("[가-힣]", message["en"]), key
        words = "".join(text for text, *_ in string.Formatter().parse(message["en"]))
        if key in SAME or not re.search("[A-Za-z]", words):
            assert message["ko"].replace("개", "") == message["en"], key  # Korean may add its counter
        else:
            assert re.search("[가-힣]", message["ko"]), key


@pytest.mark.parametrize(("lang", "expected"), [("en", ("13.6 %", "100 %")), ("ko", ("13.6%", "100%"))])
def test_a_share_is_written_as_the_language_does(lang, expected):
    with use_language(lang):
        assert (percent(0.136), percent(1, digits=0)) == expected


@pytest.mark.parametrize(
    ("count", "expected"), [("1", "1 value is"), ("21", "21 values are"), ("1,001", "1,001 values are")]
)
def test_one_is_singular_in_english(count, expected):
    with use_language("en"):
        assert expected in say("predict.table.unit", name="rooms", count=count)


def test_without_a_count_the_records_decide_on_the_singular():
    with use_language("en"):
        assert say("prediction.numbers", records="1") == "Predictions for 1 record: its numbers."
        assert say("prediction.numbers", records="2") == "Predictions for 2 records: the numbers of each."
        assert "1 of 40 records has" in say("target.left_out", count="1", records="40", names="price")
        assert "0 of 1 records have" in say("target.left_out", count="0", records="1", names="price")


def test_a_placeholder_is_a_name():
    for key, message in MESSAGES.items():
        assert all(name.isidentifier() for name in placeholders(message["en"])), key


def test_every_key_that_is_used_is_in_the_catalogue():
    missing = {
        f"{where} {key}"
        for where, keys, _ in uses().calls
        for key in keys
        if key not in ESCAPED and not any(re.fullmatch(key, known) for known in MESSAGES)
    }
    assert not missing


def test_every_key_in_the_catalogue_is_used():
    patterns = [key for _, keys, _ in uses().calls for key in keys if ".+" in key]
    unused = {
        key
        for key in MESSAGES
        if key not in uses().constants and not any(re.fullmatch(pattern, key) for pattern in patterns)
    }
    assert not unused


def test_every_message_can_be_read_alone():
    """Its table ends where the next begins: no text has a line that looks like the head of one."""
    assert all(map(is_key, MESSAGES))


def test_every_message_gets_the_values_that_it_needs():
    wanting = {
        f"{where} {ESCAPED[key]} needs {sorted(lacking)}"
        for where, keys, values in uses().calls
        if values is not None
        for key in ESCAPED.keys() & {*keys}
        if (lacking := set(placeholders(MESSAGES[ESCAPED[key]]["en"])) - values)
    }
    assert not wanting


def test_use_language_comes_before_the_environment(monkeypatch):
    monkeypatch.setenv("ROWWISE_LANG", "ko_KR.UTF-8")
    assert language() == "ko"
    with use_language("en"):
        assert language() == "en"
        with use_language(None):
            assert language() == "en"
    assert language() == "ko"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ko"}, "ko"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_locale_decides_where_nothing_else_does(monkeypatch, environment, expected):
    for name in ("ROWWISE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language() == expected


def test_a_message_is_said_in_the_language_in_force_when_it_is_read():
    error = RowwiseError("data.split.fraction", found=3)
    with use_language("ko"):
        assert "비율" in str(error)
    assert "share" in str(error)


def test_an_unknown_key_or_a_missing_value_is_our_own_mistake():
    with pytest.raises(KeyError):
        say("no.such.key")
    with pytest.raises(KeyError):
        say("data.split.fraction")
