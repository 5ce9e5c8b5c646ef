"""The first bytes of a file that is no table → what it is instead, and what its user can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.text import say

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 4096  # bytes looked at
# What files begin with, and the end of a key `foreign.…` of the catalogue.
SIGNATURES = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\x89HDF", "hdf5"),
    (b"SQLite format 3\0", "sqlite"),
    (b"\xd0\xcf\x11\xe0", "excel"),  # .xls; also .doc
    (b"%PDF-", "pdf"),
    (b"{\\rtf", "rtf"),
    (b"\x1f\x8b", "packed"),  # gzip
    (b"BZh", "packed"),
    (b"\xfd7zXZ", "packed"),
    (b"7z\xbc\xaf", "packed"),
    (b"\x28\xb5\x2f\xfd", "packed"),  # zstandard
    (b"Rar!", "packed"),
    (b"\x93NUMPY", "numpy"),
    (b"\x89PNG", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"GIF8", "picture"),
)
ZIP = b"PK\x03\x04"
# Within a zip file's first entries.
OFFICE = ((b"xl/", "excel"), (b"application/vnd.oasis", "excel"), (b"Index/", "excel"), (b"word/", "document"))
PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<table", b"<?xml")
MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def foreign(path: Path) -> str:
    """What a file is, in words, such as "an Excel workbook: save its sheet as CSV"; empty where nothing speaks for it.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    kind = _kind(head)
    return say(f"foreign.{kind}") if kind else ""


def _kind(head: bytes) -> str:
    for signature, kind in SIGNATURES:
        if head.startswith(signature):
            return kind
    if head.startswith(ZIP):
        office = (kind for part, kind in OFFICE if part in head)
        return next(office, "excel" if b"[Content_Types].xml" in head else "packed")
    text = head
    for mark in MARKS:
        text = text.removeprefix(mark)
    text = text.replace(b"\0", b"").lstrip()  # of UTF-16, the ASCII letters
    if text[:64].lower().startswith(PAGES):
        return "page"
    return "json" if text[:1] in (b"{", b"[") and _is_json(text) else ""


def _is_json(text: bytes) -> bool:
    """Whether an object or a list of objects, arrays or numbers begins; `[m];[kg]` may be units, `{a}` a name."""
    inside = text[1:].lstrip()
    return inside[:1] == b'"' and b":" in inside if text[:1] == b"{" else inside[:1] in (b"{", b"[")
