"""docs/*/questions.md → every block runs, and prints what stands below it; its pictures are those that rowwise draws.

After a change of a page, or of what rowwise prints or draws, write outputs and pictures anew and read the differences:

    python tests/docs/test_questions.py --write
"""

import ast
import io
import os
import re
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from rowwise.questions import questions
from rowwise.questions.pictures import PICTURES, picture, title_of
from rowwise.text import use_language

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {language: DOCS / language / "questions.md" for language in ("ko", "en")}

FENCE = re.compile(r"^```(\w*)$", re.MULTILINE)
BLOCK = re.compile(
    r"^```python\n(?P<code>.*?)^```\n"  # what is run
    r"(?:\n*^```text\n(?P<printed>.*?)^```\n)?",  # what it prints; nothing stands between the two
    re.MULTILINE | re.DOTALL,
)
QUESTION = re.compile(r'^<a id="(?P<name>[\w-]+)"></a>\n\n## (?P<number>\d+)\. .*\?$', re.MULTILINE)
WIDTH = "80"  # columns: `model.summary()` is as wide as the terminal


class Block(NamedTuple):
    """One ```python block: the line of the page where its code begins, and what the page says it prints."""

    line: int
    code: str
    printed: str


def blocks(page: str) -> list[Block]:
    return [
        Block(page.count("\n", 0, found.start("code")) + 1, found["code"], found["printed"] or "")
        for found in BLOCK.finditer(page)
    ]


def run(page: str, name: str) -> list[str]:
    """What each block prints, all in one fresh namespace; an error names the line of the page."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    keras.utils.clear_session()  # the first Dense layer is called "dense", whatever ran before
    namespace = {"__name__": name}
    printed = []
    with pytest.MonkeyPatch.context() as terminal, warnings.catch_warnings():
        terminal.setenv("COLUMNS", WIDTH)
        for colours in ("FORCE_COLOR", "TTY_COMPATIBLE"):  # would put escapes into `model.summary()`
            terminal.delenv(colours, raising=False)
        warnings.filterwarnings("ignore", message="Do not pass an `input_shape`")  # as the page itself says
        for block in blocks(page):
            code = compile("\n" * (block.line - 1) + block.code, name, "exec")
            with redirect_stdout(io.StringIO()) as said:
                exec(code, namespace)
            printed.append(said.getvalue())
    return printed


def differences(page: str, name: str) -> list[str]:
    """Where the page says other than what happens."""
    return [
        f"{name}, line {block.line}\n--- the page says\n{block.printed}--- the code prints\n{printed}"
        for block, printed in zip(blocks(page), run(page, name), strict=True)
        if printed != block.printed
    ]


def written(page: str, name: str) -> str:
    """The page with the outputs of now."""
    printed = iter(run(page, name))

    def anew(found: re.Match[str]) -> str:
        output = next(printed)
        return f"```python\n{found['code']}```\n" + (f"\n```text\n{output}```\n" if output else "")

    return BLOCK.sub(anew, page)


def code_without_words(page: str) -> list[str]:
    """The blocks' syntax trees, their strings and comments left out."""

    class Wordless(ast.NodeTransformer):
        def visit_Constant(self, node):
            return ast.Constant("") if isinstance(node.value, str) else node

        def visit_JoinedStr(self, node):
            node.values = [self.visit(value) for value in node.values if isinstance(value, ast.FormattedValue)]
            return node

    return [ast.dump(Wordless().visit(ast.parse(block.code))) for block in blocks(page)]


@pytest.mark.slow
@pytest.mark.parametrize("language", PAGES)
def test_every_block_prints_what_the_page_says(language):
    page = PAGES[language].read_text("utf-8")
    assert not (found := differences(page, f"docs/{language}/questions.md")), "\n".join(found)


def test_both_pages_have_the_same_questions_in_the_same_order():
    names = {
        language: [(found["number"], found["name"]) for found in QUESTION.finditer(path.read_text("utf-8"))]
        for language, path in PAGES.items()
    }
    assert names["ko"] == names["en"]
    assert [int(number) for number, _ in names["en"]] == list(range(1, 11))


def test_both_pages_run_the_same_code_but_for_words():
    ko, en = (code_without_words(path.read_text("utf-8")) for path in PAGES.values())
    assert ko == en


@pytest.mark.parametrize("language", PAGES)
def test_every_heading_is_a_question_with_a_link_and_a_short_answer(language):
    page = PAGES[language].read_text("utf-8")
    names = [found["name"] for found in QUESTION.finditer(page)]
    assert len(re.findall(r"^## ", page, re.MULTILINE)) == len(names)
    assert re.findall(r"\(#([\w-]+)\)", page)[: len(names)] == names
    assert len(re.findall(r"^## .*\?\n\n> ", page, re.MULTILINE)) == len(names)


@pytest.mark.parametrize("language", PAGES)
def test_no_block_escapes_the_test(language):
    page = PAGES[language].read_text("utf-8")
    opened = FENCE.findall(page)[::2]
    assert opened.count("python") == len(blocks(page)) > 20
    assert opened.count("text") == sum(bool(block.printed) for block in blocks(page))
    assert set(opened) == {"python", "text"}


def drawn(language: str) -> dict[Path, str]:
    """Each picture of a page: where it lies, and what rowwise draws."""
    with use_language(language):
        return {DOCS / "images" / "questions" / language / f"{name}.svg": picture(name) for name in PICTURES}


@pytest.mark.parametrize("language", PAGES)
def test_every_question_has_the_picture_that_rowwise_draws(language):
    assert [one.name for one in questions(language)] == [*PICTURES]
    for place, svg in drawn(language).items():
        assert place.read_text("utf-8") == svg, f"{place}: python tests/docs/test_questions.py --write"
        assert "prefers-color-scheme:dark" in svg
    with use_language(language):
        for one in questions():
            expected = f"![{title_of(one.name)}](../images/questions/{language}/{one.name}.svg)"
            assert one.body.startswith(expected)


@pytest.mark.parametrize(
    "page",
    [
        "```python\nprint(1)\n```\n\n```text\n2\n```\n",
        "```python\nprint(1)\n```\n",
        "```python\nx = 1\n```\n\n```text\n1\n```\n",
        "```python\nprint(1)\n```\n\nA sentence between.\n\n```text\n1\n```\n",
    ],
    ids=["another output", "an output left out", "an output too many", "an output elsewhere"],
)
def test_a_wrong_page_is_found(page):
    assert len(differences(page, "wrong")) == 1


def test_an_output_is_written_where_it_belongs():
    page = "```python\nx = 1\n```\n\n```text\nold\n```\n\nWords.\n\n```python\nprint(x)\n```\n"
    assert written(page, "page") == ("```python\nx = 1\n```\n\nWords.\n\n```python\nprint(x)\n```\n\n```text\n1\n```\n")
    assert differences(written(page, "page"), "page") == []


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    for path in PAGES.values():
        before = path.read_text("utf-8")
        after = written(before, str(path.relative_to(DOCS.parent)))
        path.write_text(after, "utf-8")
        print(f"{path.relative_to(DOCS.parent)}: {'written anew' if after != before else 'as it was'}")
    for language in PAGES:
        for place, svg in drawn(language).items():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(svg, "utf-8")
