"""A text that a stranger may have written → the same, with nothing in it that acts on a terminal or hides a part."""

from __future__ import annotations

import re

LONGEST = 500  # characters of a value that a message quotes
DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)  # on Windows, whatever the suffix
LONGEST_NAME = 200  # bytes: a file system takes 255, and a date or a number may stand beside

# Control characters (escape sequences, carriage returns, zero bytes), what turns the direction of writing or breaks
# lines, marks and tags that cannot be seen, and halves of characters, which no stream can write. The joiners stay:
# Persian, Hindi and pictures of families need them.
_HARMFUL = (
    "\0-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f"
)
_IN_LINES, _IN_LINE = f"[{_HARMFUL}]", f"[\t\n{_HARMFUL}]"  # compiled where they are needed, which is seldom


def visible(text: str, lines: bool = False) -> str:
    """The text with harmful characters as Python writes them: `\\x1b`, `\\u202e`.

    Args:
        text: any.
        lines: whether it may have several lines, of our own; a name has one.
    """
    if text.isprintable():  # nearly all are
        return text
    return re.sub(_IN_LINES if lines else _IN_LINE, _escaped, text)


def file_name(text: str) -> str:
    """A stranger's text as a file's name or the end of one: what is harmful, or no name may have on Windows, is `_`."""
    name = re.sub(r'[/\\<>:"|?*]', "_", text if text.isprintable() else re.sub(_IN_LINE, "_", text))
    name = name.encode("utf-8", "replace")[:LONGEST_NAME].decode("utf-8", "ignore")
    name = re.sub(r"[. ]+$", lambda end: "_" * len(end[0]), name)  # which Windows leaves out
    return f"_{name}" if DEVICES.fullmatch(name) else name


def quoted(value: object) -> object:
    """A value for a message: a number as it is, anything else as visible text; our own lists keep their lines."""
    if _is_number(value):
        return value
    text = str(value)
    if text.isprintable():
        return value if isinstance(value, str) else text
    # The lines of a list are indented: a name must not start a new line.
    return "\n  ".join(visible(part) for part in text.split("\n  ")) if isinstance(value, str) else visible(text)


def shown(value: object, most: int = 80) -> str:
    """The beginning of a value as Python writes it; of a number with thousands of digits, that it is one."""
    try:
        return str(cut(repr(value), most))
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        return f"{type(value).__name__} > 10^4300"


def cut(value: object, most: int = LONGEST) -> object:
    """A value for a message, no longer than a line or a few."""
    if _is_number(value):
        return value
    text = str(value)
    return f"{text[:most]}…" if len(text) > most else value


def _is_number(value: object) -> bool:
    if isinstance(value, str):  # nearly all are, and --help has no numbers to import the next for
        return False
    from numbers import Number

    return isinstance(value, Number)


def _escaped(match: re.Match[str]) -> str:
    return ascii(match[0])[1:-1]
