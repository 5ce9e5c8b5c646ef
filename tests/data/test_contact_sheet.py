"""The contact sheet and the text about a Dataset."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from rich.cells import cell_len

import rowwise
from rowwise.data.contact_sheet import caption_of, contact_sheet, heading_of
from rowwise.data.named import garments
from rowwise.data.summary import describe, describe_text
from rowwise.errors import DataError
from rowwise.text import use_language

NAMES = ("T-shirt/top", "a $x_1$ name", "아주 긴 이름의 클래스가 여기에 있습니다", "")


def pictures(shape=(6, 5), n=20, classes=4, dtype=np.uint8, **more):
    random = np.random.default_rng(0)
    x = random.integers(0, 255, (n, *shape)).astype(dtype)
    names = tuple(NAMES[c % 4] for c in range(classes))
    return rowwise.Dataset("made", x, np.arange(n) % classes, names, **more)


def seen(data, **more):
    return np.asarray(Image.open(io.BytesIO(contact_sheet(data, **more))).convert("RGB")).astype(int)


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 1), (6, 5, 3), (300, 20), (1, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int16])
def test_a_sheet_shows_grey_and_colour_of_any_type(shape, dtype):
    sheet = seen(pictures(shape, dtype=dtype))
    coloured = (np.ptp(sheet, axis=2) > 60).mean() > 0.05
    assert coloured == (shape[-1] == 3)


def test_a_sheet_has_the_samples_in_it():
    x = np.zeros((4, 8, 8, 3), np.uint8)
    colours = np.array([[200, 0, 0], [0, 200, 0], [0, 0, 200], [200, 200, 0]])
    x[:] = colours[:, None, None]
    sheet = seen(rowwise.Dataset("made", x, [0, 0, 1, 1], ("a", "b")))
    places = [np.argwhere((sheet == colour).all(2)).mean(0) for colour in colours]
    rows, columns = np.array(places).T
    assert rows[0] == pytest.approx(rows[1], abs=1)
    assert rows[2] == pytest.approx(rows[3], abs=1)
    assert rows[2] > rows[0] + 40, "a row for each class"
    assert columns[1] > columns[0] + 40, "samples side by side"


def test_classes_without_records_and_data_without_records_are_shown_empty():
    contact_sheet(rowwise.Dataset("made", np.zeros((2, 4, 4), np.uint8), [0, 2], ("a", "b", "c")))
    contact_sheet(pictures()[:0])


def test_a_sheet_of_many_classes_stays_small():
    height, width, _ = seen(pictures((8, 8), n=600, classes=300)).shape
    assert max(height, width) < 4000


def test_drawn_garments_are_told_apart_from_photographs():
    for lang, words in (("en", "NOT Fashion-MNIST"), ("ko", "Fashion-MNIST도 실제 사진도 아님")):
        with use_language(lang):
            data, _ = garments.load(train=10, test=1)
            assert "garments train" in heading_of(data)
            assert data.checksum[:12] in caption_of(data)
            assert words in caption_of(data)
            assert words in describe_text(data)


def test_heading_and_caption_are_written_on_the_sheet():
    data = pictures(provenance="here")
    for other in (replace(data, name="another"), replace(data, provenance="there")):
        assert not np.array_equal(seen(data), seen(other))


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((5,), r"shape \(20, 5\), which are no pictures"),
        ((784,), r"x\.reshape\(-1, 28, 28\)"),
        ((3, 8, 8), r"np\.moveaxis\(x, 1, -1\)"),
        ((8, 8, 4), "with 1 or 3 channels at the end"),
        ((2, 2, 2, 2), "which are no pictures"),
        ((0, 4), "which are no pictures"),
    ],
)
def test_records_that_are_no_pictures_are_refused_with_the_reason(shape, words):
    with pytest.raises(DataError, match=words):
        contact_sheet(pictures(shape))


def test_a_description_is_json_with_what_it_says():
    x = np.array([[[0, 0], [0, 255]], [[0, 10], [20, 30]], [[0, 0], [0, 0]]], np.uint8)
    data = rowwise.Dataset("made", x, [0, 2, 2], ("a", "b", "c"), ("가", "나", "다"), "train", "made up")
    assert json.loads(json.dumps(describe(data), allow_nan=False)) == {
        "name": "made",
        "part": "train",
        "records": 3,
        "shape": [2, 2],
        "dtype": "uint8",
        "provenance": "made up",
        "checksum": data.checksum,
        "values": {"min": 0, "max": 255, "mean": pytest.approx(315 / 12), "zero_share": pytest.approx(8 / 12)},
        "classes": [
            {"label": 0, "name": "a", "name_ko": "가", "records": 1},
            {"label": 1, "name": "b", "name_ko": "나", "records": 0},
            {"label": 2, "name": "c", "name_ko": "다", "records": 2},
        ],
    }
    assert describe(data[:0])["values"] is None


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_text_tells_counts_range_zeros_shape_type_checksum_and_origin(lang):
    data, _ = garments.load(train=100, test=1)
    with use_language(lang):
        text = describe_text(data)
        for word in ("garments train", "100", "28 x 28", "uint8", "255", data.checksum, data.origin):
            assert word in text
        for name in data.class_names:
            assert name in text
    zeros = f"{100 * (data.x == 0).mean():.1f}"
    assert {"en": f"{zeros} % are 0", "ko": f"0의 비율 {zeros}%"}[lang] in text


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.text(min_size=0, max_size=70), min_size=1, max_size=60),
    st.text(max_size=300),
    st.sampled_from(["en", "ko"]),
)
def test_no_line_of_the_text_is_wider_than_80_columns(names, provenance, lang):
    x = np.zeros((len(names), 3), np.float32)
    data = rowwise.Dataset("x" * 100, x, np.arange(len(names)), tuple(names), provenance=provenance)
    with use_language(lang):
        lines = describe_text(data).split("\n")
    assert max(cell_len(line) for line in lines) <= 80
