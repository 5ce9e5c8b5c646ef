"""Many tables, or folders of pictures → a file of predictions for each in one folder; what is finished stays."""

import os

import numpy as np
import polars as pl
import pytest
from drawn_pictures import fill

import rowwise as rw
from rowwise.cli import main
from rowwise.errors import DataError, UsageError
from rowwise.runs.batch_predictions import predict_files

QUICK = {"verbose": 0, "pictures": False, "epochs": 2, "hidden": (4,), "seeds": 1}


def table(file, rows, seed):
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(2, rows))
    frame = pl.DataFrame({"a": a, "b": b, "kind": np.where(a > b, "up", "down")})
    frame.write_parquet(file) if file.suffix == ".parquet" else frame.write_csv(file)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("run")
    table(place / "train.csv", 120, 0)
    rw.train(place / "train.csv", target="kind", **QUICK, out=place / "run")
    return place / "run"


@pytest.fixture
def tables(tmp_path):
    (tmp_path / "in" / "more").mkdir(parents=True)
    for number, name in enumerate(("x.csv", "y.parquet", "more/z.csv"), 1):
        table(tmp_path / "in" / name, 10 * number, number)
    return tmp_path / "in"


def test_each_file_has_what_it_has_alone_and_what_is_finished_is_left(run, tables, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["predict", str(run), str(tables), "--out", str(out)]) == 0
    assert sorted(file.name for file in out.iterdir()) == ["x.csv", "y.parquet", "z.csv"]
    for name in ("x.csv", "y.parquet", "more/z.csv"):
        alone = tmp_path / f"alone{os.path.splitext(name)[1]}"
        assert main(["predict", str(run), str(tables / name), "--out", str(alone)]) == 0
        together = out / os.path.basename(name)
        assert together.read_bytes() == alone.read_bytes()
    assert pl.read_parquet(out / "y.parquet").height == 20
    before = {file.name: file.stat().st_mtime_ns for file in out.iterdir()}
    (out / "z.csv").unlink()
    later = before["x.csv"] + 10**9
    table(tables / "x.csv", 15, 9)
    os.utime(tables / "x.csv", ns=(later, later))  # changed since it was predicted
    capsys.readouterr()
    assert main(["predict", str(run), str(tables), "--out", f"{out}/"]) == 0
    told = capsys.readouterr()
    assert "2 files written" in told.out + told.err
    assert "1 were finished before" in told.out + told.err
    assert pl.read_csv(out / "x.csv").height == 15
    assert (out / "y.parquet").stat().st_mtime_ns == before["y.parquet"]


def test_a_file_that_cannot_be_read_stops_no_other(run, tables, tmp_path):
    (tables / "broken.csv").write_text("nothing\n1\n")
    done = {one.source.name: one for one in predict_files(rw.open(run), [tables], tmp_path / "out")}
    assert {name for name, one in done.items() if one.error} == {"broken.csv"}
    assert [done[name].records for name in ("x.csv", "y.parquet", "z.csv")] == [10, 20, 30]
    assert not (tmp_path / "out" / "broken.csv").exists()
    assert main(["predict", str(run), str(tables), "--out", str(tmp_path / "out")]) == 2


def test_workers_of_joblib_write_the_same(run, tables, tmp_path):
    import joblib

    here = list(predict_files(rw.open(run), [tables], tmp_path / "here"))
    with joblib.parallel_config(backend="loky", n_jobs=1):
        there = list(predict_files(rw.open(run), [tables], tmp_path / "there"))
    assert {one.records for one in here} == {one.records for one in there} == {10, 20, 30}
    for file in (tmp_path / "here").iterdir():
        assert file.read_bytes() == (tmp_path / "there" / file.name).read_bytes()


def test_folders_of_pictures_are_a_file_each(tmp_path):
    folders = [fill(tmp_path / name, a=4, b=4) for name in ("north", "south")]
    rw.train(folders[0], **QUICK, size=6, out=tmp_path / "run")
    assert main(["predict", str(tmp_path / "run"), *map(str, folders), "--out", str(tmp_path / "out")]) == 0
    found = {file.name: pl.read_csv(file) for file in (tmp_path / "out").iterdir()}
    assert sorted(found) == ["north.csv", "south.csv"]
    assert [frame.height for frame in found.values()] == [8, 8]


def test_what_cannot_be_meant_is_refused(run, tables, tmp_path, capsys):
    saved = rw.open(run)
    (tables / "more" / "x.csv").write_bytes((tables / "x.csv").read_bytes())
    with pytest.raises(UsageError, match="would both be written"):
        list(predict_files(saved, [tables], tmp_path / "out"))
    with pytest.raises(UsageError, match=r"x\.csv"):
        list(predict_files(saved, [tables / "x.csv"], tables))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no table"):
        list(predict_files(saved, [tmp_path / "empty"], tmp_path / "out"))
    assert main(["predict", str(run), str(tables)]) == 2
    assert "--out predictions/" in capsys.readouterr().err
