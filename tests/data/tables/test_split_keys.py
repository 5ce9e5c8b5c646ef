"""Groups have keys that depend on their texts alone: the same split in every version, order and form of the table."""

import datetime
import hashlib

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rowwise
from rowwise.data import Source
from rowwise.data.tables.load import load
from rowwise.data.tables.read import Limits
from rowwise.data.tables.split_keys import fnv1a, group_keys, has_outdated_keys

N = 60
FRAME = pl.DataFrame(
    {
        "row": [n + 0.5 for n in range(N)],
        "who": [f"손님 {n * 7 % 11}" for n in range(N)],
        "what": ["yes", "no", "no"] * (N // 3),
    }
)


def groups(data, frame=FRAME):
    """The groups that have records in a Dataset of that table."""
    return {frame["who"][int(row - 0.5)] for row in data.x[:, data.schema.inputs.index("row")]}


def test_hashes_are_those_that_were_published():
    """By Noll, for the texts of his test suite."""
    texts = ["", "a", "b", "foobar", "chongo was here!\n", "http://en.wikipedia.org/wiki/Fowler_Noll_Vo_hash"]
    expected = [0xCBF29CE484222325, 0xAF63DC4C8601EC8C, 0xAF63DF4C8601F1A5, 0x85944171F73967E8, 0x46810940EFF5F915]
    assert fnv1a(pl.Series(texts)).tolist()[:5] == expected


@given(st.lists(st.text(max_size=300), max_size=20))
def test_hashes_are_those_of_a_loop_over_the_bytes(texts):
    def reference(data):
        value = 0xCBF29CE484222325
        for byte in data:
            value = (value ^ byte) * 0x100000001B3 % 2**64
        return value

    short = [text.encode() for text in texts]
    short = [data if len(data) <= 256 else hashlib.sha256(data).hexdigest().encode() for data in short]
    assert fnv1a(pl.Series(texts, dtype=pl.String)).tolist() == [reference(data) for data in short]


def test_a_small_table_is_always_split_so():
    """Literal values: a change of the split breaks resuming, and has to be announced."""
    train, test = rowwise.load(FRAME, "what", group="who", seed=3, test=0.3)
    assert groups(test) == {"손님 3", "손님 4", "손님 8"}
    assert groups(train) == {f"손님 {n}" for n in (0, 1, 2, 5, 6, 7, 9, 10)}
    assert test.source["split"] == {"by": "group", "test": 0.3, "seed": 3, "keys": "fnv1a-64"}
    _, validation = train.split(0.3, seed=1)
    assert groups(validation) == {"손님 1", "손님 2", "손님 5"}
    assert group_keys(pl.Series(["손님 0", None, ""])).tolist() == [0xB08E73DC86BAC529, 0, 0xCBF29CE484222325]


@pytest.mark.parametrize("seed", range(3))
def test_which_groups_are_held_out_does_not_depend_on_the_order_of_rows_and_columns_nor_on_batches(tmp_path, seed):
    expected = groups(rowwise.load(FRAME, "what", group="who", seed=seed)[1])
    shuffled = FRAME.sample(fraction=1, shuffle=True, seed=seed).select(reversed(FRAME.columns))
    shuffled.write_csv(tmp_path / "t.csv")
    source = Source(str(tmp_path / "t.csv"), target=("what",), group="who", seed=seed)
    of_file, in_batches = load(source), load(source, Limits(batch_cells=1, in_memory=0))
    for _, test in (of_file, in_batches, rowwise.load(shuffled, "what", group="who", seed=seed)):
        assert groups(test) == expected


DAY = datetime.datetime(2026, 11, 25)
TYPED = {
    "texts": ["b", "a", "b", None],
    "categories": pl.Series(["b", "a", "b", None], dtype=pl.Categorical),
    "integers": [3, 2, 3, None],
    "small integers": pl.Series([3, 2, 3, None], dtype=pl.Int8),
    "whole floats": [3.0, 2.0, 3.0, None],
    "floats": [1e-7, 0.1, 1e-7, None],
    "booleans": [True, False, True, None],
    "days": [datetime.date(2026, 11, 25), datetime.date(2026, 11, 26), datetime.date(2026, 11, 25), None],
    "times": [DAY.replace(hour=6), DAY, DAY.replace(hour=6), None],
    "durations": [datetime.timedelta(1), datetime.timedelta(2), datetime.timedelta(1), None],
}
WRITTEN = {
    **{"texts": ["b", "a"], "categories": ["b", "a"], "integers": ["3", "2"], "small integers": ["3", "2"]},
    **{"whole floats": ["3", "2"], "floats": ["1e-07", "0.1"], "booleans": ["true", "false"]},
    **{"days": ["2026-11-25", "2026-11-26"], "times": ["2026-11-25 06:00:00", "2026-11-25 00:00:00"]},
    "durations": ["1 day, 0:00:00", "2 days, 0:00:00"],
}


@pytest.mark.parametrize("kind", TYPED)
def test_a_group_has_the_key_of_its_text_whatever_type_its_column_has(kind):
    keys = group_keys(pl.Series(TYPED[kind]))
    assert keys.dtype == np.uint64
    first, second = fnv1a(pl.Series(WRITTEN[kind]))
    assert keys.tolist() == [first, second, first, 0]


def test_only_splits_by_group_that_say_how_their_keys_were_made_can_be_made_again():
    current = rowwise.load(FRAME, "what", group="who")[0].source
    by_time = rowwise.load(FRAME, "what", time="row")[0].source
    assert not any(map(has_outdated_keys, (current, by_time, None, {}, "digits")))
    assert has_outdated_keys({"split": {name: value for name, value in current["split"].items() if name != "keys"}})


def test_a_group_is_one_however_a_program_wrote_it():
    texts = ["7", "7.0", "7.00", "1.10", "caf\u00e9", "cafe\u0301", "가", "\u1100\u1161"]
    keys = group_keys(pl.Series(texts)).tolist()
    assert [keys.index(key) for key in keys] == [0, 0, 0, 3, 4, 4, 6, 6]
    assert keys[0] == group_keys(pl.Series([7])).tolist()[0]
