"""The ledger as HTML and SVG: well-formed, true to scale, readable in both languages, themes and widths.

`KERAS_BACKEND=jax PYTHONPATH=tests python tests/shapes/test_ledger_views.py` rewrites docs/images/ledger.
"""

import io
import itertools
import json
import re
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest
from chromium import contrast, launch
from covering import each_once
from html_page import Page
from hypothesis import given, settings
from hypothesis import strategies as st

import rowwise
from rowwise.errors import SaveError, UsageError
from rowwise.pages.palette import PALETTE
from rowwise.shapes.ledger.dense_drawing import dense_of, draw_dense, scale_of
from rowwise.shapes.ledger.facts import LayerFacts, Weight, course
from rowwise.shapes.ledger.scaled_matrix import BROKEN, LONGEST, THINNEST

layers = keras.layers
SVG = "{http://www.w3.org/2000/svg}"
NASTY = """<script>alert("&")</script>'\x00é가"""
DOCS = Path(__file__).parents[2] / "docs"
CONVENTIONS = ("keras", "torch", "columns", "all")


def branches():
    image = keras.Input((12, 12, 3))
    one = layers.Conv2D(4, 3, padding="same", name="left")(image)
    other = layers.SeparableConv2D(4, 3, padding="same", name="right")(image)
    joined = layers.BatchNormalization()(layers.Add()([one, other]))
    flat = layers.Flatten()(joined)
    both = layers.Concatenate(name="both")([flat, layers.GlobalAveragePooling2D(name="mean")(joined)])
    return keras.Model(image, layers.Dense(5)(both))


def nested():
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(4), layers.Dropout(0.5)], name="inner")
    return keras.Sequential([keras.Input((6,)), inner, layers.Dense(2)])


def places():
    words = keras.Input((None, 8))
    return keras.Model(words, layers.GlobalMaxPooling1D()(layers.Dense(3, use_bias=False)(words)))


MODELS = {
    "course": lambda: None,
    "branches": branches,
    "nested": nested,
    "places": places,
    "unbuilt": lambda: keras.Sequential([layers.Flatten(), layers.Dense(5)]),
    "no layers": lambda: keras.Sequential(),
    "three axes": lambda: keras.Sequential([keras.Input((7, 5)), layers.Dense(3)]),
    "wide": lambda: course((30000,), (4096,), 1),
    "nasty": lambda: (LayerFacts("InputLayer", NASTY, (), ((None, 2),)), dense(NASTY, 2, 3)),
}


def dense(name, features, units):
    weights = (Weight("kernel", (features, units)), Weight("bias", (units,)))
    config = {"units": units, "activation": "linear"}
    return LayerFacts("Dense", name, ((None, features),), ((None, units),), weights, config, (NASTY,))


@cache
def model_named(name):
    return MODELS[name]()


def sizes(drawing, kind):
    """Width and height of the matrices of one kind, in the order drawn."""
    root = ET.fromstring(f'<svg xmlns="http://www.w3.org/2000/svg">{drawing.body}</svg>')
    rects = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class").split()[:2] == ["matrix", kind]]
    return [(float(rect.get("width")), float(rect.get("height"))) for rect in rects]


def only(ledger):
    return next(dense for row in ledger.rows if (dense := dense_of(row)))


@pytest.mark.parametrize(("name", "lang", "batch"), each_once(MODELS, ["en", "ko"], [None, 32, (1, 10, 32, 60000)]))
def test_every_model_has_views_that_are_well_formed(name, lang, batch):
    model = model_named(name)
    for convention in CONVENTIONS:
        ledger = rowwise.explain(model, batch, lang, convention)
        root = ET.fromstring(ledger.to_svg())
        assert root.get("role") == "img"
        assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
        for view in (ledger.to_html(), ledger._repr_html_()):
            page = Page(view)
            assert not {"script", "iframe", "object"} & set(page.tags)
            assert not [tag for tag, attributes in page.attributes if {"id", "src", "onclick"} & set(attributes)]
            assert ("not known yet" if lang == "en" else "아직 모름") in page.text or ledger.parameters is not None
            assert ledger.parameters is None or f"{ledger.parameters:,}" in page.text
            for row in ledger.rows:
                for written in ledger.conventions if row.dense else ledger.conventions[:1]:
                    assert (row.counted(written) or "") in page.text
            for drawn in re.findall("<svg.*?</svg>", view):
                ET.fromstring(drawn)


