"""A Trace → an HTML page of its own: the picture, the products that weigh most, and the sum. No script, no network.

Words are in the language in force.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from rowwise.shapes.ledger.drawing import FONTS, MONO, PALETTE, safe
from rowwise.shapes.ledger.tracing import figure_text
from rowwise.text import language, say

if TYPE_CHECKING:
    from rowwise.shapes.ledger.tracing import Trace


def page(trace: Trace, data: str = "") -> str:
    """The document; its policy forbids it to fetch anything.

    Args:
        trace: what is shown.
        data: where the record comes from and what it is, in words.
    """
    heading = safe(trace.heading())
    return (
        f'<!DOCTYPE html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">\n"
        f'<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n<title>{heading}</title>\n'
        f"<style>{_style()}</style>\n</head>\n<body>\n<main>\n<h1>{heading}</h1>\n"
        f"{f'<p>{safe(data)}</p>' if data else ''}{_picture(trace)}\n{_table(trace)}\n"
        f"<p>{safe(say('trace.note'))}</p>\n</main>\n</body>\n</html>\n"
    )


def _picture(trace: Trace) -> str:
    if not trace.has_picture:
        return ""
    drawn = base64.b64encode(trace.picture()).decode()
    return f'<img src="data:image/png;base64,{drawn}" alt="{safe(say("trace.picture", heading=trace.heading()))}">'


def _table(trace: Trace) -> str:
    products = trace.products
    names = [say(f"trace.column.{name}") for name in ("feature", "value", "weight", "product")]
    rows = [
        (trace.name(int(f)), *(figure_text(values[f]) for values in (trace.features, trace.weights, products)))
        for f in trace.largest()
    ]
    body = "".join(
        f'<tr><th scope="row"><code>{safe(name)}</code></th>{"".join(f"<td>{value}</td>" for value in values)}</tr>'
        for name, *values in rows
    )
    steps = "".join(
        f'<tr><th scope="row" colspan="3">{safe(words)}</th><td>{figure_text(value)}</td></tr>'
        for words, value in trace.steps()
    )
    heads = "".join(f'<th scope="col">{safe(name)}</th>' for name in names)
    caption = safe(say("trace.largest"))
    return (
        f"<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{body}</tbody><tfoot>{steps}</tfoot></table>"
    )


def _style() -> str:
    light, dark = ("".join(f"--{name}:{both[theme]};" for name, both in PALETTE.items()) for theme in (0, 1))
    rules = "".join(_RULES.splitlines())
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}{rules}"


_RULES = f"""
body{{margin:0;background:var(--bg);color:var(--fg);font:15px/1.55 {FONTS};word-break:keep-all}}
main{{max-width:960px;margin:0 auto;padding:16px;overflow-wrap:anywhere}}
h1{{font-size:1.4em;line-height:1.3}}
caption{{text-align:left;padding:0 0 6px;font-weight:700}}
img{{display:block;width:100%;height:auto;border-radius:8px;margin:16px 0}}
table{{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}}
th,td{{padding:6px 10px;text-align:right;font-weight:400;border-bottom:1px solid var(--line)}}
td{{white-space:nowrap}}
th:first-child{{text-align:left}}
thead th{{color:var(--soft);font-weight:600}}
code{{font-family:{MONO};font-size:13px}}
tfoot tr:first-child>*{{border-top:2px solid var(--line)}}
tfoot tr:nth-last-child(-n+2)>*{{font-weight:700}}
p{{color:var(--soft)}}
"""
