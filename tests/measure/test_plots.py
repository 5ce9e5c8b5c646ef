"""The pictures of a run: PNGs in the current language, without a word that cannot be read."""

import io

import numpy as np
import pytest
from matplotlib import font_manager
from PIL import Image
from rich.cells import cell_len

import rowwise
from rowwise import figures
from rowwise.errors import DataError, ShapeError
from rowwise.measure import measure
from rowwise.measure.plots import confusion_picture, kernel_images, learning_curves, wrong_gallery
from rowwise.text import language, say, use_language
from rowwise.text.terminal import wrap

STRANGE = ("T-shirt/top", "a $x_1$ and $", "가방과 신발", "日本", "{brace} \\frac %", "new\nline", "", "x" * 80)


@pytest.fixture
def no_hangul(monkeypatch):
    """matplotlib as on a machine that has no font with Hangul."""
    manager = font_manager.fontManager
    monkeypatch.setattr(manager, "ttflist", [font for font in manager.ttflist if font.name not in figures.HANGUL])
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [])
    figures.hangul_family.cache_clear()
    yield
    figures.hangul_family.cache_clear()


@pytest.fixture
def a_hangul_font():
    if figures.hangul_family() is None:
        pytest.skip("no font with Hangul is installed")


def size(png):
    image = Image.open(io.BytesIO(png))
    image.load()
    assert image.format == "PNG"
    return image.size


def strange(shape=(8, 8), n=40, dtype=np.uint8):
    random = np.random.default_rng(0)
    x = random.integers(0, 255, (n, *shape)).astype(dtype)
    data = rowwise.Dataset("made", x, np.arange(n) % 8, STRANGE, provenance="somewhere " + "/far/away" * 30)
    return data, random.dirichlet(np.ones(8), n)


def all_pictures():
    data, probabilities = strange()
    report = measure(data.y, probabilities.argmax(1), STRANGE, provenance=data.provenance)
    history = {"loss": [2.0, 1.0], "val_loss": [2.1, 1.2], "accuracy": [0.5, 0.6], "a metric ☃ 눈": [1.0, 2.0]}
    yield learning_curves(history, data.provenance)
    yield confusion_picture(report, data.provenance)
    yield wrong_gallery(data, probabilities, title=data.provenance)
    yield kernel_images(np.random.default_rng(0).normal(size=(64, 5)), (8, 8), title=data.provenance)


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_all_pictures_are_drawn_without_a_warning(lang):
    with use_language(lang):  # a glyph that is missing would be a warning, and warnings are errors
        for png in all_pictures():
            assert min(size(png)) > 100


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_all_pictures_are_drawn_without_a_korean_font_too(no_hangul, lang):
    with use_language(lang):
        for png in all_pictures():
            assert min(size(png)) > 100


def test_without_a_korean_font_pictures_speak_english(no_hangul):
    with use_language("ko"):
        with figures.drawable_language():
            assert (language(), say("pictures.epoch")) == ("en", "epoch")
        assert language() == "ko"


def test_with_a_korean_font_pictures_speak_korean(a_hangul_font):
    with use_language("ko"), figures.drawable_language():
        assert (language(), say("pictures.epoch")) == ("ko", "에포크")
        assert figures.short_labels(["티셔츠"]) == ["티셔츠"]


def test_korean_and_english_pictures_differ(a_hangul_font):
    history = {"loss": [2.0, 1.0]}
    drawn = []
    for lang in ("en", "ko"):
        with use_language(lang):
            drawn.append(learning_curves(history))
    assert drawn[0] != drawn[1]


def test_a_font_installed_since_matplotlib_made_its_list_is_found(a_hangul_font, monkeypatch):
    manager = font_manager.fontManager
    old = [font for font in manager.ttflist if font.name not in figures.HANGUL]
    monkeypatch.setattr(manager, "ttflist", old)
    figures.hangul_family.cache_clear()
    try:
        assert figures.hangul_family() is not None
    finally:
        monkeypatch.undo()
        figures.hangul_family.cache_clear()


def test_a_name_that_no_font_can_draw_is_its_class_number(no_hangul):
    assert figures.short_labels(["shirt", "가방", "why?", " ", "a\tb"]) == ["shirt", "1", "why?", "3", "a b"]


def test_long_names_are_shortened_to_columns_of_a_terminal():
    assert figures.short_labels(["x" * 21, "y" * 20]) == ["x" * 19 + "…", "y" * 20]
    for name in figures.short_labels(["가" * 30, "a" + "나" * 30]):
        assert cell_len(name) <= 20


def test_text_is_wrapped_by_columns_at_spaces():
    assert wrap("one two three", 8) == ["one two", "three"]
    assert wrap("하나 둘 셋", 7) == ["하나 둘", "셋"]
    assert wrap("x" * 10 + " y", 4) == ["xxxx", "xxxx", "xx y"]
    assert wrap("", 4) == [""]


def test_a_dollar_in_a_name_is_a_dollar_and_users_settings_stay():
    import matplotlib

    before = dict(matplotlib.rcParams)
    confusion_picture(measure([0, 1], [1, 0], ("$", "$\\alpha$")))
    assert dict(matplotlib.rcParams) == before


def test_curves_show_what_the_history_has():
    one = size(learning_curves({"loss": [1.0]}))
    two = size(learning_curves({"accuracy": [0.1], "loss": [1.0], "val_loss": [1.0], "learning_rate": [0.1]}))
    assert two[0] == 2 * one[0]
    size(learning_curves({"loss": [float("nan"), None, float("inf")], "accuracy": [None]}))


@pytest.mark.slow
def test_a_confusion_picture_of_many_classes_stays_a_picture():
    random = np.random.default_rng(0)
    names = [f"class {c}" for c in range(300)]
    png = confusion_picture(measure(random.integers(0, 300, 999), random.integers(0, 300, 999), names))
    assert max(size(png)) < 4000


@pytest.mark.parametrize(("shape", "dtype"), [((8, 8, 1), np.uint8), ((8, 8, 3), np.float32), ((300, 200), np.int16)])
def test_the_gallery_shows_grey_and_colour_of_any_type(shape, dtype):
    data, probabilities = strange(shape, 12, dtype)
    assert size(wrong_gallery(data, probabilities))[0] > 900


def test_the_gallery_keeps_a_dark_image_dark():
    x = np.full((2, 8, 8), 40, np.uint8)
    x[:, 2:6, 2:6] = 60
    data = rowwise.Dataset("dark", x, [0, 1], ("a", "b"))
    image = Image.open(io.BytesIO(wrong_gallery(data, np.array([[0.1, 0.9], [0.9, 0.1]]))))
    colours = {colour[:3] for _, colour in image.getcolors(2**20)}
    assert {(40, 40, 40), (60, 60, 60)} <= colours


def test_a_model_that_is_always_right_has_an_empty_gallery():
    data, _ = strange()
    assert size(wrong_gallery(data, np.eye(8)[data.y]))[1] < 300


def test_a_gallery_of_no_pictures_is_refused():
    data, probabilities = strange((5,))
    with pytest.raises(DataError, match="no pictures"):
        wrong_gallery(data, probabilities)


def test_a_kernel_needs_a_feature_for_each_pixel():
    with pytest.raises(ShapeError, match=r"kernel of shape \(64, 5\) .* shape \(9, 8\)"):
        kernel_images(np.zeros((64, 5)), (9, 8))
    size(kernel_images(np.zeros((192, 1)), (8, 8, 3)))
