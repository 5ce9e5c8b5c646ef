"""A picture is the same record whether it comes as a file, as bytes or as an array, and refused in the same words."""

import io

import numpy as np
import pytest
from drawn_pictures import SUFFIXES, picture, png
from PIL import Image

from rowwise.data.pictures.prepare import prepare_for, read_pictures
from rowwise.errors import DataError
from rowwise.text import use_language

SHAPE = (12, 10)


def encoded(image, kind):
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def saved(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize("pictures", ["object", "whole", "border", "crop"])
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("shape", [SHAPE, (*SHAPE, 1), (*SHAPE, 3)])
def test_bytes_give_what_their_file_gives(tmp_path, suffix, pictures, shape):
    file = tmp_path / f"a.{suffix}"
    picture(3, (40, 30)).save(file)
    expected, notes = read_pictures(file, shape, 1, pictures)
    x, said = read_pictures(file.read_bytes(), shape, 1, pictures)
    np.testing.assert_array_equal(x, expected)
    assert (x.shape, x.dtype, said) == ((1, *shape), np.float32, notes)
    assert notes


@pytest.mark.parametrize("dtype", ["uint8", "float32", ">i4", "float64"])
@pytest.mark.parametrize("records", [(), (1,), (3,)])
def test_an_array_is_the_same_as_a_file_as_bytes_and_itself(tmp_path, records, dtype):
    array = np.random.default_rng(0).integers(0, 256, (*records, *SHAPE)).astype(dtype)
    (tmp_path / "a.npy").write_bytes(saved(array))
    for source in (tmp_path / "a.npy", str(tmp_path / "a.npy"), saved(array), array):
        x, notes = read_pictures(source, SHAPE)
        np.testing.assert_array_equal(x, array.reshape(-1, *SHAPE))
        assert notes == []
        assert x.flags.writeable
        assert not np.shares_memory(x, array)
        assert read_pictures(source, SHAPE, brightest=1)[1] == ["values scaled from 0..255 to 0..1"]


def test_an_array_in_columns_keeps_its_order(tmp_path):
    array = np.asfortranarray(np.random.default_rng(0).integers(0, 256, (3, *SHAPE), np.uint8))
    np.testing.assert_array_equal(read_pictures(saved(array), SHAPE)[0], array)


BROKEN = {
    "nothing": (b"", "is no picture of a known format"),
    "a text": (b"hello", "is no picture of a known format"),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is no picture of a known format"),
    "a bomb": (png(12_000, 8_000), r"is too large \(12,000 × 8,000|is too large \(96,000,000"),
    "a larger bomb": (png(2_000_000_000, 2_000_000_000), "is too large"),
    "a cut picture": (encoded(picture(3, (40, 30)), "png")[:100], "cannot be read"),
    "a cut photograph": (encoded(picture(3, (400, 300)), "jpeg")[:3000], "cannot be read"),
    "an array's beginning": (saved(np.zeros(SHAPE))[:90], "cannot be read"),
    "half an array": (saved(np.zeros(SHAPE))[:400], "cannot be read"),
    "an array of -1 records": (saved(np.zeros((1, *SHAPE))).replace(b"(1, 12", b"(-1,12"), "cannot be read"),
    "another shape": (saved(np.zeros((3, 5))), r"has shape \(3, 5\); expected \(12, 10\) .* \(records, 12, 10\)"),
    "no records": (saved(np.zeros((0, *SHAPE))), "expected"),
    "truth values": (saved(np.zeros(SHAPE, bool)), "expected numbers"),
    "NaN": (saved(np.full(SHAPE, np.nan)), "not finite"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_bytes_that_are_no_picture_are_refused_by_the_name_they_were_given(what):
    content, words = BROKEN[what]
    with pytest.raises(DataError, match=words) as caught:
        read_pictures(content, SHAPE, name="upload-7.png")
    assert "upload-7.png" in str(caught.value)
    with pytest.raises(DataError, match="The picture"):
        read_pictures(content, SHAPE)
    with use_language("ko"):
        assert "upload-7.png" in str(caught.value)
        with pytest.raises(DataError, match="그림"):
            read_pictures(content, SHAPE)


def test_objects_are_not_unpickled(tmp_path):
    file = tmp_path / "a.npy"
    np.save(file, np.array([{}], object), allow_pickle=True)
    for source in (file, file.read_bytes()):
        with pytest.raises(DataError, match=r"cannot be read: Python objects\."):
            read_pictures(source, SHAPE)


def test_an_array_that_announces_more_than_it_holds_takes_no_memory(tmp_path):
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 12, 10), }".ljust(117) + "\n"
    content = b"\x93NUMPY\x01\x00v\x00" + header.encode()
    (tmp_path / "a.npy").write_bytes(content)
    for source in (tmp_path / "a.npy", content):
        with pytest.raises(DataError, match="cannot be read"):
            read_pictures(source, SHAPE)


def test_an_array_of_the_wrong_kind_is_refused_by_its_name():
    for array, words in ((np.zeros((3, 5)), "has shape"), (np.array(["a"]), "expected numbers")):
        with pytest.raises(DataError, match=words) as caught:
            read_pictures(array, SHAPE, name="x")
        assert "x" in str(caught.value)


def test_how_a_runs_pictures_were_prepared_is_known_by_what_it_keeps():
    assert (prepare_for("whole").name, prepare_for("object").name) == ("whole", "object")
    light = Image.new("L", (10, 12), 250)
    light.putpixel((4, 5), 0)
    content = encoded(light, "png")
    assert read_pictures(content, SHAPE, pictures="whole")[0].mean() > 200
    assert read_pictures(content, SHAPE, pictures="object")[0].mean() < 50  # inverted: the background is light


def wide(colour=(200, 150, 20), size=(40, 20)):
    """A picture of one colour that is twice as wide as high, black in its middle and where an object leaves it."""
    sheet = np.full((size[1], size[0], 3), colour, np.uint8)
    sheet[8:12, 15:25] = 0
    sheet[14:, 18:22] = 0
    return encoded(Image.fromarray(sheet), "png")


def test_a_picture_is_padded_in_the_colour_of_its_border():
    x, notes = read_pictures(wide(), (32, 32, 3), pictures="border")
    assert (x[0, :7] == (200, 150, 20)).all()
    assert (x[0, 25:] == (200, 150, 20)).all()
    assert "padded in the colour of its border (200, 150, 20)" in notes
    black, said = read_pictures(wide(), (32, 32, 3), pictures="whole")
    assert not black[0, :7].any()
    np.testing.assert_array_equal(black[0, 8:24], x[0, 8:24])
    assert not any("padded" in note for note in said)


def test_the_border_of_a_grey_and_of_a_transparent_picture():
    x, notes = read_pictures(wide((90, 90, 90)), (32, 32), pictures="border")
    assert (x[0, 0], x[0, -1]) == pytest.approx((90, 90))
    assert any("(90)" in note for note in notes)
    clear = Image.new("RGBA", (40, 20), (0, 0, 0, 0))
    assert (read_pictures(encoded(clear, "png"), (32, 32, 3), pictures="border")[0] == 255).all()


def test_a_picture_is_cropped_to_its_middle():
    sheet = np.zeros((20, 40, 3), np.uint8)
    sheet[:, 10:30] = 255  # the middle square
    x, notes = read_pictures(encoded(Image.fromarray(sheet), "png"), (10, 10, 3), pictures="crop")
    assert x.min() > 230  # Lanczos looks a little beyond
    assert "cropped to its middle" in notes
    tall, _ = read_pictures(
        encoded(Image.fromarray(sheet).transpose(Image.Transpose.TRANSPOSE), "png"), (10, 10, 3), pictures="crop"
    )
    assert tall.min() > 230


def test_a_picture_of_the_records_proportions_is_neither_padded_nor_cropped():
    content = encoded(picture(1, (40, 20)), "png")
    expected, _ = read_pictures(content, (10, 20, 3), pictures="whole")
    for pictures in ("border", "crop"):
        x, notes = read_pictures(content, (10, 20, 3), pictures=pictures)
        np.testing.assert_array_equal(x, expected)
        assert [note for note in notes if "padded" in note or "cropped" in note] == []
