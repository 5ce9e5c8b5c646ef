"""`.npz` and `.npy` files → two Datasets."""

import zipfile

import numpy as np
import pytest

import rowwise
from rowwise.data import Source
from rowwise.data.loaders import load_source
from rowwise.errors import DataError, RowwiseError, Suspicious


def pictures(records=40, seed=0, shape=(6, 5)):
    return np.random.default_rng(seed).integers(0, 256, (records, *shape), np.uint8)


def labels(records=40, classes=4):
    return np.arange(records) % classes


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_with_both_parts_is_taken_as_it_is_divided(here):
    x, y = pictures(), labels()
    np.savez("shirts.npz", x_train=x, y_train=y, x_test=pictures(8, 1), y_test=labels(8))
    train, test = rowwise.load("shirts.npz")
    np.testing.assert_array_equal(train.x, x)
    np.testing.assert_array_equal(train.y, y)
    assert (train.name, train.part, test.part, len(test)) == ("shirts", "train", "test", 8)
    assert train.classes == ("0", "1", "2", "3")
    assert train.x.dtype == np.uint8
    assert train.source["pictures"] == "whole"


def test_a_file_with_x_and_y_is_divided_by_class_and_seed(here):
    np.savez_compressed("all.npz", X=pictures(), Y=labels())
    train, test = rowwise.load("all.npz", test=0.25, seed=3)
    assert (len(train), len(test)) == (30, 10)
    assert set(test.counts) <= {2, 3}
    assert {x.tobytes() for x in train.x}.isdisjoint(x.tobytes() for x in test.x)
    again = rowwise.load("all.npz", test=0.25, seed=3)[1]
    np.testing.assert_array_equal(test.x, again.x)
    assert not np.array_equal(test.x, rowwise.load("all.npz", test=0.25, seed=4)[1].x)


@pytest.mark.parametrize(
    "names",
    [
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("Xtrain", "Ytrain", "Xtest", "Ytest"),
        ("training_data", "training_target", "testing_data", "testing_target"),
        ("X_train", "y_train", "X_val", "y_val"),
    ],
)
def test_the_usual_names_are_understood(here, names):
    np.savez("a.npz", **dict(zip(names, (pictures(), labels(), pictures(8, 1), labels(8)), strict=True)))
    train, test = rowwise.load("a.npz")
    assert (len(train), len(test)) == (40, 8)


def test_a_validation_part_beside_a_test_belongs_to_the_training_records(here):
    parts = {"train": (40, 0), "val": (12, 1), "test": (8, 2)}
    arrays = {f"{part}_images": pictures(*facts) for part, facts in parts.items()}
    arrays |= {f"{part}_labels": labels(records)[:, None] for part, (records, _) in parts.items()}
    np.savez("medical.npz", **arrays)
    train, test = rowwise.load("medical.npz")
    assert (len(train), len(test)) == (52, 8)
    np.testing.assert_array_equal(train.x[40:], arrays["val_images"])


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (labels(), "0 1 2 3"),
        (labels() + 1, "1 2 3 4"),
        (labels() * 1.0, "0.0 1.0 2.0 3.0".replace(".0", "")),
        (np.array(["hat", "boot", "bag", "coat"])[labels()], "bag boot coat hat"),
        (np.array([b"hat", b"boot", b"bag", b"coat"])[labels()], "bag boot coat hat"),
        (np.eye(4)[labels()], "0 1 2 3"),
        (labels(classes=2).astype(bool), "0 1"),
        (labels()[:, None], "0 1 2 3"),
        (labels().astype(">i8"), "0 1 2 3"),
    ],
)
def test_labels_of_any_form_become_class_numbers_with_names(here, given, names):
    np.savez("a.npz", x=pictures(), y=given)
    train, test = rowwise.load("a.npz")
    assert train.classes == tuple(names.split())
    by_record = {record.tobytes(): label for record, label in zip(pictures(), range(40), strict=True)}
    for part in (train, test):
        for record, label in zip(part.x, part.y, strict=True):
            found = np.asarray(given[by_record[record.tobytes()]]).reshape(-1)
            found = found.argmax() if len(found) > 1 else found[0]
            found = found.decode() if isinstance(found, bytes) else found
            assert train.classes[label] == str(int(found) if not isinstance(found, str) else found)


