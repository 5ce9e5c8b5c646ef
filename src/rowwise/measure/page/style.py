"""The colours and rules of a report's page: light, dark, narrow and printed."""

from __future__ import annotations

import re

from rowwise.shapes.ledger.drawing import FONTS, MONO, PALETTE

# How much ink a cell of the confusion matrix has, by the share of its true class. Between the light and the deep
# ones there is a gap: neither black nor white could be read on what lies there.
LIGHT_STEPS = (0.0, 0.09, 0.17, 0.25, 0.33)
DEEP_STEPS = (0.86, 0.93, 1.0)
STEPS = LIGHT_STEPS + DEEP_STEPS
HALF = 0.5  # from this share on a cell is deep


def step(share: float) -> int:
    """Which of STEPS shows this share."""
    if share >= HALF:
        return len(LIGHT_STEPS) + min(int((share - HALF) / (1 - HALF) * len(DEEP_STEPS)), len(DEEP_STEPS) - 1)
    # The root: of 1,000 records, 10 shall be seen.
    return min(1 + int((share / HALF) ** 0.5 * (len(LIGHT_STEPS) - 1)), len(LIGHT_STEPS) - 1) if share > 0 else 0


def mixed(ground: str, ink: str, part: float) -> str:
    """Two colours "#rrggbb" mixed: `part` of the ink."""
    pairs = zip(bytes.fromhex(ground[1:]), bytes.fromhex(ink[1:]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def rules() -> str:
    """All rules of the page."""
    light, dark = (_variables(theme) for theme in (0, 1))
    text = re.sub(r"\n *(?=[@}.#a-z:*])|\n", "", _RULES)
    return (
        f":root{{{light}color-scheme:light}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}color-scheme:dark}}}}{text}{_cells()}"
    )


def _variables(theme: int) -> str:
    named = "".join(f"--{name}:{both[theme]};" for name, both in PALETTE.items())
    ground = PALETTE["card"][theme]
    for kind, ink in (("r", "x-ink"), ("w", "w-ink")):
        named += "".join(f"--{kind}{n}:{mixed(ground, PALETTE[ink][theme], part)};" for n, part in enumerate(STEPS))
    return named


def _cells() -> str:
    made = "".join(f".{kind}{n}{{background:var(--{kind}{n})}}" for kind in "rw" for n in range(len(STEPS)))
    deep = ",".join(f".cells .{kind}{n} a" for kind in "rw" for n in range(len(LIGHT_STEPS), len(STEPS)))
    return f"{made}{deep}{{color:var(--bg)}}"


_RULES = f"""
*{{box-sizing:border-box}}
html{{background:var(--bg);color:var(--fg);font:15px/1.6 {FONTS};word-break:keep-all;overflow-wrap:anywhere;
 -webkit-text-size-adjust:100%}}
body{{margin:0}}
main,header,nav,footer{{max-width:1180px;margin:0 auto;padding:0 20px}}
header{{padding-top:28px}}
h1{{font-size:1.9em;line-height:1.25;margin:0 0 6px}}
h2{{font-size:1.4em;line-height:1.3;margin:0 0 4px}}
h3{{font-size:1.1em;line-height:1.35;margin:22px 0 6px}}
p{{margin:0 0 8px;max-width:78ch}}
.rowwise-ledger p{{max-width:none}}
a{{color:var(--x-ink)}}
code,pre{{font:13px/1.6 {MONO}}}
pre{{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 12px;margin:4px 0 12px;
 white-space:pre-wrap;overflow-wrap:anywhere}}
.soft{{color:var(--soft)}}
.small{{font-size:13px}}
.tiles{{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:18px 0 10px}}
.tile{{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 14px}}
.tile b{{display:block;font-size:1.75em;line-height:1.25;font-variant-numeric:tabular-nums}}
.tile span{{display:block;color:var(--soft);font-size:13px;line-height:1.45}}
.warn{{border-left:4px solid var(--w-ink);background:var(--card);border-radius:4px;padding:8px 14px;margin:10px 0}}
nav{{position:sticky;top:0;z-index:2;background:var(--bg);border-bottom:1px solid var(--line);padding-top:6px;
 padding-bottom:6px;margin-top:12px}}
nav ul{{display:flex;flex-wrap:wrap;gap:2px 16px;list-style:none;margin:0;padding:0;font-size:14px}}
nav a{{text-decoration:none}}
nav a:hover{{text-decoration:underline}}
section{{margin:0;padding:30px 0 4px;scroll-margin-top:36px}}
table{{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums}}
caption{{text-align:left;font-weight:700;padding:0 0 6px}}
th,td{{text-align:right;padding:5px 10px;border-bottom:1px solid var(--line);vertical-align:top;
 overflow-wrap:normal}}
td{{white-space:nowrap}}
.says td:last-child,.says thead th:last-child,.texts th,.texts td{{text-align:left;white-space:normal}}
thead th{{white-space:nowrap}}
.scrolls{{margin:4px 0 10px}}
.says td:last-child{{color:var(--soft)}}
.texts td{{min-width:6em}}
th{{font-weight:600}}
thead th{{color:var(--soft);border-bottom:2px solid var(--line)}}
th:first-child,td:first-child,.text{{text-align:left}}
.scrolls{{overflow-x:auto;max-width:100%;scrollbar-width:thin}}
.sum>*{{border-top:2px solid var(--line);font-weight:700}}
.two{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,360px),1fr));gap:18px 32px;align-items:start}}
.chart{{margin:6px 0;max-width:480px}}
.chart svg{{width:100%;height:auto;display:block}}
.chart figcaption{{font-weight:700}}
.chart svg text{{font:12px {FONTS};fill:var(--soft)}}
.chart svg .ax{{stroke:var(--line);fill:none}}
.chart svg .base{{stroke:var(--soft);stroke-dasharray:4 4;fill:none}}
.chart svg .one{{stroke:var(--x-ink);fill:none;stroke-width:2}}
.chart svg .two-line{{stroke:var(--w-ink);fill:none;stroke-width:2;stroke-dasharray:6 3}}
.chart svg .dot-one{{fill:var(--x-ink)}}
.chart svg .dot-two{{fill:var(--w-ink)}}
.chart svg .box{{fill:var(--x);stroke:var(--x-ink)}}
.chart svg .gap{{fill:var(--w);stroke:var(--w-ink)}}
.chart svg .point{{fill:var(--x-ink);fill-opacity:.5}}
.key i{{display:inline-block;width:22px;height:0;border-top:2px solid var(--x-ink);vertical-align:middle;
 margin:0 6px 0 0}}
.key i.second{{border-top:2px dashed var(--w-ink);margin-left:16px}}
.key i.third{{border-top:2px dashed var(--soft);margin-left:16px}}
.level{{display:block;height:12px;background:var(--x-ink);border-radius:2px;min-width:1px}}
.bars td:last-child{{width:45%;min-width:90px;vertical-align:middle}}
.matrix{{display:grid;grid-template-columns:minmax(0,max-content) minmax(300px,1fr);gap:20px 28px;align-items:start}}
.cells{{font-size:13px;line-height:1.2}}
.cells th,.cells td{{padding:0;border:1px solid var(--bg);text-align:center;vertical-align:middle}}
.cells tbody th{{text-align:right;padding:0 8px 0 0;font-weight:400;white-space:nowrap}}
.cells thead th{{vertical-align:bottom;padding:0 0 6px;font-weight:400;color:var(--fg);border-bottom:0}}
.cells thead th span{{writing-mode:vertical-rl;transform:rotate(180deg);max-height:130px;display:inline-block;
 text-align:left;line-height:1.15}}
:lang(ko) .cells thead th span{{transform:none;text-align:right}}
.cells thead .axis{{text-align:right;white-space:normal;color:var(--soft);font-size:12px;padding:0 8px 6px 0}}
.cells td{{width:46px;height:36px;color:var(--soft)}}
.cells td a{{display:flex;align-items:center;justify-content:center;height:100%;min-height:34px;color:var(--fg);
 text-decoration:none}}
.cells td a:hover{{text-decoration:underline}}
a:focus-visible,[tabindex]:focus-visible,summary:focus-visible{{outline:3px solid var(--x-ink);outline-offset:1px}}
.cells td:has(a:focus-visible){{position:relative;z-index:1}}
.panel{{display:none;scroll-margin-top:30vh;background:var(--card);border:1px solid var(--line);border-radius:10px;
 padding:12px 14px;min-width:0}}
.panel:target{{display:block}}
.panels{{position:sticky;top:50px;min-width:0}}
.panels:has(:target) .hint{{display:none}}
.panel h3{{margin:0 0 4px}}
.shots{{list-style:none;margin:8px 0 0;padding:0;display:grid;gap:12px;
 grid-template-columns:repeat(auto-fill,minmax(84px,1fr))}}
.shots img{{width:72px;height:72px;object-fit:contain;display:block;background:#808080;border-radius:3px}}
.shots .pixel{{image-rendering:pixelated}}
.shots span{{display:block;font-size:12px;line-height:1.35;color:var(--soft)}}
.shots.large{{grid-template-columns:repeat(auto-fill,minmax(104px,1fr))}}
.shots.large img{{width:96px;height:96px}}
dl{{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:4px 18px;margin:8px 0}}
dt{{color:var(--soft)}}
dd{{margin:0;min-width:0}}
summary{{cursor:pointer;padding:6px 0;color:var(--x-ink)}}
.quiet th,.quiet td{{padding:4px 8px;font-size:13px}}
footer{{padding:30px 20px 40px;color:var(--soft);font-size:13px}}
@media (max-width:900px){{
.matrix{{grid-template-columns:minmax(0,1fr)}}
.panels{{position:static}}
}}
@media (max-width:600px){{
main,header,nav,footer{{padding-left:12px;padding-right:12px}}
h1{{font-size:1.5em}}
nav{{position:static}}
nav ul{{gap:4px 14px}}
nav a{{display:inline-block;padding:4px 0}}
.tiles{{grid-template-columns:1fr 1fr;gap:8px}}
.tile{{padding:8px 10px}}
.tile b{{font-size:1.45em}}
.tile span{{font-size:12px}}
th,td{{padding:5px 6px}}
table{{font-size:13px}}
.cells{{font-size:11px;width:100%;table-layout:fixed}}
.cells tbody th,:lang(ko) .cells thead th span{{transform:none;text-align:right}}
.cells thead .axis{{width:74px;padding-right:5px;font-size:11px;line-height:1.1;
 white-space:normal;overflow-wrap:anywhere}}
.says thead th:last-child,.says thead th:first-child{{display:none}}
.says,.says thead,.says tbody{{display:block}}
.says tr{{display:grid;grid-template-columns:1fr 1.7fr 1fr;border-bottom:1px solid var(--line);padding:6px 0}}
.says th,.says td{{border:0;padding:2px 4px}}
.says tbody th,.says td:last-child{{grid-column:1/-1;text-align:left}}
.cells td{{width:auto}}
.cells.many{{width:auto;table-layout:auto}}
.cells.many td{{min-width:26px}}
dl{{grid-template-columns:minmax(0,1fr);gap:0}}
dd{{margin-bottom:6px}}
}}
@media print{{
html{{font-size:10pt}}
nav,.hint,.panel .back{{display:none}}
main,header,footer{{max-width:none;padding-left:0;padding-right:0}}
section{{padding-top:18px}}
h2,h3,figcaption{{break-after:avoid}}
tr,figure,.tile,.shots li,.panel{{break-inside:avoid}}
.scrolls{{overflow:visible}}
td[class],.level,.tile,.warn{{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
.panels{{position:static}}
.matrix{{grid-template-columns:minmax(0,1fr)}}
details::details-content{{content-visibility:visible;block-size:auto}}
}}
"""
