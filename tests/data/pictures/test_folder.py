"""A folder of pictures, a sub-folder a class → two Datasets."""

import os
import shutil
import unicodedata
import warnings

import numpy as np
import pytest
from drawn_pictures import SUFFIXES, fill, picture, png
from PIL import Image

import rowwise
from rowwise.data import Source
from rowwise.data.loaders import load_source
from rowwise.errors import DataError, Suspicious, UsageError
from rowwise.text import use_language


def test_each_sub_folder_is_a_class(parts):
    train, test = rowwise.load(parts, test=0.5)
    assert train.classes == test.classes == ("bolt", "cog")
    assert (train.name, train.part, test.part) == ("parts", "train", "test")
    assert (train.x.shape, train.x.dtype) == ((6, 16, 20, 3), np.uint8)
    assert list(train.counts) == list(test.counts) == [3, 3]
    assert "20 × 16 pixels" in train.provenance
    assert "(16, 20, 3)" in train.provenance


def test_a_picture_of_the_records_size_is_taken_pixel_for_pixel(tmp_path):
    fill(tmp_path / "p", suffixes=("png", "bmp"), a=4, b=4)
    train, test = rowwise.load(tmp_path / "p")
    found = {x.tobytes(): part.classes[y] for part in (train, test) for x, y in zip(part.x, part.y, strict=True)}
    expected = {np.asarray(picture(row)).tobytes(): "a" for row in range(4)}
    expected |= {np.asarray(picture(1000 + row)).tobytes(): "b" for row in range(4)}
    assert found == expected


def test_the_split_is_stratified_seeded_and_disjoint(tmp_path):
    fill(tmp_path / "p", a=20, b=10)
    train, test = rowwise.load(tmp_path / "p", test=0.3, seed=1)
    assert (list(train.counts), list(test.counts)) == ([14, 7], [6, 3])
    assert {x.tobytes() for x in train.x}.isdisjoint(x.tobytes() for x in test.x)
    assert rowwise.load(tmp_path / "p", test=0.3, seed=1)[1].checksum == test.checksum
    assert rowwise.load(tmp_path / "p", test=0.3, seed=2)[1].checksum != test.checksum


@pytest.mark.parametrize("names", [("train", "test"), ("Training", "Testing"), ("train", "val")])
def test_a_folder_may_be_divided_into_train_and_test(tmp_path, names):
    for seed, (name, count) in enumerate(zip(names, (5, 3), strict=True)):
        fill(tmp_path / "p" / name, size=(20 + seed, 16), a=count, b=count)
    train, test = rowwise.load(tmp_path / "p")
    assert (len(train), len(test), train.classes) == (10, 6, ("a", "b"))
    assert isinstance(_base(train.x), np.memmap)
    assert isinstance(_base(test.x), np.memmap)


