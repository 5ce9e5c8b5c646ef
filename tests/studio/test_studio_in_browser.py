"""The page in a real browser, in both languages: shapes to scale, a training watched, a number followed."""

import re
from pathlib import Path

import numpy as np
import pytest
from covering import each_once

import rowwise
from rowwise.text import catalogue

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")

DOCS = Path(__file__).parents[2] / "docs"
RECORDS = {"en": "32 records, 64 features", "ko": "레코드 32개, 특성 64개"}
LANGUAGES = ["en", pytest.param("ko", marks=pytest.mark.thorough)]  # of what is measured in pixels, words apart
WIDTHS = [380, 1280, 1920]


def word(key, lang):
    return catalogue()[f"studio.{key}"][lang]


@pytest.fixture
def opened(browser, trained):
    """A function that opens the page, and the errors that the browser reported."""
    contexts, errors = [], []

    def open_page(lang="en", width=1280, theme="light", link=""):
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme))
        tab = contexts[-1].new_page()
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("request", lambda request: errors.append(request.url) if "127.0.0.1" not in request.url else None)
        tab.goto(trained.address(lang) + link)
        tab.locator(".sample-row .tile").first.wait_for(state="attached")
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert not [error for error in errors if not error.startswith(("data:", "blob:"))]


def chapter(tab, name):
    tab.locator(f"#{name} .spine").click()
    tab.locator(f"#{name}.open").wait_for()


def box(tab, array):
    """x and y within the drawing, width and height of an array, once it stands still."""
    place, before = tab.locator(f".array.{array}"), None
    script = "one => [one.offsetLeft, one.offsetTop, one.offsetWidth, one.offsetHeight]"
    while (now := place.evaluate(script)) != before:
        before = now
        tab.wait_for_timeout(120)
    return dict(zip(("x", "y", "width", "height"), now, strict=True))


def equation(tab, text):
    tab.locator(".formula", has_text=text).wait_for()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_changes_moves_and_the_kernel_stands_still(opened, lang):
    tab = opened(lang, link="#hidden=12")
    chapter(tab, "network")
    kernel, x = box(tab, "w"), box(tab, "x")
    assert kernel["height"] / kernel["width"] == pytest.approx(64 / 12, rel=0.05)  # to scale
    assert x["width"] == pytest.approx(kernel["height"], abs=2)  # the two that touch have the same length
    equation(tab, "(None, 64) · (64, 12) + (12,) → (None, 12)")
    tab.click("[data-value=batch]")
    batch = box(tab, "x")
    equation(tab, "(32, 64) · (64, 12) + (12,) → (32, 12)")
    tab.locator("#batch-slider").fill("6")
    assert box(tab, "x")["height"] == pytest.approx(2 * batch["height"], rel=0.05)
    assert box(tab, "w") == kernel
    tab.locator("#batch-slider").fill("5")
    tab.locator(".array.x").hover()
    assert RECORDS[lang] in tab.inner_text(".ledger .caption")
    tab.click("[data-value=record]")
    equation(tab, "(64,) · (64, 12) + (12,) → (12,)")
    assert box(tab, "w") == kernel
    tab.click("[data-value=batch]")
    tab.click("[data-value=torch]")
    equation(tab, "(32, 64) · (12, 64)ᵀ + (12,) → (32, 12)")
    tab.click("[data-value=columns]")
    equation(tab, "(12, 64) · (64, 32) + (12, 1) → (12, 32)")
    assert "12 × 64 + 12 = 768 + 12 = 780" in tab.inner_text(".arithmetic")


