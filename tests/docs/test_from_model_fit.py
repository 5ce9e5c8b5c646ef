"""docs/*/from-model-fit.md → its script runs, and its tables have every argument of `rowwise.fit`."""

import inspect
import re
from pathlib import Path

import pytest

import rowwise

DOCS = Path(__file__).parents[2] / "docs"
SCRIPT = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = {lang: (DOCS / lang / "from-model-fit.md").read_text(encoding="utf-8") for lang in ("en", "ko")}


@pytest.mark.parametrize("lang", PAGES)
def test_the_page_has_every_argument_of_fit(lang):
    rows = [row.split("|")[1] for row in PAGES[lang].splitlines() if row.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(list(inspect.signature(rowwise.fit).parameters)[1:])


@pytest.mark.parametrize("lang", PAGES)
def test_its_links_within_the_page_lead_somewhere(lang):
    titles = re.findall(r"^#+ (.*)$", PAGES[lang], re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGES[lang])) <= anchors


def test_its_script_runs_and_is_the_same_in_both_languages():
    script, other = (SCRIPT.search(page).group(1) for page in PAGES.values())
    assert script == other
    names = {}
    exec(script, names)
    assert len(names["history"].history["val_loss"]) == 3
    assert names["history"].rowwise["engine"]
