"""Words, lines and rectangles → elements of SVG and the room they take; they know of sizes, not of what is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Iterable

LINE, HEADING_LINE = 16.0, 22.0  # pixels from one baseline to the next
# By the classes of drawing.css, in pixels.
FONT_SIZE = 13.5
FONT_SIZES = {"heading": 17.0, "small": 12.0, "mono": 12.0}
WIDE_STYLES = {"mono", "strong", "heading", "subheading"}  # their letters are wider


def element(tag: str, /, *content: str, **attributes: str | float | None) -> Markup:
    """`element("text", "a < b", x=1.5, text_anchor="end")` → `<text x="1.5" text-anchor="end">a &lt; b</text>`.

    Every text and value of a drawing is escaped here, and nowhere else.

    Args:
        content: text, or other elements.
        attributes: those that are None are left out. An underscore stands for a hyphen, one at the end for nothing:
            `class_`. Numbers are written with at most two decimals. Names are written as they are: they must be
            literals of the code, never from data.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value if isinstance(value, str) else short(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{tag}{written}>{''.join(map(escape, content))}</{tag}>" if content else f"<{tag}{written}/>")


def short(value: float) -> str:
    """A length or coordinate in pixels, with at most two decimals: `1.5`, `220`."""
    return f"{round(value, 2):g}"


def points(places: Iterable[tuple[float, float]]) -> str:
    """The attribute of that name: `0,1.5 2,3`."""
    return " ".join(f"{short(x)},{short(y)}" for x, y in places)


@dataclass(frozen=True)
class Drawing:
    """Elements of SVG and the room they take, from (0, 0) on, in pixels."""

    body: Markup
    width: float
    height: float


def inline(drawing: Drawing, title: str, description: str) -> Markup:
    """The drawing as part of a page, whose style sheet colours it; title and description are for screen readers."""
    width, height = f"{drawing.width:.0f}", f"{drawing.height:.0f}"
    return element(
        "svg",
        element("title", title),
        element("desc", description),
        drawing.body,
        role="img",
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
    )


@dataclass
class Sheet:
    """Elements that are put down one by one, and how far they reach."""

    parts: list[Markup] = field(default_factory=list)
    left: float = 0
    right: float = 0
    bottom: float = 0

    def add(self, part: Markup, left: float, right: float, bottom: float) -> None:
        """An element and its edges."""
        self.parts.append(part)
        self.left, self.right = min(self.left, left), max(self.right, right)
        self.bottom = max(self.bottom, bottom)

    def text(self, x: float, y: float, words: str, style: str = "", end: bool = False, after: str = "") -> None:
        """One line on the baseline `y`, from x on or, with `end`, up to it; `after` follows more quietly.

        Args:
            style: classes of drawing.css, such as "small"; without any, plain text.
        """
        width = text_width(f"{words} {after}" if after else words, style)
        content = [words, element("tspan", after, class_="quiet", dx=8)] if after else [words]
        part = element("text", *content, class_=f"text {style}".rstrip(), x=x, y=y, text_anchor="end" if end else None)
        self.add(part, x - width if end else x, x if end else x + width, y + 4)

    def lines(self, x: float, y: float, lines: Iterable[str], style: str = "", end: bool = False) -> float:
        """Lines below one another; the baseline of what would come next."""
        for line in lines:
            self.text(x, y, line, style, end)
            y += HEADING_LINE if style == "heading" else LINE
        return y

    def place(self, drawing: Drawing, x: float, y: float) -> None:
        """A drawing with its upper left corner at (x, y)."""
        self.add(_moved(drawing.body, x, y), x, x + drawing.width, y + drawing.height)

    def drawing(self) -> Drawing:
        """All of it, moved so that nothing lies left of 0."""
        body = Markup().join(self.parts)
        if self.left < 0:
            body = _moved(body, -self.left, 0)
        return Drawing(body, self.right - self.left + 1, self.bottom + 1)


def text_width(words: str, style: str = "") -> float:
    """Pixels, estimated from above: fonts differ, and nothing may be cut off."""
    from rich.cells import cell_len

    classes = style.split()
    size = max((FONT_SIZES[name] for name in classes if name in FONT_SIZES), default=FONT_SIZE)
    return cell_len(words) * size * (0.61 if WIDE_STYLES.intersection(classes) else 0.55)


def ruler(x: float, y: float, length: float) -> Markup:
    """A mark of that length, with an end at (x, y)."""
    return element("path", class_="mark", d=f"M{short(x)} {short(y - 4)}v8m0-4h{short(length)}m0-4v8")


def _moved(body: Markup, x: float, y: float) -> Markup:
    return element("g", body, transform=f"translate({short(x)} {short(y)})")
