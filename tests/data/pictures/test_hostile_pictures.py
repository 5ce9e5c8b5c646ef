"""A picture from a stranger takes no more than a picture of its size may."""

import io

import pytest
from PIL import Image

from rowwise.data.pictures.file import open_picture, read_header
from rowwise.errors import DataError


def packed(mode, size, **options):
    content = io.BytesIO()
    Image.new(mode, size).save(content, **options)
    return content.getvalue()


@pytest.mark.parametrize("read", [lambda content: open_picture("a", [], content), lambda c: read_header("a", c)])
def test_a_small_file_of_many_pixels_is_refused(read):
    with pytest.raises(DataError, match="would become 90,000,000 bytes of pixels"):
        read(packed("RGB", (6_000, 5_000), format="PNG"))
    with pytest.raises(DataError, match="at most 80,000,000"):
        read(packed("1", (10_000, 9_000), format="PNG"))


def test_large_pictures_that_are_not_packed_so_tightly_are_read():
    assert read_header("a", packed("RGB", (6_000, 5_000), format="JPEG"))[:2] == (5_000, 6_000)
    assert read_header("a", packed("1", (8_000, 8_000), format="PNG"))[:2] == (8_000, 8_000)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
def test_a_picture_that_is_cut_off_is_refused(format):
    content = packed("RGB", (40, 30), format=format)
    with pytest.raises(DataError):
        open_picture("a", [], content[: len(content) // 2])