def test_a_file_may_name_its_classes(here):
    np.savez("a.npz", x=pictures(), y=labels(), class_names=["coat", "hat", "bag", "boot", "never seen"])
    train, _ = rowwise.load("a.npz")
    assert train.classes == ("coat", "hat", "bag", "boot", "never seen")
    assert [train.classes[label] for label in train.y[:2]] == ["coat", "hat"]


def test_broken_numbers_are_to_be_predicted(here):
    y = np.random.default_rng(0).normal(size=40)
    np.savez("a.npz", x=pictures().reshape(40, -1) / 255, y=y)
    train, test = rowwise.load("a.npz")
    assert (train.task, train.targets, train.classes) == ("regression", ("y",), ())
    assert sorted([*train.y, *test.y]) == sorted(y.astype(np.float32))
    np.savez("a.npz", x=pictures(), y=np.stack([y, y], 1))
    assert rowwise.load("a.npz")[0].targets == ("y0", "y1")


def test_the_task_can_be_said(here):
    np.savez("a.npz", x=pictures(), y=np.arange(40))
    assert rowwise.load("a.npz", task="regression")[0].task == "regression"
    with pytest.raises(DataError, match="40 different labels for 40 records"):
        rowwise.load("a.npz")
    np.savez("a.npz", x=pictures(), y=np.linspace(0, 1, 40))
    with pytest.raises(DataError, match="no whole numbers"):
        rowwise.load("a.npz", task="classification")


def test_npy_files_lie_beside_one_another(here):
    for x_name, y_name in (("x", "y"), ("X", "y"), ("X2", "Y2"), ("shirts_images", "shirts_labels"), ("a-x", "a-y")):
        np.save(x_name, pictures())
        np.save(y_name, labels())
        train, test = rowwise.load(f"{x_name}.npy")
        assert (len(train), len(test), train.classes) == (32, 8, ("0", "1", "2", "3"))


def test_npy_files_of_both_parts_are_found(here):
    for part, records in (("train", 40), ("test", 8)):
        np.save(f"x_{part}", pictures(records, records))
        np.save(f"y_{part}", labels(records))
    train, test = rowwise.load("x_train.npy")
    assert (len(train), len(test)) == (40, 8)
    assert isinstance(_base(train.x), np.memmap)  # not read as a whole


def _base(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def test_a_file_without_labels_says_which_it_looked_for(here):
    np.save("x", pictures())
    with pytest.raises(DataError, match=r"no labels beside it; looked for: y.npy"):
        rowwise.load("x.npy")
    np.save("shirts", pictures())
    with pytest.raises(DataError, match="Call the two files"):
        rowwise.load("shirts.npy")


def test_records_in_both_parts_are_warned_about(here):
    x = pictures()
    np.savez("a.npz", x_train=x, y_train=labels(), x_test=x[[3, 5, 6]], y_test=np.array([3, 1, 0]))
    with pytest.warns(Suspicious, match=r"3 of 3 test records are training records as well.*1 of them have another"):
        rowwise.load("a.npz")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, "lacks arrays.*found —"),
        ({"x": pictures()}, r"lacks arrays.*found x \(40, 6, 5\)"),
        ({"a": pictures(), "b": labels()}, r"found a \(40, 6, 5\), b \(40,\)"),
        ({"x_train": pictures(), "x_test": pictures(), "y_test": labels()}, "lacks arrays"),
        ({"x": pictures(), "y": labels(39)}, r"x has shape \(40, 6, 5\) and y has shape \(39,\)"),
        ({"x": pictures()[:0], "y": labels(0)}, "label for each of its rows"),
        ({"x": labels(), "y": labels()}, "label for each of its rows"),
        ({"x": pictures(), "y": np.zeros(40, int)}, "the same label, 0"),
        ({"x": pictures(), "y": np.array([*labels(39), 7])}, "single record: 7"),
        ({"x": np.full((40, 2), "a"), "y": labels()}, "values are <U1"),
        ({"x": np.full((40, 2), np.nan), "y": labels()}, "not finite"),
        ({"x": pictures(), "y": np.full(40, 1j)}, "labels are complex128"),
        ({"x": pictures(), "y": np.zeros((40, 3), int)}, "one label for each record"),
        ({"x": pictures(), "y": np.full(40, None)}, "Python objects"),
        ({"x": pictures(), "y": labels(), "classes": np.array(["a", "b"])}, "names 2 classes"),
        (
            {"x_train": pictures(), "y_train": labels(), "x_test": pictures(), "y_test": labels(40, 5)},
            "no training record has: 4",
        ),
        (
            {"x_train": pictures(), "y_train": labels(), "x_test": pictures(shape=(5, 6)), "y_test": labels()},
            "differ in the shape",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_one_clear_error(here, arrays, words):
    np.savez("a.npz", **arrays)
    with pytest.raises(DataError, match=words):
        rowwise.load("a.npz")


def test_a_damaged_file_is_one_clear_error(here):
    np.savez("good.npz", x=pictures(), y=labels())
    content = (here / "good.npz").read_bytes()
    middle = len(content) // 2
    damaged = {
        "no zip": b"hello",
        "empty": b"",
        "cut": content[:middle],
        "changed": content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :],
    }
    for bad in damaged.values():
        (here / "a.npz").write_bytes(bad)
        with pytest.raises(DataError, match="no file of arrays that can be read"):
            rowwise.load("a.npz")
    np.save("x", pictures())
    np.save("y", labels())
    (here / "x.npy").write_bytes((here / "x.npy").read_bytes()[:-7])
    with pytest.raises(DataError, match=r"shape \(40, 6, 5\), uint8, but 1,193 bytes"):
        rowwise.load("x.npy")


