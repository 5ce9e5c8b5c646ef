"""A valid file and a source of chance → the same file, damaged as an accident or an attacker would."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

INTERESTING: tuple[Any, ...] = (
    *(0, -1, 1, 255, 2**31 - 1, 2**31, 2**63, 10**30, 10**9, 0.5, -0.0, 1e308, float("nan"), float("inf")),
    *("", " ", "0", "nan", "\x1b[2J", "\u202e", "\x00", "=1+1", "../../etc/passwd", "/dev/zero", "x" * 5000, "가"),
    *(None, True, False, [], {}, [[]], [None], {"a": 1}, [0] * 300),
)
WORDS = tuple(str(value).encode("utf-8", "replace") for value in INTERESTING)
NUMBERS = (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f", b"\x00" * 8, b"\xff" * 8)


def bytes_of(random: Random, content: bytes, times: int | None = None) -> bytes:
    """Bits turned, pieces cut, doubled, moved, filled; some times over."""
    data = bytearray(content)
    for _ in range(times or random.choice((1, 1, 1, 2, 4, 16))):
        at = random.randrange(len(data) + 1)
        length = min(random.choice((1, 2, 4, 8, 64, 1024)), len(data) - at)
        match random.randrange(8):
            case 0 if at < len(data):
                data[at] ^= 1 << random.randrange(8)
            case 1 if at < len(data):
                data[at] = random.randrange(256)
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = data[at : at + length] * random.choice((1, 2, 100))
            case 4:
                del data[at:]
            case 5:
                data[at:at] = random.choice(WORDS)
            case 6:
                number = random.choice(NUMBERS)
                data[at : at + len(number)] = number
            case _:
                data[at : at + length] = random.randbytes(length)
    return bytes(data)


def json_of(random: Random, content: bytes) -> bytes:
    """Some values, at any depth, replaced, left out, renamed or nested; sometimes the text itself."""
    if random.random() < 0.2:
        return bytes_of(random, content)
    whole = json.loads(content)
    for _ in range(random.choice((1, 1, 2, 5))):
        places: list[tuple[Any, Any]] = []
        waiting = [whole]
        while waiting:
            value = waiting.pop()
            keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
            places += [(value, key) for key in keys]
            waiting += [value[key] for key in keys]
        if not places:
            break
        parent, key = random.choice(places)
        match random.randrange(6):
            case 0:
                del parent[key]
            case 1 if isinstance(parent, dict):
                parent[random.choice(("class_name", "config", "module", "\x1b[2J", "schema", "x"))] = parent.pop(key)
            case 2:
                other, place = random.choice(places)
                parent[key] = json.loads(json.dumps(other[place])) if place in other or place == 0 else None
            case 3 if isinstance(parent[key], int | float):
                parent[key] = parent[key] * random.choice((-1, 10, 10**6, 10**12))
            case _:
                parent[key] = deepcopy(random.choice(INTERESTING))  # what changes it later changes no other input
    text = json.dumps(whole)
    return text.replace("Infinity", random.choice(("Infinity", "1e999", "9" * 5000))).encode()


def text_of(random: Random, content: bytes) -> bytes:
    """Cells, lines and signs of a text exchanged; sometimes its bytes."""
    if random.random() < 0.3:
        return bytes_of(random, content)
    lines = content.split(b"\n")
    for _ in range(random.choice((1, 1, 3, 10))):
        at = random.randrange(len(lines))
        signs = lines[at].split(b",") if b"," in lines[at] else lines[at].split(b" ")
        match random.randrange(6):
            case 0:
                lines[at:at] = [lines[at]] * random.choice((1, 50))
            case 1:
                del lines[at]
                lines = lines or [b""]
            case 2:
                signs[random.randrange(len(signs))] = random.choice(WORDS)
                lines[at] = b",".join(signs)
            case 3:
                signs.insert(random.randrange(len(signs) + 1), random.choice((b'"', b"", b"\t", b";", b"[", b"'''")))
                lines[at] = b",".join(signs)
            case 4:
                lines[at] = random.choice((b"[" * 5000, b'"' * 99, b"a" + b".a" * 999 + b"=1", b"\xef\xbb\xbf", b"\r"))
            case _:
                lines[at] = lines[random.randrange(len(lines))]
    text = random.choice((b"\n", b"\n", b"\n", b"\r\n", b"\r")).join(lines)
    return text.decode("utf-8", "replace").encode("utf-16") if random.random() < 0.05 else text


def zip_of(random: Random, content: bytes) -> bytes:
    """One member damaged and the archive made anew, so that the checksums fit; sometimes the archive itself."""
    if random.random() < 0.25:
        return bytes_of(random, content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = random.choice(sorted(members))
    match random.randrange(12):
        case 0:
            del members[name]
        case 1:
            members[random.choice(("../x", "/x", "a.zip", "\x1b[2J", "y.npy", "assets/v.txt"))] = members[name]
        case 2:
            members[name] = bytes(10**7)
        case _:
            change = json_of if name.endswith(".json") else _npy_of if name.endswith(".npy") else bytes_of
            members[name] = change(random, members[name])
    packed = io.BytesIO()
    method = random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return packed.getvalue()


def _npy_of(random: Random, content: bytes) -> bytes:
    """The header's words, or the values."""
    if random.random() < 0.4:
        return bytes_of(random, content)
    size = int.from_bytes(content[8:10], "little")
    header = content[10 : 10 + size].decode("latin-1")
    words = (("(", "(999999999999, "), ("(", "(-1, "), ("'<", "'>"), ("f8", "O"), ("f8", "U0"), ("i8", "S0"))
    words += (("False", "True"), ("f8", "M8[ns]"), ("{", "{" * 90), ("i8", "c16"), ("f8", "f2"), (",)", ", 0)"))
    header = header.replace(*random.choice(words)).encode("latin-1")
    return content[:8] + struct.pack("<H", len(header)) + header + content[10 + size :]


def png_of(random: Random, content: bytes) -> bytes:
    """A chunk of a PNG damaged, its checksum made to fit; sometimes any bytes."""
    if random.random() < 0.4:
        return bytes_of(random, content)
    chunks, at = [], 8
    while at + 12 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        chunks.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + size]))
        at += 12 + size
    place = random.randrange(len(chunks))
    kind, body = chunks[place]
    match random.randrange(4):
        case 0:
            chunks[place] = kind, bytes_of(random, body)
        case 1:
            chunks.insert(place, (random.choice((b"IHDR", b"tRNS", b"PLTE", b"IEND", b"acTL", b"fdAT", b"eXIf")), body))
        case 2:
            text = b"Comment\0\0" + zlib.compress(bytes(random.choice((10, 10**7))))
            chunks.insert(1, (random.choice((b"zTXt", b"iCCP")), text))
        case _:
            sides = random.choice(((2**31 - 1, 1), (20_000, 20_000), (8_900, 8_900), (0, 5), (65_535, 65_535)))
            chunks[0] = b"IHDR", struct.pack(">II", *sides) + chunks[0][1][8:]
    whole = content[:8]
    for kind, body in chunks:
        whole += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return whole


def gzip_of(random: Random, content: bytes) -> bytes:
    """The bytes damaged and then packed, or the packed ones damaged, or nothing packed."""
    import gzip

    match random.randrange(3):
        case 0:
            return gzip.compress(bytes_of(random, content))
        case 1:
            return bytes_of(random, gzip.compress(content))
    return bytes_of(random, content)
