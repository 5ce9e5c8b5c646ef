"""The report's page: whole in itself, true to the report, usable by mouse and keyboard, on a phone and on paper.

`KERAS_BACKEND=jax PYTHONPATH=tests python tests/measure/test_page.py` rewrites the pictures of docs/images/report.
"""

import io
import itertools
import math
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from chromium import contrast, launch
from html_page import Page
from PIL import Image

import rowwise
from rowwise.data import load
from rowwise.measure import score
from rowwise.measure.importance import importance
from rowwise.measure.page import ReportContent, page
from rowwise.measure.page.charts import nice
from rowwise.measure.page.records import records_of
from rowwise.measure.page.report_content import Training
from rowwise.measure.page.shades import DEEP_STEPS, LIGHT_STEPS, STEPS, mixed, step
from rowwise.pages.palette import PALETTE
from rowwise.text import use_language

NASTY = """<script>alert("&")</script>'é가"""
TRAINING = Training(
    figures={"loss": (1, 0.5, 1 / 3), "accuracy": (0.5, 0.75, 5 / 6), "val_loss": (1.2, math.nan, 0.4)},
    seconds=(0.1, 0.1, 0.1),
)


@cache
def pictures():
    """A model of drawn clothes, hardly trained: some of all mistakes."""
    train, test = load("garments")
    train, test = train[:1500], test[:600]
    model = rowwise.dense(train, (12,), seed=0)
    rowwise.fit(model, train, epochs=1, seed=0, verbose=0)
    report = rowwise.evaluate(model, test, train=train)
    commands = [("report.repeat.evaluate", "rowwise evaluate runs/x --html report.html")]
    return ReportContent(report, model, test, None, TRAINING, commands, {"rowwise": "1.2.3"})


@cache
def tables(task, folder):
    """A table with a category, a truth, a date and missing values."""
    random = np.random.default_rng(0)
    rows = ["size,kind,new,built,price,dear"]
    for i in range(300):
        size, kind = random.normal(100, 20), "abc"[i % 3]
        price = 3 * size + 40 * (i % 3) + random.normal(0, 20)
        size_or_none = "" if i % 19 == 0 else f"{size:.1f}"
        rows.append(f"{size_or_none},{kind},{i % 2},20{i % 20:02}-03-0{1 + i % 9},{price:.1f},{price > 340}")
    path = Path(folder) / f"{task}.csv"
    path.write_text("\n".join(rows))
    target, drop = ("price", ("dear",)) if task == "regression" else ("dear", ("price",))
    train, test = load(str(path), target=target, drop=drop)
    model = rowwise.dense(train, (8,), seed=0)
    rowwise.fit(model, train, epochs=4, seed=0, verbose=0)
    return ReportContent(rowwise.evaluate(model, test, train=train), model, test, importance(model, test), TRAINING)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@pytest.fixture(params=["pictures", "classification", "regression"])
