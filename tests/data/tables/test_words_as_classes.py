"""Words that stand for a missing value elsewhere, where they are classes; units that are one letter."""

import pytest

import rowwise

pytestmark = pytest.mark.filterwarnings("ignore::rowwise.Suspicious")


def loaded(place, rows, **options):
    place.write_text("x,y\n" + "".join(f"{one},{other}\n" for one, other in rows), "utf-8")
    return rowwise.load(place, target="y", **options)


@pytest.mark.parametrize(
    ("counts", "dropped"),
    [
        ({"None": 25, "NA": 27, "+": 28}, 0),
        ({"+": 20, "-": 20, "None": 20, "NA": 20}, 0),
        ({"None": 20, "?": 30, "Mild": 30}, 0),
        ({"None": 30, "+": 31, "-": 19}, 0),
        ({"yes": 40, "None": 37, "NA": 3}, 3),
    ],
)
def test_classes_that_are_all_called_as_what_is_missing_are_classes(tmp_path, counts, dropped):
    labels = [label for label, count in counts.items() for _ in range(count)]
    parts = loaded(tmp_path / "a.csv", [(number + 0.25, label) for number, label in enumerate(labels)])
    assert set(parts[0].classes) == {label for label, count in counts.items() if count > 3}
    assert sum(map(len, parts)) == len(labels) - dropped


@pytest.mark.parametrize("unit", ["㎡", "㎢", "℃", "㎖", "㏄", "㎏", "㎞", "ℓ"])
def test_a_unit_of_one_letter_is_one(tmp_path, unit):
    train, test = loaded(tmp_path / "a.csv", [(f"{number}.5{unit}", f"{number}{unit}") for number in range(40)])
    assert (train.schema.columns[0].kind, train.schema.columns[0].unit, train.classes) == ("numeric", unit, ())
    assert sorted([*train.x[:, 0], *test.x[:, 0]]) == [number + 0.5 for number in range(40)]
    assert sorted([*train.y, *test.y]) == list(range(40))


def test_french_months_as_they_are_cut(tmp_path):
    months = ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."]
    rows = [(f"{number % 27 + 1} {months[number % 12]} 2023", number) for number in range(60)]
    train, test = loaded(tmp_path / "a.csv", rows, task="regression")
    found = {int(y): int(x[1]) for part in (train, test) for x, y in zip(part.x, part.y, strict=True)}
    assert train.schema.columns[0].kind == "date"
    assert train.schema.columns[0].parts[1] == "month"
    assert found == {number: number % 12 + 1 for number in range(60)}
