"""Who typed a command reads `--target price`, who called from Python `target="price"`: one catalogue for both."""

import re

import pytest

import rowwise
from rowwise.errors import UsageError
from rowwise.text import LANGUAGES, catalogue, say, use_language
from rowwise.text.options import FLAGS, NUMBERS, as_called, for_shell, option

MESSAGES = [
    ("pass --target NAME.", "pass --target NAME.", 'pass target="NAME".'),
    ("--decimal says otherwise", "--decimal says otherwise", "decimal= says otherwise"),
    ("such as --task=regression.", "such as --task regression.", 'such as task="regression".'),
    ("--encoding=latin-1이나", "--encoding latin-1이나", 'encoding="latin-1"이나'),
    ("--header 0: the", "--header 0: the", "header=0: the"),
    ("--size 64 or --size 48x64.", "--size 64 or --size 48x64.", 'size=64 or size="48x64".'),
    ('--decimal "{sign}".', '--decimal "{sign}".', 'decimal="{sign}".'),
    ("--{option} {name}: is", "--{option} {name}: is", '{option}="{name}": is'),
    ("rowwise train --resume {path}; or", "rowwise train --resume {path}; or", 'rowwise.train(resume="{path}"); or'),
    ("See rowwise train --help for", "See rowwise train --help for", "See help(rowwise.train) for"),
    ("--skip-bad leaves", "--skip-bad leaves", "skip_bad=True leaves"),
    ("well-known -- or not", "well-known -- or not", "well-known -- or not"),
]


@pytest.mark.parametrize(("message", "shell", "python"), MESSAGES)
def test_an_option_is_written_as_its_caller_writes_it(message, shell, python):
    assert as_called(message) == python
    with for_shell():
        assert as_called(message) == shell


def test_a_value_of_the_users_is_never_taken_for_an_option():
    with use_language("en"):
        text = say("table.encoded", path="--drop x.csv", encoding="cp949", at="1", line="2")
    assert text.startswith("--drop x.csv is not cp949")
    assert 'encoding="cp949"' in text


def test_the_name_of_a_setting():
    assert (option("split_seed"), option("epochs", 3), option("group", "who")) == (
        "split_seed=",
        "epochs=3",
        'group="who"',
    )
    with for_shell():
        assert (option("split_seed"), option("epochs", 3)) == ("--split-seed", "--epochs 3")


def test_both_languages_name_the_same_options():
    for key, message in catalogue().items():
        names = [sorted(set(re.findall(r"--[a-z][a-z-]*", message[lang]))) for lang in LANGUAGES]
        assert names[0] == names[1], key


def test_arguments_that_are_numbers_or_flags_are_those_of_train():
    known = set(rowwise.train.__annotations__) | set(rowwise.runs.plan.READING)
    known |= {*rowwise.runs.settings.Settings.__dataclass_fields__, "seeds"}
    known |= set(rowwise.tune.__annotations__) | set(rowwise.runs.saved.Saved.explain_row.__annotations__)
    assert {name.replace("-", "_") for name in NUMBERS} | {flag.partition("=")[0] for flag in FLAGS.values()} <= known


def test_a_table_without_target_from_python(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match=r'say which column is to be predicted, with target="NAME"\.$'):
        rowwise.train(tmp_path / "t.csv")