@pytest.mark.parametrize("view", ["to_html", "_repr_html_", "to_svg"])
def test_names_are_shown_and_never_obeyed(view):
    text = getattr(rowwise.explain(MODELS["nasty"]()), view)()
    assert "<script" not in text
    assert "\x00" not in text
    assert "&lt;script&gt;" in text


def test_nothing_is_asked_of_the_network():
    for view in (rowwise.explain().to_html(), rowwise.explain()._repr_html_(), rowwise.explain().to_svg()):
        assert set(re.findall(r"\w+://[^\"' )]+", view)) <= {"http://www.w3.org/2000/svg"}
        assert "url(" not in view
        assert "@import" not in view


def test_the_page_says_in_the_ledgers_language_what_it_is():
    page = Page(rowwise.explain(lang="ko").to_html())
    assert ("html", {"lang": "ko"}) in page.attributes
    assert ("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}) in page.attributes
    for words in (
        "모든 층의 모양",
        "None이 뭔가요?",
        "784 × 100 + 100 = 78,500",
        "78,500 + 3,030 + 310 = 81,840",
        "2,508,800",
    ):
        assert words in page.text
    assert {attributes["scope"] for tag, attributes in page.attributes if tag == "th"} == {"row", "col"}
    assert "caption" in page.tags


def test_a_total_counts_a_nested_model_once():
    words = Page(rowwise.explain(nested(), 1).to_html()).text
    # 6 + 6 inputs, 4 + 4 inside, 2 outside: 22 numbers of four bytes.
    assert "88 B" in words


@given(
    features=st.integers(1, 3000),
    units=st.integers(1, 3000),
    records=st.integers(1, 100_000),
    convention=st.sampled_from(CONVENTIONS[:3]),
)
@settings(max_examples=100, deadline=None)
def test_sides_are_drawn_in_proportion_or_said_not_to_be(features, units, records, convention):
    ledger = rowwise.explain((dense("one", features, units),), records, convention=convention)
    scale = scale_of(ledger)
    drawing = draw_dense(only(ledger), [records], convention, scale)
    turn = convention == "columns"
    true = {"x": [(features, records)], "w": [(units, features)], "y": [(units, records)], "b": [(units, 1)]}
    if convention == "torch":
        true["w"] = [(features, units), (units, features)]
    notes = " ".join(scale.notes())
    for kind, shapes in true.items():
        for (width, height), shape in zip(sizes(drawing, kind), shapes, strict=True):
            for pixels, numbers in zip((width, height), reversed(shape) if turn else shape, strict=True):
                if numbers > scale.limit:
                    assert (pixels, "zig-zag" in notes) == (BROKEN, True)
                elif numbers * scale.per_number < THINNEST:
                    assert (pixels, "thicker" in notes) == (THINNEST, True)
                else:
                    assert pixels == pytest.approx(numbers * scale.per_number, abs=0.01)
                    assert pixels <= LONGEST + 0.01


def test_one_scale_holds_for_all_layers_and_batches():
    ledger = rowwise.explain(batch_size=[32, 784])
    scale = scale_of(ledger)
    one, two, _ = (draw_dense(dense, [32, 784], "keras", scale) for row in ledger.rows if (dense := dense_of(row)))
    assert sizes(one, "w") == [(pytest.approx(LONGEST * 100 / 784, abs=0.01), LONGEST)]
    assert sizes(two, "w")[0][1] == sizes(one, "w")[0][0]  # the 100 units of one are the 100 features of the next
    assert len(sizes(one, "x")) == 2  # W stands once, X and Y for each batch
    assert sizes(one, "x")[1] == (LONGEST, LONGEST)


def test_what_fits_together_stands_together():
    ledger = rowwise.explain()
    root = ET.fromstring(
        f'<svg xmlns="{SVG[1:-1]}">{draw_dense(only(ledger), [32], "keras", scale_of(ledger)).body}</svg>'
    )
    at = {rect.get("class"): rect for rect in root.iter(f"{SVG}rect") if rect.get("class").startswith("matrix")}
    for name in ("x", "width"):
        assert at["matrix w"].get(name) == at["matrix y"].get(name) == at["matrix b"].get(name)
    for name in ("y", "height"):
        assert at["matrix x"].get(name) == at["matrix y"].get(name)


@pytest.mark.parametrize(
    ("convention", "shapes", "arithmetic"),
    [
        ("keras", ["W (784, 100)", "b (100,)", "X (32, 784)", "Y (32, 100)"], "784 × 100 + 100 = 78,500"),
        (
            "torch",
            ["W (100, 784)", "Wᵀ (784, 100), W transposed", "b (100,)", "X (32, 784)", "Y (32, 100)"],
            "100 × 784 + 100 = 78,500",
        ),
        ("columns", ["X (784, 32)", "W (100, 784)", "b (100, 1)", "Y (100, 32)"], "100 × 784 + 100 = 78,500"),
    ],
)
def test_each_convention_is_drawn_as_it_writes(convention, shapes, arithmetic):
    assert arithmetic in rowwise.explain(convention=convention).to_svg()
    root = ET.fromstring(rowwise.explain(convention=convention).to_svg())
    words = ["".join(text.itertext()) for text in root.iter(f"{SVG}text") if " strong " in text.get("class")]
    assert words[: len(shapes)] == shapes


def test_branches_are_named_in_words():
    ledger = rowwise.explain(branches())
    for view in (ledger.to_svg(), ledger.to_html()):
        assert "takes: left, right" in view
        assert re.search("takes: flatten\\w*, mean", view)


def test_a_second_none_is_explained_where_it_stands():
    page = Page(rowwise.explain(places(), 32, "en").to_html())
    titles = [attributes["title"] for tag, attributes in page.attributes if tag == "abbr"]
    records, other = (
        [title for title in titles if words in title] for words in ("number of records", "places a record has")
    )
    assert len(records) + len(other) == len(titles)
    # Input: one shape; Dense: two, in the table and at its picture; pooling: (None, None, 3) → (None, 3). A None that
    # is not the first stands there for the batch of 32 too.
    assert (len(records), len(other)) == (1 + 2 + 2 + 2, 2 + 4 + 4 + 2)
    assert "A second None, as in (None, None, 8)" in page.text
    assert page.text.count("depends on the second None") >= 4
    assert "A second None" in " ".join(re.findall(">([^<>]+)</text>", rowwise.explain(places(), lang="en").to_svg()))


def test_in_columns_none_is_always_the_records():
    titles = [
        a["title"]
        for tag, a in Page(rowwise.explain(lang="en", convention="columns").to_html()).attributes
        if tag == "abbr"
    ]
    assert titles
    assert all("number of records" in title for title in titles)


def test_a_page_in_all_conventions_shows_that_they_agree():
    ledger = rowwise.explain(convention="all", lang="en")
    page = Page(ledger.to_html())
    for words in ("kernel (784, 100)", "weight (100, 784)", "b (100, 1)", "784 × 100 + 100", "100 × 784 + 100"):
        assert words in page.text
    kernel, bias = (ledger.example.computed.arrays["keras"][name] for name in ("kernel", "bias"))
    y = ledger.example.computed.arrays["keras"]["X"].astype(float) @ kernel + bias
    shown = [[float(number) for number in found.split(", ")] for found in re.findall(r"Y\[.*?\] = (.*?), …", page.text)]
    assert len(shown) == 3
    np.testing.assert_allclose(shown, [y[0, :4]] * 3, rtol=1e-3)
    assert "All three give" in page.text
    assert "written three ways" not in Page(rowwise.explain(lang="en").to_html()).text


def test_a_page_of_a_model_that_is_not_built_explains_no_none():
    page = Page(rowwise.explain(model_named("unbuilt"), lang="en").to_html())
    assert "What is None?" not in page.text
    assert "0 parameters" not in page.text
    for words in (page.text, " ".join(rowwise.explain(model_named("unbuilt"), lang="en").to_svg().split())):
        assert "0 parameters" not in words
        assert "model.build((None, 784))" in words


def test_two_ledgers_in_one_notebook_do_not_meet():
    one, other = rowwise.explain()._repr_html_(), rowwise.explain(lang="ko", convention="all")._repr_html_()
    assert not re.search(r'\sid="', one + other)
    scoped = list(scoped_rules(re.search("<style>(.*?)</style>", one, re.DOTALL)[1]))
    assert len(scoped) > 80
    for selector, is_scoped in scoped:
        assert is_scoped, selector


def scoped_rules(css):
    """Every selector of a style sheet, and whether it or a rule around it is of the ledger alone."""
    around = []
    for text, mark in re.findall("([^{};]*)([{};])", css):
        if mark == "{":
            named = [] if text.strip().startswith("@") else re.split(r",(?![^(]*\))", text)
            inside = bool(around) and around[-1]
            scoped = [".rowwise-ledger" in one or (inside and "&" in one) for one in named]
            yield from zip(named, scoped, strict=True)
            around.append(all(scoped) if named else inside)
        elif mark == "}":
            around.pop()
    assert not around


@pytest.mark.parametrize("theme", [0, 1])
def test_every_ink_can_be_read_on_every_ground(theme):
    for ink in ("fg", "soft", "x-ink", "w-ink", "b-ink", "y-ink"):
        for ground in ("bg", "card"):
            assert contrast(PALETTE[ink][theme], PALETTE[ground][theme]) >= 4.5


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_json_is_as_its_page_says(lang):
    page = (DOCS / lang / "ledger-json.md").read_text("utf-8")
    ledger = rowwise.explain(batch_size=[None, 32], lang=lang).to_dict()
    layer = ledger["layers"][3]
    assert json.loads(re.search("```json\n(.*?)```", page, re.DOTALL)[1]) == layer
    named = re.findall("`(\\w+)`", "\n".join(re.findall(r"^\|([^|]*)\|", page, re.MULTILINE)))
    assert named == [*ledger, *layer, *layer["conventions"]["keras"], *layer["batches"][0]]


@pytest.mark.parametrize("suffix", [".html", ".svg", ".json", ".txt", ".HTML"])
def test_a_ledger_is_saved_as_its_file_is_named(tmp_path, suffix):
    ledger, path = rowwise.explain(lang="ko"), tmp_path / "new" / f"장부{suffix}"
    ledger.save(str(path))
    saved = path.read_text("utf-8")
    if suffix == ".json":
        assert json.loads(saved) == ledger.to_dict()
    else:
        whole = {".html": ledger.to_html(), ".svg": ledger.to_svg(), ".txt": str(ledger)}[suffix.lower()]
        assert saved == whole.rstrip() + "\n"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_another_name_is_refused_and_a_file_system_may_refuse(tmp_path):
    with pytest.raises(UsageError, match=r"\.html, \.svg, \.json or \.txt"):
        rowwise.explain().save(tmp_path / "ledger.pdf")
    (tmp_path / "file").write_text("")
    with pytest.raises(SaveError):
        rowwise.explain().save(tmp_path / "file" / "ledger.svg")


# Every text that is shown: its own colour and that of what lies behind it.
SHOWN = """() => {
  const seen = new Set(), two = n => (+n).toString(16).padStart(2, '0');
  const hex = colour => '#' + colour.match(/\\d+/g).slice(0, 3).map(two).join('');
  const clear = at => /, 0\\)$|transparent/.test(getComputedStyle(at).backgroundColor);
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const at = walk.currentNode.parentElement;
    const unseen = ['STYLE', 'title', 'desc'].includes(at.tagName) || !at.getClientRects().length;
    if (unseen || !walk.currentNode.data.trim()) continue;
    const svg = at instanceof SVGElement, ink = getComputedStyle(at)[svg ? 'fill' : 'color'];
    let ground = at;
    while (ground && clear(ground)) ground = ground.parentElement;
    seen.add(hex(ink) + ' ' + hex(getComputedStyle(ground || document.documentElement).backgroundColor));
  }
  return [...seen];
}"""


# Words of one drawing that lie on one another, or on a matrix.
CROSSING = """() => [...document.querySelectorAll('svg')].flatMap(svg => {
  const box = at => at.getBoundingClientRect(), words = [...svg.querySelectorAll('text')];
  const beside = (a, b) => a.right <= b.left + 1 || b.right <= a.left + 1;
  const apart = (a, b) => beside(a, b) || a.bottom <= b.top + 4 || b.bottom <= a.top + 4;
  const others = [...words, ...svg.querySelectorAll('.matrix')];
  return words.flatMap(a => others.filter(b => a !== b && !apart(box(a), box(b))).map(b => a.textContent));
})"""


def opened(browser, content, width, theme):
    """A page that holds `content`; what its console said and what it asked for."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    tab, said, asked = context.new_page(), [], []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.set_content(content)
    return tab, said, asked


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_in_a_browser_it_fits_is_readable_and_asks_for_nothing(browser, lang):
    ledgers = [
        rowwise.explain(lang=lang),
        rowwise.explain(branches(), [None, 1, 60000], lang),
        rowwise.explain(None, [1, 10, 32, 60000], lang, "all"),
        rowwise.explain((dense("a_very_long_name_" * 9, 30, 7),), 32, lang, "columns"),
    ]
    for ledger in ledgers:
        tab, said, asked = opened(browser, ledger.to_html(), 380, "light")
        for width, theme in itertools.product((380, 1280), ("light", "dark")):
            tab.set_viewport_size({"width": width, "height": 900})
            tab.emulate_media(color_scheme=theme)
            assert tab.evaluate("[document.scrollingElement.scrollWidth, innerWidth]") == [width, width]
            shown = [pair.split() for pair in tab.evaluate(SHOWN)]
            assert len(shown) > 2
            for ink, ground in shown:
                assert contrast(ink, ground) >= 4.5, (ink, ground)
            dark = contrast(shown[0][1], "#000000") < 2
            assert dark == (theme == "dark")
        assert (said, asked) == ([], [])
        tab.context.close()


@pytest.mark.slow
def test_in_a_notebook_the_notebooks_theme_counts_and_not_the_systems(browser):
    both = rowwise.explain()._repr_html_() + rowwise.explain(lang="ko")._repr_html_()
    for theme, system, light in (("false", "light", False), ("true", "dark", True)):
        content = f'<body data-jp-theme-light="{theme}"><div class="jp-RenderedHTMLCommon">{both}</div></body>'
        tab, said, _ = opened(browser, content, 900, system)
        grounds = tab.evaluate(
            "[...document.querySelectorAll('.rowwise-ledger')].map(e => getComputedStyle(e).backgroundColor)"
        )
        assert all(contrast(*pair.split()) >= 4.5 for pair in tab.evaluate(SHOWN))
        assert grounds == ["rgb(255, 255, 255)" if light else "rgb(18, 21, 26)"] * 2
        assert said == []
        tab.context.close()


# What a notebook's own style sheet says of all that it shows.
NOTEBOOK = """<style>body{font:13px/1.3 serif}.shown table{font-size:12px;table-layout:fixed;margin:0 auto 1em}
.shown td,.shown th,.shown tr{vertical-align:middle;padding:.5em;text-align:right;border:none}
.shown tbody tr:nth-child(odd){background:#ddd}.shown p{margin:0 0 1em}.shown code{background:#eee;padding:1px 5px}
.shown ul{padding-left:2em;list-style:disc}.shown h3{color:green}</style>"""
PARTS = ("p", "h3", "h4", "table", "caption", "th", "td", "td p", "ul", "code", "figure", ".view", "svg", "svg *")
LOOKS = """at => [...document.querySelectorAll(at)].map(e => {
  const s = getComputedStyle(e);
  return ['display', 'backgroundColor', 'color', 'fill', 'font', 'textAlign', 'padding', 'margin', 'border',
    'listStyle', 'verticalAlign'].map(name => s[name]).join();
})"""


@pytest.mark.slow
def test_in_a_notebook_ledger_and_notebook_leave_one_another_as_they_are(browser):
    ledger, others = rowwise.explain(), "<p>a</p><table><tr><th>b</th><td>c</td></tr></table><code>d</code>"
    looks = []
    for content in (f"{ledger._repr_html_()}", f"{NOTEBOOK}<div class=shown>{ledger._repr_html_()}{others}</div>"):
        tab, *_ = opened(browser, f"<!DOCTYPE html>{content}", 900, "light")
        looks.append([tab.evaluate(LOOKS, f".rowwise-ledger {part}") for part in PARTS])
        tab.context.close()
    assert looks[0] == looks[1]
    looks = []
    for content in (others, f"{others}{ledger._repr_html_()}"):
        tab, *_ = opened(browser, f"<!DOCTYPE html>{NOTEBOOK}<div class=shown>{content}</div>", 900, "light")
        looks.append(tab.evaluate(LOOKS, ":is(p, table, th, td, code):not(.rowwise-ledger *)"))
        tab.context.close()
    assert looks[0] == looks[1]
    assert len(looks[0]) == 5


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_no_word_of_a_drawing_leaves_it_or_crosses_another(browser, lang):
    tab, *_ = opened(browser, "", 1280, "light")
    for convention in CONVENTIONS[1:]:
        ledger = rowwise.explain(None, [None, 1, 60000], lang, convention)
        for content in (ledger.to_html(), ledger.to_svg()):
            tab.set_content(content)
            outside = tab.evaluate("""() => [...document.querySelectorAll('svg text')].filter(text => {
                const a = text.getBoundingClientRect(), b = text.ownerSVGElement.getBoundingClientRect();
                return a.left < b.left - 1 || a.right > b.right + 1 || a.bottom > b.bottom + 2;
            }).map(text => text.textContent)""")
            assert outside == []
            assert tab.evaluate(CROSSING) == []
    tab.context.close()


# What holds more than it shows, or reaches out of the window.
HIDDEN = """() => [...document.querySelectorAll('.rowwise-ledger *')].filter(at => {
  const box = at.getBoundingClientRect();
  const cut = !(at instanceof SVGElement) && at.clientWidth > 1 && at.scrollWidth > at.clientWidth + 1;
  if (at.closest('thead')?.offsetWidth === 1) return false;  // there for readers aloud, on a narrow screen
  return box.width > 1 && (cut || box.right > innerWidth + 1);
}).map(at => at.outerHTML.slice(0, 80))"""
# How much smaller than designed the pictures are.
SHRUNK = """() => Math.min(...[...document.querySelectorAll('.view svg')].map(at =>
    at.getBoundingClientRect().width / at.getAttribute('width')))"""


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_no_batch_of_any_convention_is_cut_off(browser, lang):
    for convention, batches in (("all", [1, 32]), ("all", [1, 10, 32, 60000]), ("columns", [None, 1, 60000])):
        tab, *_ = opened(browser, rowwise.explain(None, batches, lang, convention).to_html(), 1280, "light")
        for width in (1280, 380):
            tab.set_viewport_size({"width": width, "height": 900})
            assert tab.evaluate("[document.scrollingElement.scrollWidth, innerWidth]") == [width, width]
            assert tab.evaluate(HIDDEN) == []
            assert tab.evaluate(SHRUNK) > 0.6
        tab.context.close()


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_on_a_wide_screen_the_three_conventions_stand_side_by_side(browser, lang):
    tab, *_ = opened(browser, rowwise.explain(lang=lang, convention="all").to_html(), 1280, "light")
    rows = tab.evaluate("""() => [...document.querySelectorAll('.three')].map(row =>
        [...row.children].map(view => [view.getBoundingClientRect().top, view.scrollWidth - view.clientWidth]))""")
    assert len(rows) == 3
    for views in rows:
        assert len(views) == 3
        assert len({top for top, _ in views}) == 1
        assert {hidden for _, hidden in views} == {0}
    tab.context.close()


def take_pictures():
    from PIL import Image
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = launch(playwright)
        for lang in ("en", "ko"):
            for width in (1280, 380):
                tab, *_ = opened(browser, rowwise.explain(lang=lang).to_html(), width, "light")
                pixels = np.asarray(Image.open(io.BytesIO(tab.screenshot(full_page=True))).convert("RGB"), int)
                # The page's own colours and the most frequent of the others: a third of the file.
                colours, which, often = np.unique(
                    pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True
                )
                own = [list(bytes.fromhex(light[1:])) for light, _ in PALETTE.values()]
                kept = np.concatenate([own, colours[np.argsort(-often)]])[:256]
                nearest = ((colours[:, None] - kept) ** 2).sum(-1).argmin(1).astype("uint8")
                picture = Image.fromarray(nearest[which.reshape(-1)].reshape(pixels.shape[:2]))
                picture.putpalette(kept.astype("uint8").tobytes())
                picture.save(DOCS / "images" / "ledger" / f"{lang}-{width}.png", optimize=True)
        browser.close()


if __name__ == "__main__":
    take_pictures()