def test_a_bomb_is_not_unpacked(here):
    with zipfile.ZipFile("a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(10_000_000))
        archive.infolist()[0].file_size = 3_000_000_000  # what the archive's directory will say
    with pytest.raises(DataError, match=r"unpack to 3,000,000,000"):
        rowwise.load("a.npz")


def test_a_header_that_announces_more_than_there_is_takes_no_memory(here):
    np.save("x", pictures())
    np.save("y", labels())
    content = (here / "x.npy").read_bytes().replace(b"(40, 6, 5), ", b"(99999999999,), "[:12])
    (here / "x.npy").write_bytes(content)
    with pytest.raises(DataError):
        rowwise.load("x.npy")


def test_a_run_finds_its_arrays_again(here):
    np.savez("a.npz", x=pictures(), y=labels())
    source = Source("a.npz", test=0.3, seed=2)
    again = Source.from_dict(source.to_dict())
    assert load_source(again)[1].checksum == load_source(source)[1].checksum


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["npz", "npy"])
def test_mutated_files_are_read_or_refused(here, kind):
    random = np.random.default_rng(0)
    np.savez_compressed("a.npz", x=pictures(), y=labels())
    np.save("x", pictures())
    np.save("y", labels())
    name = "a.npz" if kind == "npz" else "x.npy"
    content = (here / name).read_bytes()
    refused = read = 0
    for _ in range(100):
        bad = bytearray(content)
        for place in random.integers(0, len(bad), random.integers(1, 9)):
            bad[place if random.random() < 0.5 else place % 200] = random.integers(256)
        (here / name).write_bytes(bad[: len(bad) if random.random() < 0.8 else random.integers(len(bad))])
        try:
            rowwise.load(name)
            read += 1
        except RowwiseError as error:
            refused += "\n" not in str(error)
    assert refused + read == 100
    assert refused > (50 if kind == "npz" else 10)


def test_texts_of_no_letters_are_refused(here):
    labels = np.array(["a", "b"] * 20)
    labels.view(np.uint32)[3] = 0x7FFFFFFF
    np.savez("a.npz", x=np.zeros((40, 3)), y=labels)
    with pytest.raises(DataError, match="no Unicode"):
        rowwise.load("a.npz")


def test_an_array_that_is_not_read_is_said(here):
    np.savez("a.npz", x=pictures(), y=labels(), mask=np.zeros((40, 2), bool))
    with pytest.warns(rowwise.Suspicious, match=r"a\.npz: mask is not read.*put NaN into x"):
        rowwise.load("a.npz")
