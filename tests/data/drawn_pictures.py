"""Small pictures for the tests: blocks of random brightness, in a folder with a sub-folder a class."""

import struct
import zlib

import numpy as np
from PIL import Image

SUFFIXES = ("png", "jpg", "webp", "bmp")


def picture(seed=0, size=(20, 16), colour=True):
    """Blocks of random brightness, `size` as (width, height)."""
    random = np.random.default_rng(seed)
    small = random.integers(0, 256, (4, 5, 3) if colour else (4, 5), np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.NEAREST)


def fill(folder, size=(20, 16), colour=True, suffixes=SUFFIXES, seed=0, **counts):
    """The folder, with so many pictures of each class, of the kinds in turn; no two are the same."""
    for number, (name, count) in enumerate(counts.items()):
        (folder / name).mkdir(parents=True)
        for row in range(count):
            file = folder / name / f"{row}.{suffixes[row % len(suffixes)]}"
            picture(seed + 1000 * number + row, size, colour).save(file, quality=100)
    return folder


def pgm(seed):
    """The bytes of a grey picture of 4x4: thousands are made in no time."""
    return b"P5 4 4 255\n" + np.random.default_rng(seed).integers(0, 256, 16, np.uint8).tobytes()


def png(width, height):
    """A PNG that announces a size and holds next to nothing."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
