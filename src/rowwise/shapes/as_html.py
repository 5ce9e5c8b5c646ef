"""A Ledger → HTML: a fragment for notebooks, and a page of its own. No script, no id, nothing from elsewhere.

Words are in the language in force. A fragment's rules reach only into itself, and two of them do not meet.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rowwise.shapes.as_svg import (
    FONTS,
    MONO,
    PALETTE,
    inline,
    matrices,
    panel,
    ruler,
    safe,
    scale_of,
    style,
    takes,
)
from rowwise.shapes.as_text import equations as equations
from rowwise.shapes.as_text import size_text
from rowwise.shapes.rules import shape_text
from rowwise.text import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rowwise.shapes.as_svg import Dense, Scale
    from rowwise.shapes.ledger import Ledger, Row

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
    known = [size for size in ledger.batch_sizes if size is not None]
    told = [say("ledger.batch", sizes=", ".join(f"{size:,}" for size in known))] if known else []
    if known and len(ledger.batch_sizes) > 1:
        told.append(say("ledger.several"))
    head = say("ledger.head", name=ledger.name, parameters=f"{ledger.parameters:,}")
    return (
        f'<div class="rowwise-ledger" lang="{ledger.lang}"><style>{_style()}</style><div class="all">'
        f'<h{level} class="head">{safe(head)}</h{level}>'
        f"{''.join(f'<p>{safe(words)}</p>' for words in told)}"
        f'<p class="note"><strong>{safe(say("faces.none"))}</strong> {safe(say("ledger.none"))}</p>'
        f"{_table(ledger, known)}{_drawings(ledger, level + 1)}</div></div>"
    )


def _table(ledger: Ledger, known: list[int]) -> str:
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
    source = takes(ledger, index)
    name = f"<b>{safe(facts.name)}</b>{kind}<p>{safe(row.sentence)}</p>{f'<p>{safe(source)}</p>' if source else ''}"
    weights = "".join(
        f"<li>{safe(weight.name)} {_shape(shape_text(weight.shape))}"
        f"{'' if weight.trainable else ' ' + safe(say('ledger.frozen'))}</li>"
        for weight in facts.weights
    )
    counted = say("ledger.shared") if facts.shared else row.arithmetic or "0"
    cells = [_pairs(ledger, row), f"<p>{safe(counted)}</p>{f'<ul>{weights}</ul>' if weights else ''}"]
    if known:
        cells += [
            _figures([(size, row.output_bytes(size)) for size in known], size_text),
            _figures([(size, row.multiply_adds(size)) for size in known], "{:,}".format),
        ]
    depth = f' style="--depth:{facts.depth}"' if facts.depth else ""
    return f'<tr role="row"><th scope="row" role="rowheader"{depth}>{name}</th>{_cells(cells, columns)}</tr>'


def _cells(cells: list[str], columns: list[str]) -> str:
    return "".join(
        f'<td role="cell" data-label="{safe(label)}">{cell}</td>' if cell else '<td role="cell" class="empty"></td>'
        for label, cell in zip(columns[1:], cells, strict=True)
    )


def _totals(ledger: Ledger, known: list[int], columns: list[str]) -> str:
    terms = [f"{row.parameters:,}" for row in ledger.rows if row.parameters]
    total = f"{ledger.parameters:,}"
    words = f"<p>{' + '.join(terms)} = <b>{total}</b></p>" if len(terms) > 1 else f"<p><b>{total}</b></p>"
    if ledger.trainable != ledger.parameters:
        frozen = f"{ledger.parameters - ledger.trainable:,}"
        words += f"<p>{safe(say('ledger.total.trainable', trainable=f'{ledger.trainable:,}', frozen=frozen))}</p>"
    cells = ["", words]
    if known:
        rows = _counted(ledger)
        cells += [
            _figures([(size, _sum(row.output_bytes(size) for row in rows)) for size in known], size_text),
            _figures([(size, _sum(row.multiply_adds(size) for row in rows)) for size in known], "{:,}".format),
        ]
    return (
        f'<tr role="row"><th scope="row" role="rowheader">{safe(say("faces.total"))}</th>{_cells(cells, columns)}</tr>'
    )


def _counted(ledger: Ledger) -> list[Row]:
    """The rows that add up: not the nested models whose layers stand below them."""
    following = [*(row.facts.depth for row in ledger.rows), 0][1:]
    return [row for row, depth in zip(ledger.rows, following, strict=True) if depth <= row.facts.depth]


def _sum(figures: Iterable[int | None]) -> int | None:
    found = list(figures)
    known = [figure for figure in found if figure is not None]
    return sum(known) if len(known) == len(found) else None


def _figures(figures: list[tuple[int, int | None]], words: Callable[[int], str]) -> str:
    told = [(size, UNTOLD if figure is None else words(figure)) for size, figure in figures]
    if len({figure for _, figure in told}) == 1:
        return f"<p>{safe(told[0][1])}</p>"
    return "".join(f"<p>{safe(say('ledger.at', figure=figure, records=f'{size:,}'))}</p>" for size, figure in told)


def _pairs(ledger: Ledger, row: Row) -> str:
    """The equations, each with its number of records."""
    return "".join(
        f'<p class="pair"><span>{safe(label)}</span> {_shape(equation)}</p>'
        for label, equation in equations(ledger, row)
    )


def _shape(text: str) -> str:
    """Shapes are not broken across lines, and None explains itself where it stands."""
    marked = re.sub(r"\([^()]*\)[ᵀ]?", lambda shape: f"<span>{shape[0]}</span>", safe(text))
    none = f'<abbr title="{safe(say("ledger.none"))}">None</abbr>'
    return f"<code>{marked.replace('None', none)}</code>"


def _drawings(ledger: Ledger, level: int) -> str:
    """Each Dense layer with its matrices; nothing where there is none."""
    drawn = [(row, dense) for row in ledger.rows if (dense := matrices(row))]
    if not drawn:
        return ""
    scale = scale_of(ledger)
    length, words = scale.ruler()
    told = "".join(f"<p>{safe(say(f'faces.rule.{convention}'))}</p>" for convention in ledger.conventions)
    alone = ledger.conventions[0] if len(ledger.conventions) == 1 else ""
    named = f"<p><b>{safe(say(f'faces.convention.{alone}'))}</b></p>" if alone else ""
    notes = " ".join([words, *scale.notes()])
    bar = f'<svg class="bar" aria-hidden="true" width="{length + 2:.0f}" height="10">{ruler(1, 5, length)}</svg>'
    return (
        f'<h{level} class="part">{safe(say("faces.drawn"))}</h{level}>{named}{told}<p>{bar} {safe(notes)}</p>'
        f"{''.join(_figure(ledger, row, dense, scale, level + 1) for row, dense in drawn)}"
    )


def _figure(ledger: Ledger, row: Row, dense: Dense, scale: Scale, level: int) -> str:
    facts = row.facts
    conventions = ledger.conventions if len(dense.leading) == 1 else ledger.conventions[:1]
    pictures = []
    for convention in conventions:
        title = f"{facts.name}. {say(f'faces.convention.{convention}')}"
        told = ". ".join(row.equation(size, convention) for size in ledger.batch_sizes)
        picture = inline(panel(dense, ledger.batch_sizes, convention, scale), title, told)
        label = f"<p><b>{safe(say(f'faces.convention.{convention}'))}</b></p>" if len(conventions) > 1 else ""
        pictures.append(
            f'<div class="view" role="group" tabindex="0" aria-label="{safe(title)}">{label}{picture}</div>'
        )
    sentences = [f'<p class="again">{safe(row.sentence)}</p>']
    if conventions == ("keras",):  # the sentences speak of the kernel as Keras keeps it
        kernel = say(
            "ledger.kernel",
            shape=shape_text((dense.features, dense.units)),
            features=f"{dense.features:,}",
            units=f"{dense.units:,}",
        )
        sentences.append(f'<p><b class="ink-w">W</b> {safe(kernel)}</p>')
        if dense.bias:
            bias = say("ledger.bias", shape=shape_text((dense.units,)))
            sentences.append(f'<p><b class="ink-b">b</b> {safe(bias)}</p>')
    counted = say("ledger.shared") if facts.shared else row.arithmetic
    sentences.append(f"<p>{safe(say('ledger.label.parameters'))}: {safe(counted)}</p>")
    wide = " wide" if len(pictures) > 1 or (ledger.convention == "columns" and len(ledger.batch_sizes) > 1) else ""
    return (
        f'<figure class="layer{wide}"><figcaption><h{level} class="name">{safe(facts.name)} '
        f'<span>{safe(facts.kind)}</span></h{level}><div class="again">{_pairs(ledger, row)}</div>'
        f"{''.join(sentences)}</figcaption>"
        f'<div class="views">{"".join(pictures)}</div></figure>'
    )


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
& .views{{display:flex;flex-wrap:wrap;gap:20px 28px;min-width:0}}
& .view{{overflow-x:auto;max-width:100%;scrollbar-width:thin;background:
 linear-gradient(to right,var(--rowwise-card) 30%,transparent) 0 0/40px 100% no-repeat local,
 linear-gradient(to left,var(--rowwise-card) 30%,transparent) 100% 0/40px 100% no-repeat local,
 linear-gradient(to right,var(--rowwise-line),transparent) 0 0/14px 100% no-repeat scroll,
 linear-gradient(to left,var(--rowwise-line),transparent) 100% 0/14px 100% no-repeat scroll}}
& .view p{{font-size:13px;margin:0 0 8px}}
& .view svg{{display:block;max-width:none;height:auto}}
& :focus-visible{{outline:3px solid var(--rowwise-x-ink);outline-offset:3px}}
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
& .view{{overflow:visible}}
& .view svg{{max-width:100%}}
}}
"""
