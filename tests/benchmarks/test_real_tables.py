"""The benchmark on real tables: its summary by hand, its measures, and that it opens no pickle but of a frame."""

import io
import json
import math
import pickle

import numpy as np
import pytest

from rowwise.benchmarks.real_tables import TABLES, _OfAFrame
from rowwise.benchmarks.tables import measures, read_rows, views
from rowwise.errors import UsageError


def rows(**errors):
    """A row a table for each trainer: name → errors of tables 1, 2, …"""
    return [
        {"trainer": name, "table": f"t{place}", "records": 9, "error": error, "log_loss": error, "seconds": 2.0}
        for name, of in errors.items()
        for place, error in enumerate(of, 1)
    ]


def test_a_summary_ranks_the_trainers_and_names_the_tables_that_are_lost():
    found = views(rows(**{"rowwise, default": [0.1, 0.3], "other": [0.2, 0.2], "baseline": [0.15, 0.5]}))
    ours, other = sorted(found["summary"], key=lambda row: row["trainer"] != "rowwise, default")
    assert (ours["rank"], other["rank"], ours["lost"], other["lost"]) == (1.5, 1.5, 0, 1)
    assert ours["error"] == pytest.approx(math.sqrt(0.11 * 0.31) - 0.01)
    assert ours["log_loss"] == pytest.approx(math.sqrt(0.1 * 0.3))
    assert found["lost"] == [{"table": "t2", "records": 9, "error": 0.3, "least": 0.2, "trainer": "other"}]


def test_the_measures_are_those_of_their_names():
    y = np.array(["a", "b", "b"])
    found = measures(y, np.array(["b", "a"]), np.array([[0.2, 0.8], [0.4, 0.6]]), classes=True)
    assert found == {"error": 0.5, "log_loss": pytest.approx(-(math.log(0.8) + math.log(0.4)) / 2)}
    numbers = np.array([1.0, 2.0, 3.0])
    assert measures(numbers, numbers, np.full(3, 2.0), classes=False) == {"error": pytest.approx(1)}


def test_a_trainer_is_below_the_baseline_where_its_log_loss_is_even_with_fewer_errors():
    ours, baseline = (
        {"trainer": name, "table": "t", "records": 9, "error": error, "log_loss": loss, "seconds": 1.0}
        for name, error, loss in (("rowwise, default", 0.1, 0.8), ("baseline", 0.2, 0.7))
    )
    assert views([ours, baseline])["summary"][0]["lost"] == 1


def test_a_killed_measurement_goes_on_where_it_was(tmp_path):
    file = tmp_path / "rows.jsonl"
    row = {"table": "t", "seed": 0, "trainer": "baseline", "failed": "ValueError: no"}
    file.write_text(f'{json.dumps(row)}\n{{"table": "u", "se')
    assert read_rows(file) == [row] == read_rows(file)
    assert file.read_text() == f"{json.dumps(row)}\n", "the next row begins a line"
    file.write_text("[1]\n")
    with pytest.raises(UsageError, match=r"rows\.jsonl"):
        read_rows(file)
    assert views([row])["summary"] == []


def test_a_pickle_of_anything_but_a_frame_is_refused():
    with pytest.raises(pickle.UnpicklingError, match="system"):
        _OfAFrame(io.BytesIO(b"cposix\nsystem\n(S'true'\ntR.")).load()


def test_the_tables_are_at_least_twenty_of_each_kind():
    assert len({table.name for table in TABLES}) == len(TABLES) >= 40
    assert min(sum(table.classes for table in TABLES), sum(not table.classes for table in TABLES)) >= 15
