"""IDX files: what is written is read, and every broken file is one clear error."""

import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from idx_files import write_idx

from rowwise.data.arrays.idx import LARGEST, read_idx
from rowwise.errors import DataError
from rowwise.text import use_language

TYPES = st.sampled_from([np.uint8, np.int8, np.int16, np.int32, np.float32, np.float64])
SHAPES = arrays.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=5)


def header(*shape, code=0x08):
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)


@settings(deadline=None)
@given(st.tuples(TYPES, SHAPES).flatmap(lambda pair: arrays.arrays(*pair)), st.sampled_from("<>"))
def test_what_is_written_is_read_plain_and_gzipped(tmp_path_factory, array, order):
    folder = tmp_path_factory.mktemp("idx")
    plain, packed = folder / "plain", folder / "packed"
    write_idx(plain, array.astype(array.dtype.newbyteorder(order)))
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    for path in (plain, packed):
        found = read_idx(path)
        assert found.dtype == array.dtype
        assert found.dtype.isnative
        np.testing.assert_array_equal(found, array)


def test_the_format_is_big_endian_with_the_published_header(tmp_path):
    write_idx(tmp_path / "file", np.array([[1, -2]], np.int32))
    assert (tmp_path / "file").read_bytes().hex(" ") == "00 00 0c 02 00 00 00 01 00 00 00 02 00 00 00 01 ff ff ff fe"


def test_gzip_is_recognised_by_content_not_by_name(tmp_path):
    (tmp_path / "labels.gz").write_bytes(header(2) + bytes([4, 5]))
    assert read_idx(tmp_path / "labels.gz").tolist() == [4, 5]
    (tmp_path / "labels").write_bytes(gzip.compress(header(2) + bytes([4, 5])))
    assert read_idx(tmp_path / "labels").tolist() == [4, 5]


WHOLE = gzip.compress(header(50, 20) + np.random.default_rng(0).integers(0, 256, 1000, np.uint8).tobytes())
BROKEN = {
    "empty": (b"", "begins with —"),
    "png": (b"\x89PNG\r\n\x1a\n", "begins with 89 50 4e 47"),
    "no axes": (b"\0\0\x08\0", "begins with 00 00 08 00"),
    "unknown type": (b"\0\0\x07\x01\0\0\0\0", "begins with 00 00 07 01"),
    "200 axes": (b"\0\0\x08\xc8" + bytes(800), "begins with 00 00 08 c8"),
    "half a header": (header(2, 3)[:9], "at least 12 bytes, found 9"),
    "a byte short": (header(3) + b"ab", r"shape \(3,\), 11 bytes in all, but holds 10"),
    "a byte long": (header(3) + b"abcd", r"shape \(3,\), 11 bytes in all, but holds more"),
    "gz of text": (gzip.compress(b"<html>not found</html>"), "begins with 3c 68 74 6d"),
    "gz cut in its head": (WHOLE[:8], "cut off after 0 unpacked"),
    "gz cut in the middle": (WHOLE[:400], r"cut off after \d+ unpacked"),
    "gz without its end": (WHOLE[:-8], "cut off after 1,012 unpacked"),
    "gz with other bytes": (WHOLE[:200] + bytes(50) + WHOLE[250:], "corrupt gzip|cut off|begins with"),
    "gz with a wrong checksum": (WHOLE[:-8] + bytes(4) + WHOLE[-4:], "corrupt gzip"),
    "gz a byte short": (gzip.compress(header(3) + b"ab"), "but holds 10"),
    "gz a byte long": (gzip.compress(header(3) + b"abcd"), "but holds more"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_one_error_that_names_it(tmp_path, what):
    content, words = BROKEN[what]
    (tmp_path / "some-file").write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        read_idx(tmp_path / "some-file")
    assert str(tmp_path / "some-file") in str(caught.value)
    with use_language("ko"):
        assert str(tmp_path / "some-file") in str(caught.value)


@settings(deadline=None)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_no_single_changed_byte_of_a_gzip_goes_unnoticed(tmp_path_factory, place, change):
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(WHOLE[:place] + bytes([WHOLE[place] ^ change]) + WHOLE[place + 1 :])
    try:
        found = read_idx(path)
    except DataError:
        return
    assert place < 10, "only the time, the flags and the system in gzip's own header may change"
    np.testing.assert_array_equal(found, read_idx(path, WHOLE))


@settings(deadline=None)
@given(st.integers(0, len(WHOLE) - 1))
def test_no_cut_goes_unnoticed(tmp_path_factory, length):
    with pytest.raises(DataError):
        read_idx(tmp_path_factory.mktemp("idx") / "file", WHOLE[:length])


def test_a_gzip_bomb_is_not_unpacked_further_than_its_header_announces(tmp_path):
    bomb = gzip.compress(header(28, 28) + bytes(64 * 1024**2))
    assert len(bomb) < 100_000
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="but holds more"):
            read_idx(tmp_path / "bomb", bomb)
        assert tracemalloc.get_traced_memory()[1] < 1024**2
    finally:
        tracemalloc.stop()


def test_more_than_any_memory_is_refused_before_anything_is_unpacked(tmp_path):
    with pytest.raises(DataError, match="expected at most 2,147,483,648"):
        read_idx(tmp_path / "huge", header(2**32 - 1, 2**32 - 1))
    with pytest.raises(DataError, match="expected at most 134,217,728"):  # of so small a file
        read_idx(tmp_path / "huge", gzip.compress(header(LARGEST + 1) + bytes(1000)))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(DataError, match=r"absent cannot be read: the file or folder does not exist"):
        read_idx(tmp_path / "absent")
    with pytest.raises(DataError, match=r"cannot be read: it is a folder"):
        read_idx(tmp_path)