def test_the_arithmetic_and_the_shapes_are_those_of_the_ledger(opened, trained):
    tab = opened(link="#hidden=12&view=batch")
    chapter(tab, "network")
    ledger = rowwise.explain(trained.studio.saved.model, batch_size=32, lang="en")
    dense = [row for row in ledger.rows if row.dense]
    for number, row in enumerate(dense):
        tab.locator(".chain .pick").nth(number).click()
        tab.locator(".formula", has_text=row.equation(32)).wait_for()
        assert row.arithmetic.split(" = ")[1] in tab.inner_text(".arithmetic")
    assert f"{ledger.parameters:,}" in tab.inner_text(".total")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_circles_that_stand_become_columns_that_lie(opened, lang):
    tab = opened(lang)
    chapter(tab, "network")
    turn = tab.locator(".turn")
    assert "x64" in turn.locator(".turn-words").inner_text()
    slider = turn.locator("input[type=range]").first
    circles = [circle.bounding_box() for circle in turn.locator(".feature").all()]
    assert len({round(one["x"]) for one in circles}) == 1  # upright
    slider.fill("100")
    lying = [circle.bounding_box() for circle in turn.locator(".feature").all()]
    assert len({round(one["y"]) for one in lying}) == 1
    assert ("X[:, 0]: 32 numbers" if lang == "en" else "X[:, 0], 32개") in turn.locator(".turn-words").inner_text()


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_training_is_watched_and_its_numbers_are_followed(opened, trained, lang):
    tab = opened(lang, link="#hidden=12&epochs=4&seed=3")
    chapter(tab, "learning")
    number = trained.studio.newest.state["story"]["number"]
    tab.locator("#train").click()
    story = trained.wait("trained", "failed", after=number)
    done = word("learning.trained", lang).partition("{")[0] or word("learning.trained", lang).rpartition("}")[2]
    tab.locator("#train:enabled").wait_for()
    tab.locator(".status", has_text=re.compile(re.escape(done.strip()[:8]))).wait_for()
    assert story["number"] == number + 1
    tab.locator(".confusion").wait_for()
    assert len(tab.locator(".chart .line.held").first.get_attribute("points").split()) == len(story["curve"])
    assert tab.locator(".kernels .tile").count() == 12
    assert tab.locator(".kernels canvas").count() == 1  # of all units: many small ones cost the training its cores
    kernel = np.asarray(trained.studio.saved.model.layers[-2].get_weights()[0])
    feature, unit = np.unravel_index(np.abs(kernel).argmax(), kernel.shape)  # 8 × 8 pixels, ten units a row, 2 between
    inked = tab.evaluate(
        """([left, top, ink]) => {
          const seen = document.querySelector(".kernels canvas").getContext("2d").getImageData(left, top, 1, 1).data;
          const wanted = getComputedStyle(document.documentElement).getPropertyValue(`--rowwise-${ink}`).trim();
          return [wanted, "#" + [...seen].slice(0, 3).map((part) => part.toString(16).padStart(2, "0")).join("")];
        }""",
        [
            int(unit % 10 * 10 + feature % 8),
            int(unit // 10 * 10 + feature // 8),
            "w-ink" if kernel[feature, unit] > 0 else "x-ink",
        ],
    )
    assert inked[0] == inked[1]
    cells = [text or "0" for text in tab.locator(".confusion tbody button").all_inner_texts()]
    assert np.array(cells, int).reshape(10, 10).tolist() == [list(row) for row in story["confusion"]]
    tab.locator(".kernels .tile").nth(5).click()  # which opens the last chapter, at that unit
    tab.locator('.cell[data-unit="0 5"][aria-pressed="true"]').wait_for()
    own = rowwise.shapes.trace(trained.studio.saved.model, trained.studio.held.test.x[:1], 0, 5)
    rows = tab.locator(".unit .products tr").last
    rows.wait_for()
    assert rows.inner_text().split("\t")[-1] == f"{own.model_value:.{2 if abs(own.model_value) >= 10 else 4}f}".replace(
        "-", "−"
    )
    assert word("unit.same", lang) in tab.locator(".unit").inner_text()


def test_a_stroke_flows_through_at_once(opened, trained):
    tab = opened(link="#chapter=understanding&hidden=12")
    tab.locator(".answers[role=img] .answer").first.wait_for()
    pad = tab.locator("canvas.pad")
    before = tab.locator(".answers[role=img]").get_attribute("aria-label")
    tab.click(f"text={word('pad.clear', 'en')}")
    place = pad.bounding_box()
    tab.mouse.move(place["x"] + 100, place["y"] + 60)
    tab.mouse.down()
    tab.mouse.move(place["x"] + 100, place["y"] + 180, steps=8)
    tab.mouse.up()
    tab.locator(f".answers[role=img]:not([aria-label='{before}'])").wait_for()
    assert word("data.drawn", "en") in tab.locator("#understanding").inner_text()


@pytest.mark.parametrize(("width", "theme"), each_once(WIDTHS, ["light", "dark"]))
def test_every_chapter_fits_its_window(opened, width, theme):
    tab = opened("ko" if width == 380 else "en", width, theme)
    for name in ("data", "network", "learning", "understanding"):
        chapter(tab, name)
        assert tab.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name


def test_by_keyboard_alone_one_comes_everywhere(opened):
    tab = opened()
    for key, name in zip("2341", ("network", "learning", "understanding", "data"), strict=True):
        tab.keyboard.press(key)
        tab.locator(f"#{name}.open").wait_for()
    tab.keyboard.press("4")
    tab.locator("#understanding.open").wait_for()  # what is not shown yet takes no focus
    cell, unit = tab.locator(".cells").first.locator(".cell").first, tab.locator(".unit-room h3", has_text="unit 1")
    cell.focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Enter")
    unit.wait_for()


def test_the_state_is_a_link(opened):
    tab = opened(link="#chapter=network&view=batch&batch=64&convention=torch&hidden=12")
    equation(tab, "(64, 64) · (12, 64)ᵀ + (12,) → (64, 12)")
    tab.click("[data-value=columns]")
    tab.wait_for_url(re.compile("convention=columns"))
    tab.reload()
    tab.locator(".formula", has_text="(12, 64) · (64, 64)").wait_for()


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_each_of_the_ten_questions_is_a_scene(opened, lang):
    tab = opened(lang, link="#hidden=12")
    tab.locator("#questions").click()
    drawn = {
        1: "(None, 64) · (64, 12) + (12,) → (None, 12)",
        2: "(32, 64) · (64, 12)",
        7: "(64,) · (64, 12) + (12,) → (12,)",
        8: "(32, 64) · (12, 64)ᵀ",
        9: "(32, 12) · (12, 10)",
        10: "(32, 2) · (2, 1) + (1,) → (32, 1)",
    }
    for number, (ask, answer) in enumerate(asked_in_docs(lang), 1):
        tab.locator("#question h2", has_text=ask).wait_for()
        assert tab.inner_text("#question .question-answer") == answer
        if number in drawn:
            equation(tab, drawn[number])
        if number == 5:
            assert tab.locator(".confusion").is_visible()
        if number == 6:
            assert tab.locator(".turn svg").is_visible()
        tab.keyboard.press("PageDown")
    assert tab.locator("#question").is_visible()


def asked_in_docs(lang):
    """Each question of docs/*/questions.md and its short answer, as plain text."""
    page = (DOCS / lang / "questions.md").read_text("utf-8")
    found = re.findall(r"^## \d+\. (.*\?)\n\n((?:> .*\n)+)", page, re.MULTILINE)
    assert len(found) == 10
    for ask, answer in found:
        yield ask.replace("`", ""), " ".join(line[2:] for line in answer.splitlines()).replace("`", "")


def test_on_a_projector_one_steps_from_chapter_to_chapter(opened):
    tab = opened(link="#projector=1")
    size = tab.evaluate("() => parseFloat(getComputedStyle(document.documentElement).fontSize)")
    assert size >= 20
    for name in ("network", "learning", "understanding"):
        tab.keyboard.press("PageDown")
        tab.locator(f"#{name}.open").wait_for()
    tab.keyboard.press("PageUp")
    tab.locator("#learning.open").wait_for()


def test_precision_recall_and_f1_are_those_of_the_report(opened, trained):
    tab = opened(link="#chapter=learning&hidden=12")
    rows = tab.locator(".scores tbody tr")
    rows.first.wait_for()
    report = trained.studio.saved.evaluate()
    for row, own in zip(rows.all(), report.per_class, strict=False):
        shown = [float(text.replace(",", "")) for text in row.locator("td").all_inner_texts()]
        assert shown == pytest.approx([own.precision, own.recall, own.f1, own.support], abs=1e-4)
    macro = rows.last.locator("td").all_inner_texts()
    assert [float(text) for text in macro[:3]] == pytest.approx([report.precision, report.recall, report.f1], abs=1e-4)


def test_two_tabs_and_a_reload_see_the_same_training(opened, trained):
    one, other = opened(link="#chapter=learning&hidden=12&epochs=4&seed=3"), opened("ko", link="#chapter=learning")
    number = trained.studio.newest.state["story"]["number"]
    one.locator("#train").click()
    trained.wait("trained", "failed", after=number)
    one.reload()
    best = trained.studio.newest.state["story"]["best"]
    for tab, said in ((one, f"the weights of epoch {best} of 4"), (other, f"에포크 4개 중 {best}번째")):
        tab.locator(".status", has_text=said).wait_for()
    assert trained.studio.newest.state["story"]["number"] == number + 1
