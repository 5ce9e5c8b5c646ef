"""Whatever a user names a thing, a page shows the name and does nothing of it."""

import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser

import keras
import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.data import load
from rowwise.measure import score, score_numbers
from rowwise.measure.importance import ColumnImportance, Importance
from rowwise.measure.page import ReportContent, page
from rowwise.measure.page.report_content import Training
from rowwise.shapes.ledger.facts import LayerFacts, Weight
from rowwise.shapes.ledger.tracing import trace
from rowwise.text import use_language

CONTROLS = "\x00\x01\x07\x08\x0b\x1b\x1f\ufffe\uffff\ud800\x9b\u202e\u2066"
NAMES = {
    "script": "<script>alert(1)</script>",
    "attribute": '"><img src=x onerror=alert(1)>',
    "apostrophe": "' onmouseover='alert(1)' x='",
    "end of the style": "</style></title></desc><script>alert(1)</script>",
    "comment": "--><!--<svg onload=alert(1)>]]>",
    "entity": "& &amp; &#60;b&#62;",
    "template": "{{ 7 * 7 }}{% if x %}{# #}",
    "control characters": f"a{CONTROLS}b",
}
EVERYTHING = "".join(NAMES.values())
EPOCHS = 3
# All that our pages are made of.
ELEMENTS = set(
    re.findall(
        r"\w+",
        """html head meta link title style body main header nav footer section h1 h2 h3 h4 h5 p b strong span i code
        abbr pre a div ul li dl dt dd table caption thead tbody tfoot tr th td figure figcaption details summary img
        svg desc g path rect circle polyline text tspan""",
    )
)
ATTRIBUTES = set(
    re.findall(
        r"[\w:-]+",
        """lang charset name content http-equiv rel href id class style role scope colspan title alt src tabindex
        data-label aria-label aria-hidden xmlns xml:lang width height viewbox d x y dx cx cy r rx points transform
        text-anchor""",
    )
)


class Parsed(HTMLParser):
    """Elements, attributes and text of a document, as a browser would find them."""

    def __init__(self, document):
        super().__init__()
        self.elements, self.attributes, self.texts, self.open = set(), [], [], []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        self.open.pop()

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.texts.append(data)

    def handle_comment(self, data):
        raise AssertionError(data)


def ledger(name):
    """A ledger in which every text is `name`, of a model without Keras: Keras's layers have no slash in their names."""
    weights = (Weight("kernel", (3, 2)), Weight("bias", (2,)), Weight(name, (2,), trainable=False))
    rows = (
        LayerFacts("InputLayer", name, (), ((None, 3),)),
        LayerFacts("Dense", name, ((None, 3),), ((None, 2),), weights[:2], {"units": 2, "activation": name}, (name,)),
        LayerFacts("Dense", name + "2", ((None, None, 3),), ((None, None, 2),), weights[:2], {"units": 2}, ("x", name)),
        LayerFacts(name, name, ((None, 2),), ((None, 2),), weights, {"activation": name}, (name,)),
        LayerFacts(name, name, (), (), built=False),
    )
    return replace(rowwise.explain(rows, [None, 1, 32], convention="all"), name=name)


def model_of(data, name):
    """Untrained, with the names that Keras allows."""
    model = rowwise.dense(data, (4,), seed=0)
    name = name.replace("/", "\\")
    records = keras.Input(model.input_shape[1:], name=name)
    outputs = records
    for number, layer in enumerate(model.layers[1:]):
        if isinstance(layer, keras.layers.Dense):
            layer = keras.layers.Dense(layer.units, layer.activation, name=f"{number}{name}")
        outputs = layer(outputs)
    return keras.Model(records, outputs, name=name)


def training(name):
    """How the model was trained."""
    figures = {column: [0.5] * EPOCHS for column in ("loss", name, f"val_{name}")}
    settings = {name: name, "hidden": [name], "engine": name}
    return Training(3, name, settings, {name: name}, figures, [0.1] * EPOCHS)


def subject(report, data, name):
    columns = (ColumnImportance(name, 0.1, 0.0), ColumnImportance(name + "2", -0.1, 0.0))
    importance = Importance("accuracy", 0.5, columns, 40, 5, 0)
    commands = [("report.repeat.train", name), ("report.repeat.evaluate", name)]
    return ReportContent(report, model_of(data, name), data, importance, training(name), commands, {name: name})


def pictures(name):
    """A report of classes whose records are pictures."""
    random = np.random.default_rng(0)
    x, y = random.integers(0, 255, (40, 6, 5), np.uint8), np.arange(40) % 3
    classes = (name, name + "2", "c")
    data = rowwise.Dataset(name, x, y, classes, classes, part=name, provenance=name)
    return subject(score(random.dirichlet(np.ones(3), 40), data), data, name)


