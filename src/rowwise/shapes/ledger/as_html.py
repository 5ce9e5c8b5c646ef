"""A Ledger → HTML: a fragment for notebooks, and a page of its own. No script, no id, nothing from elsewhere.

Words are in the language in force. A fragment's rules reach only into itself, and two of them do not meet.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rowwise.shapes.ledger.as_svg import matrices, panel, scale_of
from rowwise.shapes.ledger.as_text import (
    arrays,
    counted,
    equations,
    equations_in,
    head,
    nones,
    notes,
    numbers_told,
    size_text,
    takes,
    unknown,
    untold,
    written,
)
from rowwise.shapes.ledger.drawing import FONTS, MONO, PALETTE, inline, ruler, safe, style
from rowwise.shapes.ledger.rules import shape_text
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowwise.shapes.ledger.as_svg import Dense
    from rowwise.shapes.ledger.drawing import Scale
    from rowwise.shapes.ledger.ledger import Ledger, Row

UNTOLD = "–"  # where a figure cannot be told
# Twice: notebooks have rules of their own for tables, and ours must be the more specific ones.
SCOPE = ".rowwise-ledger.rowwise-ledger"
# What notebooks say of their theme, which may differ from the system's.
LIGHT = ("[data-jp-theme-light=true]", "body.vscode-light", "html[theme=light]", "html[data-theme=light]")
DARK = ("[data-jp-theme-light=false]", "body.vscode-dark", "html[theme=dark]", "html[data-theme=dark]")


def page(ledger: Ledger) -> str:
    """A document of its own; its policy forbids it to fetch anything."""
    title = safe(say("faces.title", name=ledger.name))
    return (
        f'<!DOCTYPE html>\n<html lang="{ledger.lang}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">\n"
        f'<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n<title>{title}</title>\n'
        f"<style>{_PAGE}</style>\n</head>\n<body>\n<main>\n{_ledger(ledger, 1)}\n</main>\n</body>\n</html>\n"
    )


def fragment(ledger: Ledger) -> str:
    """What a notebook shows."""
    return _ledger(ledger, 3)


def _ledger(ledger: Ledger, level: int) -> str:
    """The whole ledger below a heading of this level."""
    none = "".join(f"<p>{safe(words)}</p>" for words in nones(ledger))
    none = f'<div class="note"><p><strong>{safe(say("faces.none"))}</strong></p>{none}</div>' if none else ""
    return (
        f'<div class="rowwise-ledger" lang="{ledger.lang}"><style>{_style()}</style><div class="all">'
        f'<h{level} class="head">{safe(head(ledger))}</h{level}>'
        f"{''.join(f'<p>{safe(words)}</p>' for words in notes(ledger, none=False))}"
        f"{none}{_table(ledger)}{_example(ledger, level + 1)}{_drawings(ledger, level + 1)}</div></div>"
    )


def _table(ledger: Ledger) -> str:
    known = [size for size in ledger.batch_sizes if size is not None]
    columns = [say("faces.layer"), say("faces.shapes"), say("ledger.label.parameters")]
    if known:
        columns += [say("ledger.label.memory"), say("ledger.label.work")]
    heads = "".join(f'<th scope="col" role="columnheader">{safe(column)}</th>' for column in columns)
    body = "".join(_line(ledger, index, known, columns) for index in range(len(ledger.rows)))
    # Roles in full: on a narrow screen the table is laid out as blocks and would no longer be one to a reader.
    return (
        f'<table role="table"><caption>{safe(say("faces.layers"))}</caption>'
        f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead><tbody role="rowgroup">{body}</tbody>'
        f'<tfoot role="rowgroup">{_totals(ledger, known, columns)}</tfoot></table>'
    )


def _line(ledger: Ledger, index: int, known: list[int], columns: list[str]) -> str:
    row = ledger.rows[index]
    facts = row.facts
    kind = "" if facts.kind == "InputLayer" else f" <span>{safe(facts.kind)}</span>"
    source = takes(ledger, index) and f"{say('ledger.label.from')}: {takes(ledger, index)}"
    name = f"<b>{safe(facts.name)}</b>{kind}<p>{safe(row.sentence)}</p>{f'<p>{safe(source)}</p>' if source else ''}"
    cells = [
        _pairs(equations(ledger, row), row.dense is None),
        "".join(_kept(ledger, row, convention) for convention in written(ledger, row)),
    ]
    if known:
        cells += [
            _figures([(size, row.output_bytes(size)) for size in known], size_text, _untold(row)),
            _figures([(size, row.multiply_adds(size)) for size in known], "{:,}".format, _untold(row)),
        ]
    depth = f' style="--depth:{facts.depth}"' if facts.depth else ""
    return f'<tr role="row"><th scope="row" role="rowheader"{depth}>{name}</th>{_cells(cells, columns)}</tr>'


def _kept(ledger: Ledger, row: Row, convention: str) -> str:
    """How the parameters are counted, and the arrays that they are in."""
    weights = "".join(
        f"<li>{safe(weight.name)} {_shape(shape_text(weight.shape))}"
        f"{'' if weight.trainable else ' ' + safe(say('ledger.frozen'))}</li>"
        for weight in row.weights(convention)
    )
    arithmetic = safe(counted(row, convention)).replace(" × ", "\u00a0×\u00a0")  # no line ends within a product
    told = f"<p>{arithmetic}</p>{f'<ul>{weights}</ul>' if weights else ''}"
    return f'<div class="kept"><b>{convention}</b>{told}</div>' if len(written(ledger, row)) > 1 else told


def _cells(cells: list[str], columns: list[str]) -> str:
    return "".join(
        f'<td role="cell" data-label="{safe(label)}">{cell}</td>' if cell else '<td role="cell" class="empty"></td>'
        for label, cell in zip(columns[1:], cells, strict=True)
    )


def _totals(ledger: Ledger, known: list[int], columns: list[str]) -> str:
    cells = ["", _counted(ledger)]
    if known:
        cells += [
            _figures(
                [(size, ledger.output_bytes(size)) for size in known],
                size_text,
                unknown(ledger, lambda row: row.output_bytes(1)),
            ),
            _figures(
                [(size, ledger.multiply_adds(size)) for size in known],
                "{:,}".format,
                unknown(ledger, lambda row: row.multiply_adds(1)),
            ),
        ]
    return (
        f'<tr role="row"><th scope="row" role="rowheader">{safe(say("faces.total"))}</th>{_cells(cells, columns)}</tr>'
    )


def _counted(ledger: Ledger) -> str:
    """The sum of all parameters, and how many of them training changes."""
    if ledger.parameters is None or ledger.trainable is None:
        return f"<p>{safe(say('faces.unknown.count'))}</p>"
    terms = [f"{row.parameters:,}" for row in ledger.rows if row.parameters]
    total = f"{ledger.parameters:,}"
    words = f"<p>{' + '.join(terms)} <span>= <b>{total}</b></span></p>" if len(terms) > 1 else f"<p><b>{total}</b></p>"
    if ledger.trainable != ledger.parameters:
        frozen = f"{ledger.parameters - ledger.trainable:,}"
        words += f"<p>{safe(say('ledger.total.trainable', trainable=f'{ledger.trainable:,}', frozen=frozen))}</p>"
    return words


def _untold(row: Row) -> str:
    return untold(row) if row.facts.outputs else UNTOLD


def _figures(figures: list[tuple[int, int | None]], words: Callable[[int], str], reason: str) -> str:
    if any(figure is None for _, figure in figures):
        return f'<p class="untold">{safe(reason)}</p>'
    told = [(size, words(figure)) for size, figure in figures if figure is not None]
    if len({figure for _, figure in told}) == 1:
        return f"<p>{safe(told[0][1])}</p>"
    return "".join(f"<p>{safe(say('ledger.at', figure=figure, records=f'{size:,}'))}</p>" for size, figure in told)


def _pairs(told: list[tuple[str, str]], records_first: bool) -> str:
    """The equations, each with its number of records."""
    return "".join(
        f'<p class="pair"><span>{safe(label)}</span> {_shape(equation, records_first)}</p>' for label, equation in told
    )


def _shape(text: str, records_first: bool = False) -> str:
    """Shapes are not broken across lines, and None explains itself where it stands.

    With `records_first`, a None that does not come first in its shape is another axis than the records'.
    """

    def told(found: re.Match[str]) -> str:
        later = records_first and found[1]
        title = say("ledger.second.short" if later else "ledger.none")
        return f'{found[1]}<abbr title="{safe(title)}">None</abbr>'

    marked = re.sub(r"\([^()]*\)[ᵀ]?", lambda shape: f"<span>{shape[0]}</span>", safe(text))
    return f"<code>{re.sub('( ?)None', told, marked)}</code>"


def _example(ledger: Ledger, level: int) -> str:
    """One layer computed in each convention, on real numbers."""
    if ledger.example is None:
        return ""
    computed = ledger.example.computed
    cards = []
    for convention, held in computed.arrays.items():
        kept = ", ".join(f"{name} {shape_text(array.shape)}" for name, array in held.items())
        told = (kept, computed.equation(convention), computed.first_values(convention))
        lines = "".join(f"<p>{_shape(words)}</p>" for words in told)
        cards.append(f"<div><p><b>{safe(say(f'faces.convention.{convention}'))}</b></p>{lines}</div>")
    return (
        f'<h{level} class="part">{safe(say("faces.example.title"))}</h{level}>'
        f"<p>{safe(numbers_told(ledger.example))}</p>"
        f'<div class="same">{"".join(cards)}</div><p><b>{safe(computed.verdict)}</b></p>'
    )


def _drawings(ledger: Ledger, level: int) -> str:
    """Each Dense layer with its matrices; nothing where there is none."""
    drawn = [(row, dense) for row in ledger.rows if (dense := matrices(row))]
    if not drawn:
        return ""
    scale = scale_of(ledger)
    length, words = scale.ruler()
    several = len(ledger.conventions) > 1
    told = "".join(
        f"<p>{f'<b>{convention}</b> ' if several else ''}{safe(say(f'faces.rule.{convention}'))}</p>"
        for convention in ledger.conventions
    )
    alone = ledger.conventions[0] if len(ledger.conventions) == 1 else ""
    named = f"<p><b>{safe(say(f'faces.convention.{alone}'))}</b></p>" if alone else ""
    notes = " ".join([words, *scale.notes()])
    bar = f'<svg class="bar" aria-hidden="true" width="{length + 2:.0f}" height="10">{ruler(1, 5, length)}</svg>'
    return (
        f'<h{level} class="part">{safe(say("faces.drawn"))}</h{level}>{named}{told}<p>{bar} {safe(notes)}</p>'
        f"{''.join(_figure(ledger, row, dense, scale, level + 1) for row, dense in drawn)}"
    )


def _figure(ledger: Ledger, row: Row, dense: Dense, scale: Scale, level: int) -> str:
    """One layer's card: its picture beside the words, or a picture for each convention with its own words."""
    facts, conventions = row.facts, written(ledger, row)
    several = len(conventions) > 1
    pictures = []
    for convention in conventions:
        label = say(f"faces.convention.{convention}")
        title = f"{facts.name}. {label}"
        told = ". ".join(row.equation(size, convention) for size in ledger.batch_sizes)
        words = f"<p><b>{safe(label)}</b></p>{_beside(ledger, row, convention)}" if several else ""
        # Batches in columns stand beside one another: a picture for each, which may go below one another.
        sizes = ledger.batch_sizes
        batches = [(size,) for size in sizes] if convention == "columns" else [sizes]
        drawn = "".join(inline(panel(dense, shown, convention, scale), title, told) for shown in batches)
        pictures.append(
            f'<div class="view" role="group" aria-label="{safe(title)}">{words}<div class="drawn">{drawn}</div></div>'
        )
    beside = "" if several else _beside(ledger, row, conventions[0])
    wide = " wide" if several or (ledger.convention == "columns" and len(ledger.batch_sizes) > 1) else ""
    return (
        f'<figure class="layer{wide}"><figcaption><h{level} class="name">{safe(facts.name)} '
        f'<span>{safe(facts.kind)}</span></h{level}><p class="again">{safe(row.sentence)}</p>{beside}</figcaption>'
        f'<div class="views{" three" if several else ""}">{"".join(pictures)}</div></figure>'
    )


