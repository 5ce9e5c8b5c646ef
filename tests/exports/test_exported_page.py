"""The page answers in a real browser as the run does: a form for tables, drawing and dropping for pictures."""

import re

import numpy as np
import pytest
import sample_runs
from html_page import Page
from PIL import Image

import rowwise

KINDS = ["moments", "decided_labels", "deep", "quantiles"]


@pytest.fixture
def opened(browser):
    """Opens a file without any network: the page, and what its console said."""
    context = browser.new_context(offline=True, locale="en-GB")
    said = []

    def show(path):
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(path.as_uri())
        return page, said

    yield show
    context.close()


def answers(page):
    """What the page shows: {name: text}."""
    rows = page.locator("#answer tr").all()
    return {row.locator("th").inner_text().removeprefix("✓ "): row.locator("td").first.inner_text() for row in rows}


@pytest.mark.parametrize("kind", sample_runs.SOME)
def test_every_kind_of_run_is_proved(runs, kind, tmp_path):
    done = rowwise.export(runs(kind), "html", tmp_path / "page.html")
    assert done.proof.difference < 1e-5
    assert done.proof.by[0].startswith("node") is not bool(done.note)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_form_answers_as_predict_does(runs, opened, kind, tmp_path):
    run = runs(kind)
    done = rowwise.export(run, "html", tmp_path / "page.html")
    page, said = opened(done.path)
    assert re.match(
        r"This page answers as the trained model does.* [0-9.]+e-\d+$", page.locator("footer p").first.inner_text()
    )
    row = {"town": "모래", "store": "never", "RM": 7.25, "seen": sample_runs.SECONDS + 12_345, "day": "2024-02-29"}
    row |= {"serial": sample_runs.SERIAL + 1_234_567, "smoker": "yes", "age": None}
    with pytest.warns(rowwise.Suspicious, match="store"):
        wanted = run.predict([row])
    for name, value in row.items():
        control = page.get_by_label(name, exact=True)
        if name in ("town", "smoker", "store"):
            control.select_option(label={"never": "something else"}.get(value, value))
        else:
            control.fill("" if value is None else str(value))
    shown = answers(page)
    if wanted.values.shape[1]:
        (numbers,) = wanted.to_dicts()
        assert {name: float(text.split()[0]) for name, text in shown.items()} == pytest.approx(numbers, rel=1e-4)
    else:
        percents = dict(zip(wanted.class_names, wanted.probabilities[0], strict=True))
        assert shown == {name: f"{100 * p:.1f} %" for name, p in percents.items()}
    page.get_by_label("RM", exact=True).fill("seven")
    assert page.get_by_text("Please write a number").is_visible()
    assert answers(page) == {}
    page.get_by_label("RM", exact=True).fill("70")
    assert page.get_by_text("Outside what the model learned from").is_visible()
    page.get_by_label("day", exact=True).fill("2023-02-29")
    assert page.get_by_text("Please write it as the example shows").is_visible()
    page.get_by_role("button", name="Another example").click()
    page.get_by_role("button", name="한국어").click()
    assert page.get_by_role("heading", name="모델의 답").is_visible()
    assert answers(page)
    assert said == []


@pytest.mark.slow
def test_a_picture_is_drawn_or_dropped(runs, opened, tmp_path):
    run = runs("digits")
    done = rowwise.export(run, "html", tmp_path / "page.html")
    page, said = opened(done.path)
    first = run.predict(run.sets()[1].x[:1])
    assert answers(page)[first.names[0]] == f"{100 * first.probabilities.max():.1f} %"
    page.get_by_role("button", name="Clear").click()
    blank = answers(page)
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 20, steps=5)
    page.mouse.up()
    assert answers(page) != blank
    pixels = np.zeros((80, 80), np.uint8)
    pixels[10:70, 30:50] = 255
    Image.fromarray(pixels).save(tmp_path / "bar.png")
    before = page.locator("#answer").inner_text()
    page.locator("#file").set_input_files(tmp_path / "bar.png")
    page.wait_for_function("before => document.getElementById('answer').innerText !== before", arg=before)
    wanted = run.predict(tmp_path / "bar.png")
    shown = {name: float(text.removesuffix(" %")) for name, text in answers(page).items()}
    assert shown[wanted.names[0]] == pytest.approx(100 * wanted.probabilities.max(), abs=3)
    (tmp_path / "text.png").write_text("no picture")
    page.locator("#file").set_input_files(tmp_path / "text.png")
    page.get_by_text("The browser cannot read this file").wait_for()
    assert said == []


def test_the_page_is_well_formed_and_no_name_in_it_acts(runs, tmp_path):
    done = rowwise.export(runs("classes"), "html", tmp_path / "page.html")
    text = done.path.read_text("utf-8")
    page = Page(re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))
    assert "main" in page.tags
    assert "http:" not in text.replace("http://www.w3.org", "")
    assert "https:" not in text
    (embedded,) = re.findall(r'<script type="application/json" id="program">(.*?)</script>', text, flags=re.DOTALL)
    assert "<" not in embedded