def _base(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def test_a_validation_folder_beside_a_test_folder_belongs_to_the_training_records(tmp_path):
    for seed, (name, count) in enumerate((("train", 5), ("valid", 2), ("test", 3))):
        fill(tmp_path / "p" / name, size=(20 + seed, 16), a=count, b=count)
    train, test = rowwise.load(tmp_path / "p")
    assert (len(train), len(test)) == (14, 6)


def test_train_and_test_may_be_classes(tmp_path):
    fill(tmp_path / "p", train=4, test=4)  # pictures of trains and of tests
    assert rowwise.load(tmp_path / "p")[0].classes == ("test", "train")


def test_pictures_below_a_class_belong_to_it_at_any_depth(tmp_path):
    fill(tmp_path / "p", a=4, b=4)
    fill(tmp_path / "p" / "a" / "monday", deep=3, size=(21, 16))
    train, test = rowwise.load(tmp_path / "p", size=8)
    assert list(train.counts + test.counts) == [7, 4]


def test_the_size_is_the_middle_one_of_at_most_32_pixels_where_there_are_few(tmp_path):
    fill(tmp_path / "small", size=(12, 30), a=3, b=3)
    assert rowwise.load(tmp_path / "small")[0].shape == (30, 12, 3)
    fill(tmp_path / "large", size=(640, 480), a=3, b=3)
    assert rowwise.load(tmp_path / "large")[0].shape == (24, 32, 3)
    fill(tmp_path / "mixed", size=(40, 20), a=3, b=2)
    fill(tmp_path / "mixed" / "b", size=(400, 300), c=2)
    train, _ = rowwise.load(tmp_path / "mixed")
    assert train.shape == (16, 32, 3)
    assert "40–400 × 20–300 pixels" in train.provenance


def test_a_size_can_be_chosen(parts):
    for size, shape in ((8, (8, 8, 3)), ("8x12", (8, 12, 3)), ((30, 10), (30, 10, 3)), ([5, 5], (5, 5, 3))):
        assert rowwise.load(parts, size=size)[0].shape == shape
    for wrong in (0, "large", (1, 2, 3), 5000, 2.5, (3, -1)):
        with pytest.raises(UsageError, match="height and a width of 1 to 4096"):
            rowwise.load(parts, size=wrong)


def test_proportions_are_kept_on_black_where_that_is_chosen(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        for row in range(2):
            Image.new("L", (40 + row, 10), 200).save(tmp_path / name / f"{row}.png")
    with pytest.warns(Suspicious):
        x = rowwise.load(tmp_path, size=20, fit="black")[0].x
    with pytest.warns(Suspicious):
        bordered = rowwise.load(tmp_path, size=20)[0].x
    assert (bordered == 200).all()
    assert (x[:, 10] == 200).all()
    assert (x[:, :7] == 0).all()
    assert (x[:, -7:] == 0).all()


def test_grey_is_seen_in_the_pixels_whatever_the_file_says(tmp_path):
    fill(tmp_path / "p", colour=False, a=3, b=3)
    for file in (tmp_path / "p").rglob("*.*"):
        Image.open(file).convert("RGB").save(file, quality=90)
    assert rowwise.load(tmp_path / "p")[0].shape == (16, 20)
    assert rowwise.load(tmp_path / "p", colour="colour")[0].shape == (16, 20, 3)
    picture(7).save(tmp_path / "p" / "a" / "coloured.png")
    assert rowwise.load(tmp_path / "p")[0].shape == (16, 20, 3)
    assert rowwise.load(tmp_path / "p", colour="grey")[0].shape == (16, 20)


def test_a_camera_held_sideways_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    for name in "ab":
        (tmp_path / name).mkdir()
        for row in range(2):
            upright = picture(10 * ord(name) + row, colour=False)
            sideways = upright.transpose(Image.Transpose.ROTATE_90)
            assert sideways.size == (16, 20)
            sideways.save(tmp_path / name / f"{row}.png", exif=exif)
    train, _ = rowwise.load(tmp_path)
    assert train.shape == (16, 20)
    assert train.x[0].tobytes() in {
        np.asarray(picture(10 * ord("a") + row, colour=False)).tobytes() for row in range(2)
    }


def test_every_mode_of_picture_is_read(tmp_path):
    fill(tmp_path / "p", a=2, b=2)
    grey = picture(3, colour=False)
    odd = {
        "palette.png": picture(4).convert("P"),
        "alpha.png": picture(4).convert("RGBA"),
        "bits.png": grey.convert("1"),
        "deep.png": Image.fromarray(np.asarray(grey).astype(np.uint16) * 257),
        "cmyk.jpg": picture(4).convert("CMYK"),
        "frames.gif": picture(5),
    }
    for name, made in odd.items():
        made.save(tmp_path / "p" / "a" / name)
    train, test = rowwise.load(tmp_path / "p", colour="grey")
    records = [x.tobytes() for part in (train, test) for x in part.x]
    assert len(records) == 10
    assert np.asarray(grey).tobytes() in records  # 16 bits are scaled, not clipped


@pytest.mark.parametrize("white", [1, 255, 1023, 4095, 16383, 65535])
def test_what_is_white_in_16_bits_is_known_by_the_brightest_picture_of_all(tmp_path, white):
    ramp = np.linspace(0, white, 16).round().astype(np.uint16)
    for name in ("a", "b"):
        (tmp_path / "p" / name).mkdir(parents=True)
        for row in range(3):
            dark = ramp // (2 if name == "b" else 1) if white > 1 else ramp
            Image.fromarray(np.tile(np.roll(dark, row), (16, 1))).save(tmp_path / "p" / name / f"{row}.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error" if white == 65535 else "ignore", Suspicious)
        train, test = rowwise.load(tmp_path / "p", test=0.34)
    x, y = (np.concatenate([one, other]) for one, other in ((train.x, test.x), (train.y, test.y)))
    expected = np.rint(ramp * (255 / white))
    np.testing.assert_array_equal(np.sort(x[y == 0], axis=2), np.broadcast_to(expected, (3, 16, 16)))
    assert x[y == 1].max() == (255 if white == 1 else np.rint(white // 2 * 255 / white))  # dark stays dark
    if white not in (1, 65535):
        with pytest.warns(Suspicious, match=f"65,535: {white:,} is taken for white"):
            rowwise.load(tmp_path / "p", test=0.34)


def test_files_that_are_no_pictures_are_listed(parts):
    (parts / "cog" / "text.png").write_text("hello")
    (parts / "bolt" / "cut.jpg").write_bytes((parts / "bolt" / "1.jpg").read_bytes()[:300])
    (parts / "bolt" / "empty.bmp").write_bytes(b"")
    for _ in range(2):  # the second time from the cache
        with pytest.raises(DataError, match="3 of 15 files") as caught:
            rowwise.load(parts)
        lines = str(caught.value).splitlines()
        assert lines[1:3] == [
            "  bolt/cut.jpg: " + lines[1].partition(": ")[2],
            "  bolt/empty.bmp: no picture of a known format",
        ]
        assert "truncated" in lines[1].lower()
        assert "skip_bad=True" in lines[-1]
    with pytest.warns(Suspicious, match="Left out, as asked, 3 of 15"):
        train, test = rowwise.load(parts, skip_bad=True)
    assert len(train) + len(test) == 12
    assert train.source["skipped"] == ["bolt/cut.jpg", "bolt/empty.bmp", "cog/text.png"]
    assert (train.x.reshape(len(train), -1).max(1) > 0).all()  # no black record in a bad one's place


def test_many_bad_files_are_counted_not_all_listed(parts):
    for row in range(30):
        (parts / "cog" / f"bad{row}.png").write_text("hello")
    with pytest.raises(DataError, match="30 of 42") as caught:
        rowwise.load(parts)
    assert str(caught.value).count("\n") == 12
    assert "and 20 more" in str(caught.value)


def test_a_class_of_which_nothing_is_left_is_an_error_though_bad_files_are_skipped(parts):
    for file in (parts / "cog").iterdir():
        file.write_text("hello")
    with pytest.raises(DataError, match=r"too few pictures are left in .*: cog"):
        rowwise.load(parts, skip_bad=True)


@pytest.mark.parametrize(("width", "height"), [(12_000, 8_000), (40_000, 25_000), (2_000_000_000, 2_000_000_000)])
def test_a_picture_of_a_billion_pixels_is_refused_unread(parts, width, height):
    (parts / "cog" / "huge.png").write_bytes(png(width, height))
    with pytest.raises(DataError, match=r"cog/huge.png: too large"):
        rowwise.load(parts)


def test_folders_that_cannot_be_learned_from_are_one_clear_error(tmp_path):
    def load(match, **counts):
        with pytest.raises(DataError, match=match) as caught:
            rowwise.load(fill(tmp_path / str(len(list(tmp_path.iterdir()))), **counts))
        assert "\n" not in str(caught.value)
        with use_language("ko"):
            assert str(caught.value)

    load("no pictures. Expected one sub-folder a class.*found: —", **{".hidden": 3})
    load("no pictures. .*found: a, b", a=0, b=0)
    load("Classes without a picture in .*: b, c", a=3, b=0, c=0)
    load('one class only, "a"', a=3)
    load("upper and lower case alone: Cat, cat", Cat=3, cat=3, dog=3)
    load("single picture in .*: b", a=3, b=1)
    flat = fill(tmp_path, flat=3)
    with pytest.raises(DataError, match="3 pictures, but none of them in a sub-folder"):
        rowwise.load(tmp_path / "flat")
    for file in flat.joinpath("flat").iterdir():
        file.unlink()
    with pytest.raises(DataError, match="holds no pictures"):
        rowwise.load(tmp_path / "flat")


def test_a_class_only_to_be_tested_on_is_refused(tmp_path):
    fill(tmp_path / "train", a=3, b=3)
    fill(tmp_path / "test", size=(21, 16), a=2, c=2)
    with pytest.raises(DataError, match="training folder has no pictures of: c"):
        rowwise.load(tmp_path)
    shutil.rmtree(tmp_path / "test")
    (tmp_path / "test" / "a").mkdir(parents=True)
    with pytest.raises(DataError, match=r"test folder of .* holds no pictures"):
        rowwise.load(tmp_path)


def test_hidden_files_and_what_systems_leave_are_not_looked_at(parts):
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0.png", ".hidden.png"):
        (parts / "cog" / name).write_text("no picture")
    fill(parts / ".git", a=1)
    fill(parts / "__MACOSX", a=1)
    train, test = rowwise.load(parts)
    assert len(train) + len(test) == 12
    assert train.classes == ("bolt", "cog")


def test_other_files_are_passed_over_and_told(parts):
    (parts / "cog" / "IMG_1.HEIC").write_text("an iPhone's")
    (parts / "cog" / "notes.txt").write_text("notes")
    (parts / "README.md").write_text("readme")
    picture().save(parts / "beside.png")
    with pytest.warns(Suspicious) as told:
        train, test = rowwise.load(parts)
    words = [str(warning.message) for warning in told]
    assert words[0].startswith(
        "Files that are no pictures by their names, or no ordinary files, were passed over (2): cog/IMG_1.HEIC, cog/not"
    )
    assert words[1].endswith("were passed over: 1.")
    assert len(train) + len(test) == 12


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="links and pipes as POSIX has them")
def test_links_that_lead_back_end_and_pipes_are_not_waited_for(parts):
    os.symlink(parts, parts / "cog" / "up")
    os.symlink(parts / "cog", parts / "cog" / "here")
    os.symlink("itself.png", parts / "cog" / "itself.png")
    os.symlink("nothing", parts / "bolt" / "nothing.png")
    os.mkfifo(parts / "bolt" / "pipe.png")
    with pytest.warns(Suspicious) as told:
        train, test = rowwise.load(parts)
    assert len(train) + len(test) == 12
    words = "\n".join(str(warning.message) for warning in told)
    assert "cog/up" in words
    assert "bolt/pipe.png" in words


@pytest.mark.skipif(os.name == "nt", reason="links as POSIX has them")
def test_a_link_out_of_the_folder_is_refused_and_one_within_is_followed(parts, tmp_path):
    fill(tmp_path / "elsewhere", size=(21, 16), gear=4)
    secret = next((tmp_path / "elsewhere" / "gear").iterdir())
    for target, link in ((secret.parent, parts / "gear"), (secret, parts / "cog" / "x.png")):
        os.symlink(target, link)
        with pytest.raises(DataError, match=f"leads out of it: {link.relative_to(parts)}"):
            rowwise.load(parts)
        link.unlink()
    os.rename(tmp_path / "elsewhere" / "gear", parts / ".gear")
    os.symlink(".gear", parts / "gear")
    os.symlink(parts, tmp_path / "link")
    assert rowwise.load(tmp_path / "link")[0].classes == ("bolt", "cog", "gear")


def test_korean_folder_names_are_read_however_a_system_writes_them(tmp_path):
    decomposed = unicodedata.normalize("NFD", "고양이")
    fill(tmp_path / "p", **{decomposed: 3, "개": 3})
    assert rowwise.load(tmp_path / "p")[0].classes == ("개", "고양이")


@pytest.mark.skipif(os.name == "nt" or os.uname().sysname == "Darwin", reason="names of any bytes")
def test_names_of_any_bytes_are_no_crash(tmp_path):
    fill(tmp_path / "p", a=3, b=3)
    os.rename(tmp_path / "p" / "a", os.fsencode(tmp_path / "p") + b"/\xb0\xed")  # CP949
    train, _ = rowwise.load(tmp_path / "p")
    train.classes[1].encode("utf-8")
    with open(os.fsencode(tmp_path / "p") + b"/\xb0\xed/\xff.png", "w", encoding="utf-8") as file:
        file.write("hello")
    with pytest.raises(DataError, match="no picture of a known format") as caught:
        rowwise.load(tmp_path / "p")
    str(caught.value).encode("utf-8")


def test_pictures_in_both_parts_are_warned_about(tmp_path):
    fill(tmp_path / "train", suffixes=("png",), a=3, b=3)
    fill(tmp_path / "test", suffixes=("png",), size=(21, 16), a=2, b=2)
    shutil.copy(tmp_path / "train" / "a" / "0.png", tmp_path / "test" / "a" / "copy.png")
    Image.open(tmp_path / "train" / "b" / "1.png").save(
        tmp_path / "test" / "a" / "other.bmp"
    )  # other bytes, same pixels
    words = r"2 of 6 test records are training records as well.*1 of them have another class"
    with pytest.warns(Suspicious, match=words):
        rowwise.load(tmp_path, size=(16, 20))


def test_one_class_may_have_a_single_training_picture_where_the_folder_is_divided(tmp_path):
    fill(tmp_path / "train", a=3, b=1)
    fill(tmp_path / "test", size=(21, 16), a=2)
    train, test = rowwise.load(tmp_path)
    assert (list(train.counts), list(test.counts)) == ([3, 1], [2, 0])


def test_a_run_finds_its_pictures_again(parts):
    source = Source(str(parts), size=(8, 9), colour="grey", test=0.4, seed=3)
    again = Source.from_dict(source.to_dict())
    assert again == source
    assert load_source(again)[1].checksum == load_source(source)[1].checksum


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_must_not_be_read_is_one_clear_error(parts):
    (parts / "cog").chmod(0)
    try:
        with pytest.raises(DataError, match="cannot be read: permission is denied"):
            rowwise.load(parts)
    finally:
        (parts / "cog").chmod(0o755)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SUFFIXES)
def test_mutated_pictures_are_read_or_listed(tmp_path, kind):
    random = np.random.default_rng(0)
    fill(tmp_path / "p", size=(40, 30), suffixes=(kind,), a=2, b=2)
    content = (tmp_path / "p" / "a" / f"0.{kind}").read_bytes()
    for row in range(100):
        bad = bytearray(content)
        for place in random.integers(0, len(bad), random.integers(1, 9)):
            bad[place if random.random() < 0.5 else place % 100] = random.integers(256)
        (tmp_path / "p" / "a" / f"bad{row}.{kind}").write_bytes(bad)
    with pytest.raises(DataError, match="of 104 files"):
        rowwise.load(tmp_path / "p")
    with pytest.warns(Suspicious):
        train, test = rowwise.load(tmp_path / "p", skip_bad=True)
    assert 4 <= len(train) + len(test) <= 104
