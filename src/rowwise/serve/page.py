"""A model → the page that shows it: a form to try it, how programs call it, and its ledger. Nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from markupsafe import Markup

from rowwise.data.tables.columns import KINDS
from rowwise.pages.render import render
from rowwise.serve.examples import example_records, example_value
from rowwise.shapes.ledger.as_html import fragment
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowwise.data.tables.schema import Column
    from rowwise.serve.model import Model

MOST_LEVELS = 200  # of a column whose levels a list offers; of more, the first of them beside a free text
SCRIPT = Path(__file__).with_name("templates") / "serve.js"
WIDEST_EXAMPLE = 2000  # characters of a call that is shown


class Field(NamedTuple):
    """A column as the form asks for it."""

    name: str
    kind: str
    value: str
    about: str
    levels: tuple[str, ...] = ()


class Link(NamedTuple):
    """Another model, and where its page is."""

    name: str
    place: str
    current: bool


@cache
def script() -> Markup:
    """What the page runs."""
    return Markup("\n" + SCRIPT.read_text(encoding="utf-8"))


@cache
def policy() -> str:
    """What the page may do: run this script, call this server, show the picture that was chosen."""
    digest = base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()
    parts = ("default-src 'none'", "style-src 'unsafe-inline'", f"script-src 'sha256-{digest}'", "connect-src 'self'")
    return "; ".join((*parts, "img-src data: blob:", "form-action 'none'", "base-uri 'none'"))


def page(model: Model, names: Sequence[str], root: str = "") -> str:
    """The document, in the current language.

    Args:
        model: that is shown.
        names: of all models.
        root: the path below which the app stands.
    """
    saved = model.saved
    place = f"{root}/predict/{quote(model.name, safe='')}"
    class_names = dict(zip(saved.classes, saved.class_names, strict=True))
    links = [Link(name, f"{root}/?model={quote(name, safe='')}", name == model.name) for name in names]
    words = {key: say(f"serve.page.{key}") for key in ("wait", "failed", "interval")}
    about: dict[str, Any] = {"place": place, "words": words, "classes": class_names}
    body = json.dumps({"records": example_records(model)}, ensure_ascii=False)
    document = render(
        "rowwise.serve",
        "serve.html",
        title=model.name,
        accepts=str(saved.accepts),
        basis=str(saved.basis),
        facts=_facts(model),
        links=links if len(links) > 1 else [],
        fields=[_field(column) for column in model.schema.used] if model.schema is not None else [],
        kind=saved.accepts.kind,
        about=json.dumps(about, ensure_ascii=False),
        place=place,
        example=body if len(body) < WIDEST_EXAMPLE else "",
        ledger=fragment(saved.explain()),
        openapi=f"{root}/openapi.json",
        policy=policy(),
        script=script(),
    )
    return str(document)


def _facts(model: Model) -> list[tuple[str, str]]:
    """Names and values of what is known of the run."""
    record = model.saved.record
    facts = [
        (say("serve.page.outputs"), ", ".join(model.saved.class_names or model.saved.targets)),
        (say("serve.page.parameters"), f"{model.saved.network.count_params():,}"),
    ]
    if record is not None:
        facts.append((say("serve.page.data"), f"{record.data.name}: {record.data.records:,}"))
    return facts


def _field(column: Column) -> Field:
    known = KINDS[column.kind].values_text(column)
    value = example_value(column)
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return Field(column.name, column.kind, text, known, column.levels[:MOST_LEVELS])
