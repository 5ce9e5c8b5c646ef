"""Which folders are classes and which are parts: by structure, not by a list of names."""

import pytest
from drawn_pictures import fill

import rowwise
from rowwise.errors import DataError, Suspicious

PAIRS = [
    ("training_set", "test_set"),
    ("train", "dev"),
    ("seg_train", "seg_test"),
    ("Train_Data", "Test_Data"),
    ("trn", "tst"),
    ("TrainImages", "EvalImages"),
    ("학습용", "시험용"),
    ("훈련 데이터", "검증 데이터"),
    ("Entraînement", "Test"),
    ("apprentissage", "test"),
    ("trainval", "test"),
    ("1-training", "2-holdout"),
]


def loaded(folder):
    with pytest.warns(Suspicious, match="taken for parts"):
        return rowwise.load(folder, size="8")


@pytest.mark.parametrize(("train", "test"), PAIRS)
def test_folders_that_hold_the_same_classes_are_parts(tmp_path, train, test):
    fill(tmp_path / train, red=4, blue=3)
    fill(tmp_path / test, red=2, blue=1, seed=100)
    first, second = rowwise.load(tmp_path, size="8") if (train, test) == ("train", "test") else loaded(tmp_path)
    assert first.classes == second.classes == ("blue", "red")
    assert first.counts.tolist() == [3, 4]
    assert second.counts.tolist() == [1, 2]


def test_a_validation_part_beside_a_test_part_is_trained_on(tmp_path):
    for part, count in (("images_train", 4), ("images_val", 2), ("images_test", 3)):
        fill(tmp_path / part, seed=100 * count, red=count, blue=count)
    first, second = loaded(tmp_path)
    assert first.counts.tolist() == [6, 6]
    assert second.counts.tolist() == [3, 3]


def test_parts_may_be_wrapped_in_a_folder_of_their_own_name_and_others_are_said(tmp_path):
    fill(tmp_path / "seg_train" / "seg_train", red=4, blue=3)
    fill(tmp_path / "seg_test" / "seg_test", seed=100, red=2, blue=1)
    fill(tmp_path, seed=200, seg_pred=3)
    with pytest.warns(Suspicious, match="passed over: seg_pred|taken for parts"):
        first, second = rowwise.load(tmp_path, size="8")
    assert first.classes == ("blue", "red")
    assert first.counts.tolist() == [3, 4]
    assert second.counts.tolist() == [1, 2]


@pytest.mark.parametrize("around", ["dataset", "archive/Fruits 360"])
def test_folders_around_the_data_are_passed_by(tmp_path, around):
    fill(tmp_path / around / "train", red=4, blue=3)
    fill(tmp_path / around / "test", red=2, blue=1, seed=100)
    first, second = rowwise.load(tmp_path, size="8")
    assert first.classes == ("blue", "red")
    assert (first.counts.tolist(), second.counts.tolist()) == ([3, 4], [1, 2])


def test_parts_may_lie_within_the_classes(tmp_path):
    for name in ("cat", "dog"):
        fill(tmp_path / name, seed=100 * ord(name[0]), train=5, test=2)
    first, second = loaded(tmp_path)
    assert first.classes == ("cat", "dog")
    assert first.counts.tolist() == [5, 5]
    assert second.counts.tolist() == [2, 2]


@pytest.mark.parametrize(("one", "other"), [("training_shoes", "test_tubes"), ("train", "car"), ("latest", "trains")])
def test_classes_whose_names_speak_of_parts_stay_classes(tmp_path, one, other):
    fill(tmp_path, **{one: 4, other: 4})
    first, _ = rowwise.load(tmp_path, size="8")
    assert set(first.classes) == {one, other}


def test_classes_named_like_parts_with_unlike_folders_stay_classes(tmp_path):
    fill(tmp_path / "training_shoes", nike=3, puma=3)
    fill(tmp_path / "test_tubes", seed=100, glass=3, plastic=3)
    first, _ = rowwise.load(tmp_path, size="8")
    assert first.classes == ("test_tubes", "training_shoes")


def test_classes_that_all_hold_the_same_folders_are_said(tmp_path):
    for name in ("cat", "dog"):
        fill(tmp_path / name, seed=100 * ord(name[0]), indoor=3, outdoor=3)
    with pytest.warns(Suspicious, match="indoor, outdoor"):
        first, _ = rowwise.load(tmp_path, size="8")
    assert first.classes == ("cat", "dog")


def test_a_class_of_files_that_cannot_be_read_names_them(tmp_path):
    fill(tmp_path, red=4, blue=4)
    (tmp_path / "iphone").mkdir()
    (tmp_path / "iphone" / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(DataError, match=r"iphone/IMG_1\.HEIC.*PNG, JPEG"):
        rowwise.load(tmp_path)
