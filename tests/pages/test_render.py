"""Templates are filled strictly, and what they are filled with is escaped once."""

import re
import subprocess
import sys

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

import rowwise
from rowwise.pages.render import render
from rowwise.pages.svg import Drawing, Sheet, element, inline, text_width

DRAWING = {"title": "a", "description": "b", "width": 1, "height": 2, "padding": 3}


def test_text_is_escaped_and_markup_stands_as_it_is():
    document = render("rowwise.pages", "drawing.svg", **DRAWING | {"title": "<&'\">"}, body=element("g", "a < b"))
    assert "<title>&lt;&amp;&#39;&#34;&gt;</title>" in document
    assert "<g>a &lt; b</g>" in document
    again = render("rowwise.pages", "drawing.svg", **DRAWING, body=document)
    assert document in again


def test_a_value_that_is_missing_is_an_error_and_no_gap():
    with pytest.raises(UndefinedError, match="body"):
        render("rowwise.pages", "drawing.svg", **DRAWING)


def test_what_no_document_can_hold_becomes_the_replacement_character():
    document = render(
        "rowwise.pages", "drawing.svg", **DRAWING | {"title": "\x00\x0b\ud800\uffff"}, body=Markup("\x07")
    )
    assert "<title>\ufffd\ufffd\ufffd\ufffd</title>" in document
    assert ">\ufffd</g>" in document


def test_a_page_may_fetch_nothing_and_run_nothing():
    policy = re.search('Content-Security-Policy" content="([^"]*)"', rowwise.explain().to_html())[1]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@pytest.mark.parametrize(
    ("make", "written"),
    [
        (lambda: element("rect", class_="a", x=1, y=0.126, rx=None), '<rect class="a" x="1" y="0.13"/>'),
        (
            lambda: element("text", "1 < 2", element("tspan", "&"), text_anchor="end"),
            '<text text-anchor="end">1 &lt; 2<tspan>&amp;</tspan></text>',
        ),
        (lambda: element("desc", ""), "<desc></desc>"),
        (lambda: element("path", d='"><script>'), '<path d="&#34;&gt;&lt;script&gt;"/>'),
    ],
)
def test_an_element_is_written_with_short_numbers_and_escaped(make, written):
    assert make() == written


def test_a_sheet_is_as_large_as_what_is_on_it():
    sheet = Sheet()
    assert sheet.lines(0, 20, ["one", "two"]) == 52
    sheet.text(0, 20, "left of it", end=True)
    sheet.place(Drawing(element("g"), 300, 10), 10, 200)
    drawing = sheet.drawing()
    assert (drawing.width, drawing.height) == (310 + text_width("left of it") + 1, 211)
    assert drawing.body.startswith('<g transform="translate(')


def test_a_drawing_is_told_to_who_cannot_see_it():
    drawing = inline(Drawing(Markup("<g/>"), 10.4, 20), "a & b", "<c>")
    assert drawing == (
        '<svg role="img" width="10" height="20" viewBox="0 0 10 20">'
        "<title>a &amp; b</title><desc>&lt;c&gt;</desc><g/></svg>"
    )


@pytest.mark.parametrize("code", ["str(rowwise.explain())", "rowwise.explain().to_dict()", "rowwise.load('digits')"])
def test_only_what_makes_a_page_waits_for_the_templates(code):
    code = f"import sys, rowwise; {code}; print({{'jinja2', 'markupsafe', 'rowwise.pages'}} & {{*sys.modules}})"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output == "set()\n"
