"""docs/*/scikit-learn.md → every block runs, and prints what stands below it; both pages have the same code."""

import inspect
import re

import pytest
from test_questions import DOCS, code_without_words, differences

from rowwise.sklearn import DenseClassifier, DenseRegressor

PAGES = {language: (DOCS / language / "scikit-learn.md").read_text("utf-8") for language in ("en", "ko")}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::rowwise.Suspicious")
def test_every_block_prints_what_the_page_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert not (found := differences(PAGES["en"], "scikit-learn.md")), "\n".join(found)


def test_both_pages_run_the_same_code():
    assert code_without_words(PAGES["ko"]) == code_without_words(PAGES["en"])
    assert len(code_without_words(PAGES["en"])) == 3


@pytest.mark.parametrize("language", PAGES)
def test_the_page_names_every_setting(language):
    named = set(re.findall(r"`(\w+)[=`]", PAGES[language]))
    for estimator in (DenseClassifier, DenseRegressor):
        assert set(inspect.signature(estimator).parameters) <= named