def subject(request, folder):
    return pictures() if request.param == "pictures" else tables(request.param, folder)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_page_is_whole_in_itself_and_every_link_leads_somewhere(subject, lang):
    with use_language(lang):
        text = page(subject)
    read = Page(text)
    assert f'<html lang="{lang}">' in text
    assert not {"script", "iframe", "object", "form"} & set(read.tags)
    assert set(re.findall(r"\w+://[^\"' )<]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert "url(" not in text
    assert len(read.ids) == len(set(read.ids))
    assert read.links
    assert {link.removeprefix("#") for link in read.links} <= set(read.ids)
    assert "nan" not in read.text.lower().split()


def test_the_page_tells_what_the_report_has():
    subject = pictures()
    with use_language("en"):
        text = Page(page(subject)).text
        report = subject.report
    for figure in (report.accuracy, report.f1, report.roc_auc, report.loss, report.calibration.ece):
        assert f"{figure:.4f}" in text
    low, high, _ = report.intervals["accuracy"]
    assert f"{low:.4f} – {high:.4f}" in text
    assert f"{report.baseline.loss:.4f}" in text
    for words in (subject.data.checksum, f"{subject.model.count_params():,}", "rowwise evaluate runs/x", "1.2.3"):
        assert words in text


def test_every_number_of_the_matrix_has_its_records():
    subject = pictures()
    text, confusion = page(subject), subject.report.confusion
    for true, predicted in np.argwhere(confusion):
        panel = re.search(f'<div class="panel(?: first)?" id="c{true}-{predicted}".*?</ul></div>', text, re.DOTALL)[0]
        assert panel.count("<img") == min(confusion[true, predicted], 900 // np.count_nonzero(confusion), 12)
    assert len(re.findall('class="panel(?: first)?"', text)) == np.count_nonzero(confusion)


def test_an_image_of_the_page_is_the_record():
    import base64

    subject = pictures()
    wrong = np.flatnonzero(subject.predicted != subject.data.y)
    surest = wrong[np.argsort(-subject.probabilities.max(1)[wrong], kind="stable")[0]]
    shots = page(subject).split('id="worst"')[1]
    image = Image.open(io.BytesIO(base64.b64decode(re.search('base64,([^"]+)', shots)[1])))
    np.testing.assert_array_equal(np.asarray(image), subject.data.x[surest])


def test_rows_of_a_table_are_shown_as_the_table_had_them(folder):
    subject = tables("regression", folder)
    with use_language("en"):
        worst = page(subject).split('id="worst"')[1].split("</section>")[0]
    cells = re.findall("<t[hd][^>]*>([^<]*)</t[hd]>", worst)
    assert cells[:8] == [
        "row below the header",
        "true",
        "predicted",
        "predicted − true",
        "size",
        "kind",
        "new",
        "built year",
    ]
    width = len(re.findall("columnheader", worst))
    row = cells[width : 2 * width]
    record = subject.data.rows.tolist().index(int(row[0]))
    assert row[5] == "abc"[int(subject.data.x[record, 1])]
    assert row[6] in ("0", "1")


def test_names_are_shown_and_never_obeyed():
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 3)).astype(np.float32)
    data = rowwise.Dataset(NASTY, x, np.arange(40) % 2, (NASTY, "b"), provenance=NASTY)
    model = rowwise.dense(data, (), seed=0)
    p = random.dirichlet(np.ones(2), 40)
    text = page(ReportContent(score(p, data), model, data, commands=[("report.repeat.train", NASTY)]))
    assert "<script" not in text
    assert Page(text).text.count('<script>alert("&")</script>') >= 3


def test_of_many_classes_those_with_the_most_mistakes_are_shown():
    random = np.random.default_rng(0)
    y = np.arange(4000) % 80
    p = np.eye(80)[np.where(random.random(4000) < 0.1 * (y < 40), (y + 1) % 80, y)] + 1e-3
    data = rowwise.Dataset("many", random.normal(size=(4000, 2)).astype(np.float32), y, tuple(map(str, range(80))))
    text = page(ReportContent(score(p / p.sum(1, keepdims=True), data), rowwise.dense(data, ()), data))
    assert "30 of 80 classes are shown" in Page(text).text
    assert len(text) < 1_500_000


def test_shares_are_shown_in_steps_that_can_be_read_in_both_themes():
    assert [step(share) for share in (0, 0.001, 0.1, 0.49, 0.5, 1)] == [0, 1, 2, 4, 5, 7]
    for theme in (0, 1):
        for ink in ("x-ink", "w-ink"):
            for part in STEPS:
                ground = mixed(PALETTE["card"][theme], PALETTE[ink][theme], part)
                word = PALETTE["fg" if part in LIGHT_STEPS else "bg"][theme]
                assert contrast(word, ground) >= 4.5, (theme, ink, part)
    assert max(LIGHT_STEPS) < min(DEEP_STEPS)


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0.123, 0.124), (-5, 7), (1, 1000), (3, 3), (1e-9, 2e-9), (-1e8, 1e8)]
)
def test_ticks_are_round_few_and_within(low, high):
    ticks = nice(low, high)
    assert 1 <= len(ticks) <= 7
    assert all(low - 1e-12 <= tick <= high + 1e-12 for tick in ticks)
    for tick in np.diff(ticks)[:1]:
        assert f"{tick:.1e}"[0] in "125"


