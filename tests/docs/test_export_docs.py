"""docs/*/export.md → every command and every block runs, and prints what stands below it; both pages have the same."""

import io
import re
import shlex
import shutil
import subprocess
from contextlib import redirect_stdout

import pytest
from test_questions import DOCS, code_without_words

from rowwise.cli import main
from rowwise.exports.formats import FORMATS

pytest.importorskip("onnx", reason="ONNX is not installed: pip install onnx")

PAGES = {language: (DOCS / language / "export.md").read_text("utf-8") for language in ("en", "ko")}
BLOCK = re.compile(r"^```(python|sh|c)\n(.*?)^```\n(?:\n^```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::rowwise.Suspicious")
def test_every_command_and_block_runs_and_prints_what_the_page_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "page"}
    for kind, code, printed in BLOCK.findall(PAGES["en"]):
        if kind == "sh":
            for line in code.splitlines():
                assert main(shlex.split(line, comments=True)[1:]) == 0, capsys.readouterr().err
        elif kind == "python":
            with redirect_stdout(io.StringIO()) as said:
                exec(code, namespace)
            assert said.getvalue() == printed
        elif shutil.which("gcc"):
            (tmp_path / "use.c").write_text(code, "utf-8")
            subprocess.run(["gcc", "-std=c99", "-Wall", "-Werror", "use.c", "-o", "use", "-lm"], check=True)
            said = subprocess.run([tmp_path / "use"], capture_output=True, text=True, check=True)
            assert said.stdout == "well\n"


def test_both_pages_have_the_same_commands():
    commands = [[block[1] for block in BLOCK.findall(page) if block[0] != "python"] for page in PAGES.values()]
    assert commands[0] == commands[1]
    assert code_without_words(PAGES["ko"]) == code_without_words(PAGES["en"])


@pytest.mark.parametrize("language", PAGES)
def test_each_format_has_its_place(language):
    assert set(re.findall(r"^\| `(\w+)` \|", PAGES[language], re.MULTILINE)) == set(FORMATS)
