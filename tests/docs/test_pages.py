"""README and docs/*/*.md → their commands and blocks run in a folder with a table and pictures; links lead somewhere.

Pages with a module of their own here (questions, mistakes, serve, export, …) are run there.
"""

import io
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from test_questions import code_without_words

import rowwise
from rowwise.cli import main
from rowwise.commands import PLACES

ROOT = Path(__file__).parents[2]
PAGES = {language: sorted((ROOT / "docs" / language).glob("*.md")) for language in ("en", "ko")}
READMES = {"en": ROOT / "README.md", "ko": ROOT / "README.ko.md"}
RUN_HERE = ("shapes", "tables", "pictures", "python", "databases", "notebooks", "index")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n(?:\n^```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
# Quick settings for what the pages leave at its default.
QUICK = {"train": ["--epochs", "1", "--no-pictures"], "tune": ["--trials", "1", "--epochs", "1"]}
QUICK_CODE = {
    "fashion-mnist": "garments",
    "epochs=20": "epochs=1",
    "folds=5": 'folds=2, preset="fast"',
    'target="price", out=': 'target="price", preset="fast", out=',
}
SERVES = ("bench", "studio", "serve")  # run by tests of their own
SETUP = re.compile(r"(make|py|source|pip|\.venv\\Scripts\\\w+) ")


def blocks(page):
    return BLOCK.findall(page.read_text("utf-8"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current one: houses.csv, new.csv, parts/, photos/ and picture.png, as the pages have them."""
    random = np.random.default_rng(0)
    rooms, poor = random.normal(6, 1, 240).round(2), random.uniform(0, 27, 240).round(2)
    town = random.choice(["hill", "river", "center"], 240)
    price = (4 * rooms - poor / 3 + 5 * (town == "hill")).round(1)
    houses = pl.DataFrame({"RM": rooms, "LSTAT": poor, "town": town, "price": price})
    houses.write_csv(tmp_path / "houses.csv")
    houses.drop("price")[:20].write_csv(tmp_path / "new.csv")
    for place in ("parts/nut", "parts/bolt", "photos"):
        (tmp_path / place).mkdir(parents=True)
        for number in range(8):
            pixels = random.integers(0, 90, (16, 16), np.uint8)
            pixels[4:12, 7:9] = pixels[7:9, 4:12] = 250 if place.endswith("nut") else 120
            Image.fromarray(pixels).save(tmp_path / place / f"{number}.png")
    shutil.copy(tmp_path / "parts/nut/0.png", tmp_path / "picture.png")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    rowwise.set_language(None)


def options_of(command):
    module, _, name = PLACES[command][0].partition(":")
    found = getattr(__import__(module, fromlist=[name]), name)
    return {
        option for one in [found, *getattr(found, "commands", {}).values()] for p in one.params for option in p.opts
    }


def do(line):
    """One line of a shell: ours is run, what sets up is looked at."""
    words = shlex.split(line.replace("fashion-mnist", "garments"), comments=True)  # no test reaches the network
    if not words or SETUP.match(f"{words[0]} "):
        return
    assert words[0] == "rowwise", line
    if words[1] in SERVES:
        assert {word for word in words if word.startswith("--")} <= options_of(words[1])
        return
    quick = [] if "--epochs" in words else QUICK.get(words[1], [])
    if words[1] == "train" and "--target" in words:
        quick = [*quick, "--preset", "fast"]
    assert main([*words[1:], *quick]) == 0, line


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::rowwise.Suspicious")
@pytest.mark.parametrize("name", RUN_HERE)
def test_every_command_and_block_of_a_page_runs_and_prints_what_it_says(name, folder, capsys):
    namespace = {"__name__": "page"}
    for kind, code, printed in blocks(ROOT / "docs" / "en" / f"{name}.md"):
        if kind == "sh":
            for line in code.splitlines():
                do(line)
        elif kind == "python" and not code.startswith("!pip"):
            for slow, quick in QUICK_CODE.items():
                code = code.replace(slow, quick)
            with redirect_stdout(io.StringIO()) as said:
                exec(code, namespace)
            assert not printed or said.getvalue() == printed


@pytest.mark.slow
def test_the_readme_does_what_it_says(folder, capsys):
    for kind, code, _ in blocks(READMES["en"]):
        if kind == "sh":
            for line in code.splitlines():
                do(line)
        elif kind == "python":
            with redirect_stdout(io.StringIO()) as said:
                exec(code.replace("epochs=20", "epochs=1").replace('"fashion-mnist"', '"garments"'), {})
            assert said.getvalue().endswith("(32, 784) · (784, 100) + (100,) → (32, 100)\n")


@pytest.mark.parametrize("language", READMES)
def test_the_readme_is_short_and_names_what_there_is(language):
    text = READMES[language].read_text("utf-8")
    assert len(text.splitlines()) <= 120
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"`?make ([a-z]+)", text)) <= set(targets)
    linked = {Path(place.partition("#")[0]).stem for place in LINK.findall(text) if f"docs/{language}/" in place}
    left = {page.stem for page in PAGES[language]} - linked - {"api", "ledger-json", "trace-json"}
    assert not left, "pages that the README does not lead to"


def test_both_languages_have_the_same_pages_commands_and_blocks():
    assert [page.name for page in PAGES["en"]] == [page.name for page in PAGES["ko"]]
    pairs = [*zip(PAGES["en"], PAGES["ko"], strict=True), (READMES["en"], READMES["ko"])]
    for one, other in pairs:
        if one.stem not in (*RUN_HERE, "README"):
            continue
        lines = [
            [
                shlex.split(line, comments=True)
                for kind, code, _ in blocks(page)
                if kind in ("sh", "powershell")
                for line in code.replace("\\", "/").splitlines()
            ]
            for page in (one, other)
        ]
        assert lines[0] == lines[1], one.name
        codes = [
            re.sub(r"```python\n!pip.*?```\n", "", page.read_text("utf-8"), flags=re.DOTALL) for page in (one, other)
        ]
        assert len(code_without_words(codes[0])) == len(code_without_words(codes[1])), one.name
        assert code_without_words(codes[0]) == code_without_words(codes[1]), one.name


@pytest.mark.parametrize("language", PAGES)
def test_extras_that_are_named_exist(language):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for page in (*PAGES[language], READMES[language]):
        assert set(re.findall(r'"rowwise\[(\w+)\]"', page.read_text("utf-8"))) <= set(extras), page.name


@pytest.mark.parametrize("language", PAGES)
def test_links_lead_somewhere(language):
    for page in (*PAGES[language], READMES[language]):
        text = page.read_text("utf-8")
        prose = re.sub(r"^```.*?^```$|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)
        for target in LINK.findall(prose):
            if re.match(r"https?://", target):
                continue
            place, _, anchor = target.partition("#")
            file = (page.parent / place).resolve() if place else page
            assert file.exists(), f"{page.name}: {target}"
            if anchor and file.suffix == ".md":
                assert anchor in anchors(file.read_text("utf-8")), f"{page.name}: {target}"


def anchors(text):
    """As GitHub and the site make them of headings, and those that stand there."""
    titles = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    made = {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}
    return made | set(re.findall(r'<a id="([\w-]+)">', text))


@pytest.mark.parametrize("language", PAGES)
def test_the_map_of_the_code_has_every_room(language):
    text = (ROOT / "docs" / language / "design.md").read_text("utf-8")
    rooms = [path for path in (ROOT / "src" / "rowwise").iterdir() if (path / "__init__.py").exists()]
    assert not [room.name for room in rooms if f"{room.name}/" not in text]
    named = {name.split("/")[-1] for name in re.findall(r"`(?!tests)([\w/]+\.(?:py|toml|h))`", text)}
    there = {path.name for path in (ROOT / "src").rglob("*.*")}
    assert not named - there


@pytest.mark.parametrize("language", PAGES)
def test_the_site_has_every_page(language):
    site = tomllib.loads((ROOT / f"zensical.{language}.toml").read_text("utf-8"))["project"]
    listed = re.findall(r"[\w-]+\.md", str(site["nav"]))
    assert sorted(listed) == [page.name for page in PAGES[language]]
    assert site["theme"]["font"] is False


@pytest.mark.thorough
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path):
    pytest.importorskip("zensical", reason='the site is built by "rowwise[docs]"')
    for name in ("docs", "src"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    for language in PAGES:
        shutil.copy(ROOT / f"zensical.{language}.toml", tmp_path)
        command = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", f"zensical.{language}.toml"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        for page in (tmp_path / "site" / language).glob("*.html"):
            loaded = re.findall(
                r'<(?:script|img|iframe)[^>]* src="?([^"\s>]+)|<link[^>]* href="?([^"\s>]+)', page.read_text()
            )
            assert not [place for pair in loaded for place in pair if re.match(r"(https?:)?//", place)], page.name