# Every text that is shown: its own colour and that of what lies behind it.
SHOWN = """() => {
  const seen = new Set(), two = n => (+n).toString(16).padStart(2, '0');
  const hex = colour => '#' + colour.match(/\\d+/g).slice(0, 3).map(two).join('');
  const clear = at => /^rgba.*, 0\\)$|transparent/.test(getComputedStyle(at).backgroundColor);
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const at = walk.currentNode.parentElement;
    const unseen = ['STYLE', 'title', 'desc'].includes(at.tagName) || !at.getClientRects().length;
    if (unseen || !walk.currentNode.data.trim()) continue;
    const ink = getComputedStyle(at)[at instanceof SVGElement ? 'fill' : 'color'];
    let ground = at;
    while (ground && clear(ground)) ground = ground.parentElement;
    seen.add(hex(ink) + ' ' + hex(getComputedStyle(ground || document.documentElement).backgroundColor));
  }
  return [...seen];
}"""


def opened(browser, content, width, theme, place):
    """The page in a tab, as a file; what its console said and what else it asked for."""
    path = Path(place) / "report.html"
    path.write_text(content, "utf-8")
    tab = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme).new_page()
    said, asked = [], []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(path.as_uri())
    return tab, said, [url for url in asked if url != path.as_uri() and not url.startswith("data:")]


# The texts of charts that their drawing cuts off.
OUTSIDE = (
    "[...document.querySelectorAll('.chart svg text')].filter(t => {"
    "const a = t.getBoundingClientRect(), b = t.ownerSVGElement.getBoundingClientRect();"
    "return a.left < b.left - 1 || a.right > b.right + 1 || a.bottom > b.bottom + 2}).map(t => t.textContent)"
)


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_in_a_browser_it_fits_can_be_read_and_asks_for_nothing(browser, subject, lang, tmp_path):
    with use_language(lang):
        content = page(subject)
    tab, said, asked = opened(browser, content, 1280, "light", tmp_path)
    tab.evaluate("document.querySelectorAll('details').forEach(at => at.open = true)")
    for theme, width in itertools.product(("light", "dark"), (1280, 380)):
        tab.emulate_media(color_scheme=theme)
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.evaluate("[document.scrollingElement.scrollWidth, innerWidth]") == [width, width]
        for pair in tab.evaluate(SHOWN):
            assert contrast(*pair.split()) >= 4.5, (theme, pair)
        assert tab.evaluate(OUTSIDE) == [], width
    assert (said, asked) == ([], [])
    tab.context.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pictures", "classification"])
def test_a_number_of_the_matrix_shows_its_records_by_mouse_and_by_keyboard(browser, folder, kind, tmp_path):
    subject = pictures() if kind == "pictures" else tables(kind, folder)
    tab, *_ = opened(browser, page(subject), 1280, "light", tmp_path)
    shown = "[...document.querySelectorAll('.panel')].filter(p => p.getClientRects().length).map(p => p.id)"
    mistakes = subject.report.confusion * (1 - np.eye(len(subject.report.classes), dtype=int))
    true, predicted = np.unravel_index(mistakes.argmax(), mistakes.shape)
    first = [f"c{true}-{predicted}"]  # the most frequent mistake
    assert tab.evaluate(shown) == first
    cells = [f"{true}-{predicted}" for true, predicted in np.argwhere(subject.report.confusion)]
    tab.click(f'a[href="#c{cells[1]}"]')
    assert tab.evaluate(shown) == [f"c{cells[1]}"]
    assert not tab.is_visible(".hint")
    seen = tab.locator(f"#c{cells[1]} {'img' if kind == 'pictures' else 'tbody tr'}")
    true, predicted = np.argwhere(subject.report.confusion)[1]
    assert seen.count() == min(subject.report.confusion[true, predicted], 12)
    assert seen.first.is_visible()
    tab.focus(f'a[href="#c{cells[0]}"]')
    tab.keyboard.press("Enter")
    assert tab.evaluate(shown) == [f"c{cells[0]}"]
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.getAttribute('href')") == f"#k{cells[0]}"
    tab.keyboard.press("Enter")
    assert tab.evaluate(shown) == first
    tab.context.close()


