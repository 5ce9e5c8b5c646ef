"""docs/*/studio.md → its program runs and prints what stands below it; its commands are commands."""

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from rowwise.commands.studio import command

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {lang: (DOCS / lang / "studio.md").read_text("utf-8") for lang in ("en", "ko")}
PROGRAM = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("lang", PAGES)
def test_its_program_prints_what_stands_below(lang, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    program, printed = PROGRAM.search(PAGES[lang]).groups()
    with redirect_stdout(StringIO()) as out:
        exec(program, {"__name__": "page"})
    assert out.getvalue() == printed


@pytest.mark.parametrize("lang", PAGES)
def test_its_options_and_pictures_exist(lang):
    known = {name for param in command.params for name in param.opts}
    others = r"`(?:rowwise (?!studio)\w+|(?:\w+=\w+ )?python -m [\w.]+) [^`]*`"  # which have options of their own
    own = re.sub(others, "", PAGES[lang])
    assert set(re.findall(r"--[a-z][a-z-]*", own)) <= known
    pictures = re.findall(r"!\[[^]]+\]\((.*?)\)", PAGES[lang])
    assert pictures
    assert all((DOCS / lang / place).exists() for place in pictures)


def test_both_languages_have_the_same_commands():
    commands = [re.findall(r"```console\n(.*?)```", page, re.DOTALL) for page in PAGES.values()]
    assert commands[0] == commands[1]