def _beside(ledger: Ledger, row: Row, convention: str) -> str:
    """What stands beside a picture, in its convention: equations, what is kept, how it is counted."""
    lines = [f'<div class="again">{_pairs(equations_in(ledger, row, convention), row.dense is None)}</div>']
    for name, words in arrays(row, convention):
        symbol = {"kernel": "W", "weight": "W", "bias": "b"}.get(name, name)
        lines.append(f'<p><b class="ink-{symbol.lower()}">{safe(symbol)}</b> {safe(words)}</p>')
    lines.append(f"<p>{safe(say('ledger.label.parameters'))}: {safe(counted(row, convention))}</p>")
    return "".join(lines)


def _style() -> str:
    """The fragment's rules; colours as variables, so that a notebook's theme may choose them."""
    light, dark = ("".join(f"--rowwise-{name}:{both[theme]};" for name, both in PALETTE.items()) for theme in (0, 1))
    chosen_light, chosen_dark = (",".join(f"{theme} {SCOPE}" for theme in themes) for themes in (LIGHT, DARK))
    rules = re.sub(r"\n *(?=[&@}])|\n", "", _RULES).replace("&", SCOPE)
    return (
        f"{SCOPE}{{{light}color-scheme:light}}"
        f"@media screen and (prefers-color-scheme:dark){{{SCOPE}{{{dark}color-scheme:dark}}}}"
        f"@media screen{{{chosen_light}{{{light}color-scheme:light}}{chosen_dark}{{{dark}color-scheme:dark}}}}"
        f"{rules}{style(f'{SCOPE} svg', lambda name: f'var(--rowwise-{name})')}"
    )