@pytest.mark.slow
def test_on_paper_there_is_everything_but_what_only_a_screen_can_use(browser, subject, tmp_path):
    tab, *_ = opened(browser, page(subject), 1280, "dark", tmp_path)
    tab.emulate_media(media="print")
    assert not tab.is_visible("nav")
    assert tab.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.evaluate("[...document.querySelectorAll('.rowwise-ledger')].every(at => at.checkVisibility())"), (
        "the ledger is printed although it is folded on the screen"
    )
    assert len(tab.pdf(format="A4")) > 20_000
    tab.context.close()


@pytest.mark.slow
def test_the_ledger_looks_in_the_page_as_it_does_by_itself(browser, tmp_path):
    subject = pictures()
    alone, *_ = opened(browser, rowwise.explain(subject.model).to_html(), 1220, "light", tmp_path)
    seen = """at => [...document.querySelectorAll('.rowwise-ledger ' + at)].map(e => {
        const s = getComputedStyle(e);
        return ['display', 'backgroundColor', 'color', 'fill', 'fontSize', 'whiteSpace', 'overflowX', 'textAlign',
            'maxWidth', 'margin'].map(name => s[name]).join();
    })"""
    parts = ("svg", "svg text", "th", "td", "td p", "p", "figure", ".view", "code")
    expected = {part: alone.evaluate(seen, part) for part in parts}
    alone.context.close()
    tab, *_ = opened(browser, page(subject), 1280, "light", tmp_path)
    tab.evaluate("document.querySelectorAll('details').forEach(at => at.open = true)")
    for part in parts:
        inside = tab.evaluate(seen, part)
        assert inside
        assert inside == expected[part], part
    tab.context.close()


def test_cells_of_a_table_have_no_comma_between_thousands():
    x = np.array([[2019, -1234567, 0.25], [2020, 8, 0.5]] * 4, np.float32)
    shown = records_of(rowwise.Dataset("t", x, np.array([0, 1] * 4), ("a", "b")), [0], [("a",)], ("true",))
    assert shown.rows[0][-3:] == ("2019", "-1234567", "0.25")


def test_a_record_of_a_table_is_called_by_its_row_of_the_file():
    x = np.zeros((8, 3), np.float32)
    data = rowwise.Dataset("t", x, np.array([0, 1] * 4), ("a", "b"), rows=np.arange(4001, 4009, dtype=np.int32))
    for lang, head in (("en", "row below the header"), ("ko", "데이터 행 번호")):
        with use_language(lang):
            shown = records_of(data[2:], [1], [("a",)], ("true",))
        assert head in shown.head
        assert shown.rows[0][0] == "4004"


def take_pictures():
    from playwright.sync_api import sync_playwright

    place = Path(__file__).parents[2] / "docs" / "images" / "report"
    place.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for lang, width, theme in (("en", 1280, "light"), ("ko", 380, "dark")):
            with use_language(lang):
                content = page(pictures())
            tab, *_ = opened(browser, content, width, theme, place)
            wrong = pictures().report.confusion.copy()
            np.fill_diagonal(wrong, 0)
            tab.click('a[href="#c{}-{}"]'.format(*np.unravel_index(wrong.argmax(), wrong.shape)))
            shot = Image.open(io.BytesIO(tab.screenshot())).convert("RGB").quantize(128)
            shot.save(place / f"{lang}-{width}.png", optimize=True)
            (place / "report.html").unlink()
        browser.close()


if __name__ == "__main__":
    take_pictures()
