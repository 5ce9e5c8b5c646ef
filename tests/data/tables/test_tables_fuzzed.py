"""Damaged CSV and Parquet files: data, or one of rowwise's errors; never anything else.

No time is measured: how long a file takes says more about the machine than about the reader, and a test that hangs is
seen all the same.
"""

import io
import random

import polars as pl
import pytest
from synthetic_tables import csv_of, houses

import rowwise
from rowwise.errors import RowwiseError, warnings_to

WORDS = (
    *('"', '""', ",", ";", "\n", "\r", "\t", "\0", "\\", "'", "NaN", "inf", "-inf", "1e999", "-1e40", "0x1F", "1_000"),
    *("2026-13-45", "true", "no", "\ufeff", "한글", "é", "\u202e", "😀", " " * 40, "9" * 400, "a" * 5000),
)


def seeds():
    """The files that are damaged, `{suffix: bytes}`."""
    columns = houses(60)
    buffer = io.BytesIO()
    pl.DataFrame(columns).with_columns(pl.col("sold").str.to_date()).write_parquet(buffer)
    return {".csv": csv_of(columns).encode(), ".parquet": buffer.getvalue()}


def damaged(content, seed):
    """The bytes with one to eight changes."""
    draw = random.Random(seed)
    made = bytearray(content)
    for _ in range(draw.randint(1, 8)):
        place = draw.randrange(len(made) + 1)
        end = min(place + draw.choice([1, 4, 30, 400]), len(made))
        match draw.randrange(7):
            case 0:
                made[place:end] = draw.randbytes(end - place)
            case 1:
                del made[place:end]
            case 2:
                made[place:place] = made[place:end]
            case 3:
                made[place:place] = draw.choice(WORDS).encode()
            case 4:
                made[place:end] = draw.choice(WORDS).encode("utf-8" if draw.random() < 0.5 else "utf-16")
            case 5 if draw.random() < 0.2:
                del made[place:]
            case _:
                if place < len(made):
                    made[place] ^= 1 << draw.randrange(8)
        if not made:
            break
    return bytes(made)


def outcome(path, content, seed):
    """How one damaged file ended: `"data"`, or the key of the error."""
    path.write_bytes(damaged(content, seed))
    try:
        with warnings_to(str):
            rowwise.load(path, target=("price", "dear", "view")[seed % 3])
    except RowwiseError as error:
        return error.key if str(error) else "silent"
    return "data"


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_damaged_file_gives_data_or_an_error_of_ours(tmp_path, suffix):
    content = seeds()[suffix]
    outcomes = {outcome(tmp_path / f"t{suffix}", content, seed) for seed in range(120)}
    assert "silent" not in outcomes
    assert {"data"} < outcomes, "some can be read, others not"