_PAGE = (
    f"html{{background:{PALETTE['bg'][0]}}}body{{margin:0}}main{{max-width:1200px;margin:0 auto;padding:12px}}"
    f"@media screen and (prefers-color-scheme:dark){{html{{background:{PALETTE['bg'][1]}}}}}"
)

# `&` stands for the scope.
_RULES = f"""
&{{container-type:inline-size;background:var(--rowwise-bg);color:var(--rowwise-fg);font:15px/1.55 {FONTS};
 word-break:keep-all;overflow-wrap:anywhere;text-align:left}}
& *{{box-sizing:border-box}}
& .all{{padding:12px}}
& p,& ul,& figure{{margin:0;padding:0}}
& p+p{{margin-top:4px}}
& .head{{font-size:1.7em;line-height:1.25;margin:4px 0 10px;font-weight:700;color:inherit}}
& .part{{font-size:1.3em;line-height:1.3;margin:32px 0 8px;font-weight:700;color:inherit}}
& .name{{font-size:1.1em;line-height:1.3;margin:0 0 6px;font-weight:700;color:inherit}}
& .note{{margin:14px 0 24px;padding:10px 14px;background:var(--rowwise-card);border-left:4px solid var(--rowwise-w-ink);
 border-radius:4px}}
& code{{font:13px/1.5 {MONO};color:inherit;background:none;padding:0}}
& code span{{white-space:nowrap}}
& abbr{{text-decoration:underline dotted;text-underline-offset:3px;cursor:help;color:var(--rowwise-w-ink)}}
& table{{color:var(--rowwise-fg);line-height:1.5;width:100%;
 border-collapse:collapse;border:0;margin:0;font-size:1em;table-layout:auto}}
& caption{{caption-side:top;text-align:left;font-weight:700;font-size:1.3em;padding:0 0 8px;color:inherit}}
& tr,& tr:hover{{background:none}}
& th,& td{{text-align:left;vertical-align:top;padding:10px 12px;border:0;border-bottom:1px solid var(--rowwise-line);
 background:var(--rowwise-bg);color:inherit;font-size:14px;font-weight:400;white-space:normal;max-width:none}}
& thead th{{color:var(--rowwise-soft);font-weight:600;border-bottom:2px solid var(--rowwise-line);white-space:nowrap}}
& tbody th{{width:23%;padding-left:calc(12px + 18px*var(--depth,0))}}
& th b,& td b{{font-weight:700;font-size:15px}}
& th span,& .name span{{color:var(--rowwise-soft);font-weight:400;font-size:13px}}
& th p,& td ul,& .pair>span{{color:var(--rowwise-soft);font-size:13px}}
& td ul{{list-style:none}}
& td li{{margin:0}}
& td:nth-child(2){{width:35%}}
& td:nth-child(n+4){{white-space:nowrap;font-variant-numeric:tabular-nums}}
& .pair>span{{display:block}}
& td .untold{{white-space:normal;min-width:88px;color:var(--rowwise-soft);font-weight:400}}
& tfoot th,& tfoot td{{border-bottom:0;border-top:2px solid var(--rowwise-line);font-weight:600}}
& .bar{{vertical-align:middle}}
& .layer{{display:grid;grid-template-columns:minmax(348px,max-content) minmax(0,1fr);gap:12px 32px;
 margin-top:16px;padding:16px;background:var(--rowwise-card);
 border:1px solid var(--rowwise-line);border-radius:10px;break-inside:avoid}}
& .layer .views{{order:-1}}
& .layer .pair{{display:flex;gap:12px}}
& .layer .pair>span{{flex:none;min-width:88px}}
& .again+p{{margin-top:8px}}
& .again+.again{{margin-top:8px}}
& .layer.wide{{grid-template-columns:minmax(0,1fr)}}
& .layer.wide .views{{order:1}}
& .views.three{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,350px),1fr))}}
& .three .pair{{display:block}}
& .three .view{{display:flex;flex-direction:column;align-items:flex-start}}
& .three .drawn{{margin-top:auto;padding-top:8px}}
& tfoot p span{{white-space:nowrap}}
& .views{{display:flex;flex-wrap:wrap;gap:20px 28px;min-width:0}}
& .view{{min-width:0;max-width:100%}}
& .drawn{{display:flex;flex-wrap:wrap;align-items:flex-end;gap:20px 28px;max-width:100%}}
& .view p{{font-size:13px;margin:0 0 8px}}
& .view svg{{display:block;max-width:100%;height:auto}}
& :focus-visible{{outline:3px solid var(--rowwise-x-ink);outline-offset:3px}}
& .kept+.kept{{margin-top:8px}}
& .kept b{{font-size:13px;color:var(--rowwise-soft)}}
& .same{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:12px;margin:12px 0}}
& .same>div{{padding:12px 14px;background:var(--rowwise-card);border:1px solid var(--rowwise-line);border-radius:10px}}
& .ink-x{{color:var(--rowwise-x-ink)}}
& .ink-w{{color:var(--rowwise-w-ink)}}
& .ink-b{{color:var(--rowwise-b-ink)}}
@container (max-width:760px){{
& table,& caption,& tbody,& tfoot,& tr,& tbody th,& tfoot th,& td{{display:block;width:auto}}
& thead{{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}}
& tbody tr{{border-bottom:1px solid var(--rowwise-line);padding:8px 0}}
& th,& td{{padding:4px 0;border:0}}
& tbody th,& td{{padding-left:calc(14px*var(--depth,0))}}
& td:nth-child(2){{width:auto}}
& td:nth-child(n+3){{display:grid;grid-template-columns:96px minmax(0,1fr);gap:0 10px;white-space:normal}}
& td:nth-child(n+3)>*{{grid-column:2;margin:0}}
& td:nth-child(n+3)::before{{content:attr(data-label);grid-row:1;color:var(--rowwise-soft);font-size:13px;
 font-weight:400}}
& td.empty{{display:none}}
& tfoot th,& tfoot td{{border:0}}
& .all{{padding:0}}
& .head{{font-size:1.5em}}
& .layer{{grid-template-columns:minmax(0,1fr);padding:12px 10px}}
& .layer .again{{display:none}}
& .layer .views{{order:1}}
}}
@media print{{
& tr{{break-inside:avoid}}
}}
"""
