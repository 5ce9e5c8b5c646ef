"""A Subject → one page that holds all of it: no script, nothing from elsewhere, in the language in force."""

from __future__ import annotations

from rowwise.measure.page.confusion import confusion_section
from rowwise.measure.page.measures import measures_section, tiles
from rowwise.measure.page.origin import data_section, model_section, repeat_section
from rowwise.measure.page.style import rules
from rowwise.measure.page.subject import Subject
from rowwise.measure.page.trust import calibration_section, curves_section, importance_section
from rowwise.measure.page.worst import worst_section
from rowwise.shapes.ledger.drawing import safe
from rowwise.text import language, say

__all__ = ["Subject", "page"]

SECTIONS = {
    "measures": ("report.measures", measures_section),
    "confusion": ("report.confusion", confusion_section),
    "worst": ("report.worst", worst_section),
    "calibration": ("report.calibration", calibration_section),
    "importance": ("report.importance", importance_section),
    "curves": ("pictures.curves", curves_section),
    "data": ("report.data", data_section),
    "model": ("report.model", model_section),
    "repeat": ("report.repeat", repeat_section),
}


def page(subject: Subject) -> str:
    """A document of its own; its policy forbids it to fetch anything and to run anything."""
    title = safe(say("report.title", name=subject.data.name))
    found = {name: made for name, (_, make) in SECTIONS.items() if (made := make(subject))}
    links = "".join(f'<li><a href="#{name}">{safe(say(SECTIONS[name][0]))}</a></li>' for name in found)
    where = safe(say("report.on", provenance=subject.data.origin, records=f"{len(subject.data):,}"))
    return (
        f'<!DOCTYPE html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">\n"
        f'<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n<title>{title}</title>\n'
        f'<style>{rules()}</style>\n</head>\n<body>\n<header><h1>{title}</h1><p class="soft">{where}</p>'
        f'{tiles(subject)}</header>\n<nav aria-label="{safe(say("report.contents"))}"><ul>{links}</ul></nav>\n'
        f"<main>\n{chr(10).join(found.values())}\n</main>\n<footer>{safe(say('report.footer'))}</footer>\n"
        "</body>\n</html>\n"
    )