def table(name, task):
    """A report on a table of which the columns, the levels and the target are named `name`."""
    written = name.replace("\ud800", "")  # which no table can hold
    random = np.random.default_rng(0)
    columns = {written: random.normal(size=90), f"{written}2": [written if i % 2 else f"{written}b" for i in range(90)]}
    target = [f"{written}{i % 7 % 3}" for i in range(90)] if task == "classification" else random.normal(size=90)
    frame = pl.DataFrame(columns | {f"{written}t": target})
    _, data = load(frame, target=f"{written}t")
    data = replace(data, name=name, part=name, provenance=name)
    if task == "classification":
        return subject(score(random.dirichlet(np.ones(3), len(data)), data), data, name)
    return subject(score_numbers(random.normal(size=(len(data), 1)), data), data, name)


def traced(name):
    model = keras.Sequential([keras.Input((4, 5)), keras.layers.Flatten(), keras.layers.Dense(2)])
    followed = trace(model, np.random.default_rng(0).random((3, 4, 5)), 0, 0)
    return replace(followed, layer=name, activation=name, names=(name,) * 20, image=None)


PAGES = {
    "ledger's page": lambda name: ledger(name).to_html(),
    "ledger's fragment": lambda name: ledger(name)._repr_html_(),
    "ledger of a Keras model": lambda name: rowwise.explain(pictures(name).model, convention="all").to_html(),
    "ledger's drawing": lambda name: ledger(name).to_svg(),
    "trace": lambda name: traced(name).to_html(name),
    "report on pictures": lambda name: page(pictures(name)),
    "report on a table of classes": lambda name: page(table(name, "classification")),
    "report on a table of numbers": lambda name: page(table(name, "regression")),
}


@cache
def document_of(kind, name, lang="en"):
    with use_language(lang):
        return PAGES[kind](name)


def shown(name):
    """The name as people read it."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "\ufffd", name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", PAGES)
def test_a_name_is_text_and_nothing_else(kind, name):
    document = document_of(kind, NAMES[name])
    assert type(document) is str
    document.encode("utf-8")  # no lone surrogate
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\x7f-\x9f\u202a-\u202e\u2066-\u2069]", document)
    parsed = Parsed(document)
    assert parsed.elements <= ELEMENTS
    assert {attribute for attribute, _ in parsed.attributes} <= ATTRIBUTES
    for attribute, value in parsed.attributes:
        if attribute in ("href", "src"):
            assert value.startswith(("#", "data:"))
    spaceless = "".join("".join(parsed.texts).split())
    assert "".join(shown(NAMES[name]).split()).replace("/", "\\") in spaceless.replace("/", "\\")


@pytest.mark.parametrize("kind", [kind for kind in PAGES if kind != "ledger's drawing"])  # which breaks lines at spaces
def test_names_leave_the_structure_of_a_page_as_it_is(kind):
    """The same elements with the same attributes in the same order, whether a name is one letter or an attack."""
    opening = re.compile(r"<[a-z1-6]+(?: [a-z:-]+(?==))?")
    harmless, hostile = (opening.findall(re.sub('"[^"]*"', "", document_of(kind, name))) for name in ("a", EVERYTHING))
    assert hostile == harmless


@pytest.mark.parametrize("kind", PAGES)
def test_a_style_sheet_is_not_escaped(kind):
    sheets = re.findall("<style>(.*?)</style>", document_of(kind, "a"), re.DOTALL)
    assert sheets
    for sheet in sheets:
        assert not re.search(r"&[#\w]+;", sheet)


def test_a_drawing_stays_well_formed():
    from xml.etree import ElementTree

    for name in (*NAMES.values(), EVERYTHING):
        root = ElementTree.fromstring(document_of("ledger's drawing", name))
        assert {element.tag.rpartition("}")[2] for element in root.iter()} <= ELEMENTS


# Without its policy a page that obeyed a name would run it, as a notebook would with a fragment.
POLICY = re.compile('<meta http-equiv="Content-Security-Policy"[^>]*>')


@pytest.mark.slow
@pytest.mark.parametrize("kind", PAGES)
def test_in_a_browser_no_name_comes_alive(browser, kind, tmp_path):
    document, replaced = POLICY.subn("", document_of(kind, EVERYTHING))
    assert replaced == (kind not in ("ledger's fragment", "ledger's drawing"))
    file = tmp_path / ("page.svg" if kind == "ledger's drawing" else "page.html")
    file.write_text(document, "utf-8")
    tab = browser.new_context().new_page()
    events = []
    tab.on("dialog", lambda dialog: (events.append(dialog.message), dialog.dismiss()))
    tab.on("pageerror", lambda error: events.append(str(error)))
    tab.on("console", lambda message: events.append(message.text))
    tab.on("request", lambda request: events.append(request.url))
    tab.goto(file.as_uri())
    alive = """() => [...document.querySelectorAll('*')].filter(at => at.localName === 'script' ||
        [...at.attributes].some(one => one.name.startsWith('on'))).map(at => at.outerHTML)"""
    assert tab.evaluate(alive) == []
    tab.mouse.move(200, 200)
    assert [event for event in events if event != file.as_uri() and not event.startswith("data:")] == []
    tab.context.close()
