"""`rowwise train | evaluate | predict | data show` with tables: a CSV file in, a run, predictions beside its rows."""

import json
import re
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from synthetic_tables import houses, without, write

import rowwise as rw

QUICK = ("--hidden", "16", "--epochs", "3", "--quiet")


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """`{target: folder}` of runs on houses.csv beside it: `dear` is a class, `price` a number."""
    from rowwise.cli import main

    folder = tmp_path_factory.mktemp("tables")
    made = {}
    for target, other in (("dear", "price"), ("price", "dear")):
        made[target] = folder / target
        path = write(folder / f"{target}.csv", without(houses(), other))
        assert main(["train", str(path), "--target", target, "--lang", "en", *QUICK, "--out", str(made[target])]) == 0
    return made


@pytest.fixture
def new(here):
    """A table without targets: some levels and values are strange, the columns in another order, one more."""
    columns = without(houses(50, seed=9), "price", "dear", "id")
    columns["view"][:3] = ["moon"] * 3
    columns["rooms"][5] = "six"
    columns["river"][7] = None
    columns["note"] = [f'"{n}", quoted' for n in range(50)]
    return write(here / "new.csv", dict(reversed(columns.items())))


@pytest.mark.slow
def test_a_run_keeps_its_schema_and_how_its_data_were_read(runs):
    for target, task in (("dear", "classification"), ("price", "regression")):
        record = json.loads((runs[target] / "run.json").read_text())
        data = record["data"]
        assert data["task"] == task
        assert data["schema"]["columns"][0] == {"name": "id", "kind": "dropped", "reason": "numbering"}
        assert data["source"]["load"]["target"] == [target]
        assert len(record["epochs"]) == 3


@pytest.mark.slow
@pytest.mark.parametrize("target", ["dear", "price"])
def test_evaluate_finds_the_runs_own_test_data(runs, target, from_json):
    found = from_json("evaluate", runs[target])
    record = json.loads((runs[target] / "run.json").read_text())
    assert found["data"]["checksum"] == record["data"]["test_checksum"]
    figures = set(record["test"]) - {"baseline", "per_target"}  # evaluate does not read the training data for these
    assert {name: found["test"][name] for name in figures} == {name: record["test"][name] for name in figures}


@pytest.mark.slow
@pytest.mark.parametrize("target", ["dear", "price"])
def test_evaluate_measures_on_all_records_of_another_table(runs, target, rowwise, here):
    path = write(here / "other.csv", houses(80, seed=4))
    code, out, err = rowwise("evaluate", runs[target], path)
    assert code == 0
    assert "80" in out + err
    lacking = write(here / "lacking.csv", without(houses(80, seed=4), "rooms", target))
    code, _, err = rowwise("evaluate", runs[target], lacking)
    assert (code, "lacking.csv lacks columns that the model uses: rooms. It has:" in err) == (2, True)
    lacking = write(here / "no-target.csv", without(houses(80, seed=4), target))
    code, _, err = rowwise("evaluate", runs[target], lacking)
    assert (code, f"no-target.csv lacks the target, {target}: without it nothing can be measured." in err) == (2, True)


@pytest.mark.slow
def test_predict_writes_the_rows_in_order_with_classes_and_probabilities(runs, new, rowwise, here):
    code, out, err = rowwise("predict", runs["dear"], new)
    assert code == 0
    given, written = pl.read_csv(new, infer_schema=False), pl.read_csv(out.encode(), infer_schema=False)
    assert written.columns == [*given.columns, "prediction", "probability cheap", "probability dear"]
    assert written.select(given.columns).equals(given)
    numbers = written.select("probability cheap", "probability dear").cast(pl.Float64).to_numpy()
    np.testing.assert_allclose(numbers.sum(1), 1, atol=1e-5)
    assert written["prediction"].to_list() == [("cheap", "dear")[one] for one in numbers.argmax(1)]
    for words in (
        "view: 3 values were not known in training",
        "rooms: 1 value could not be read",
        "river: 1 record lacks a value",
    ):
        assert words in err
    assert "status:" not in err, "training records lacked it too"


@pytest.mark.slow
def test_predict_gives_what_python_gives(runs, new, rowwise):
    from rowwise import predict
    from rowwise.data.tables.encode import encode

    _, out, _ = rowwise("predict", runs["price"], new)
    saved = rw.open(runs["price"])
    x = encode(saved.schema, new).x
    values = pl.read_csv(out.encode())["prediction"].to_numpy()
    np.testing.assert_allclose(values, predict(saved.model, x).values[:, 0], rtol=1e-5)


@pytest.mark.slow
def test_predictions_do_not_depend_on_the_batches_nor_on_the_rows_beside(runs, new, rowwise, here):
    _, out, _ = rowwise("predict", runs["price"], new)
    one = pl.read_csv(out.encode())["prediction"].to_numpy()
    header, *rows = new.read_text().splitlines(keepends=True)
    repeats = 3_000  # 150,000 rows of 7 columns: more than a batch
    (here / "long.csv").write_text(header + "".join(rows) * repeats)
    assert rowwise("predict", runs["price"], "long.csv", "--out", "out.csv")[0] == 0
    other = pl.read_csv(here / "out.csv", columns=["prediction"])["prediction"].to_numpy()
    np.testing.assert_allclose(other, np.tile(one, repeats), rtol=1e-5)


@pytest.mark.slow
def test_predict_writes_a_file_whole_or_not_at_all(runs, new, from_json, rowwise, here):
    found = from_json("predict", runs["dear"], new, "--out", "out.csv")
    assert (found["records"], found["out"]) == (50, "out.csv")
    assert found["oddities"]["view"] == {"missing": found["oddities"]["view"]["missing"], "unknown": 3}
    assert len(pl.read_csv("out.csv")) == 50
    before = sorted(here.iterdir())
    new.write_text(new.read_text() + "a,b,c,d,e,f,g,h,i,j,k\n")
    code, _, err = rowwise("predict", runs["dear"], new, "--out", "other.csv")
    assert (code, "line 52: 11 fields, but the header has" in err) == (2, True)
    assert sorted(here.iterdir()) == before


@pytest.mark.slow
def test_predict_does_not_overwrite_the_table_that_it_reads(runs, new, rowwise, here):
    before = new.read_bytes()
    (here / "link.csv").symlink_to(new)
    for out in (new, "link.csv", f"../{here.name}/{new.name}"):
        code, text, err = rowwise("predict", runs["dear"], new, "--out", out)
        assert (code, text, "--out predictions.csv" in err) == (2, "", True)
        assert new.read_bytes() == before


@pytest.mark.slow
def test_rows_that_lack_fields_are_told_of_and_their_order_is_kept(runs, new, rowwise, here):
    lines = new.read_text().splitlines()
    lines[20] = lines[20].rsplit(",", 1)[0]
    (here / "short.csv").write_text("\n".join(lines))
    for out in ((), ("--out", "p.csv")):
        code, text, err = rowwise("predict", runs["dear"], here / "short.csv", *out)
        assert code == 0
        assert re.search(r"short\.csv: 1 of 50 rows has fewer fields .* line 21 \(", err)
        written = pl.read_csv((here / "p.csv").read_bytes() if out else text.encode(), infer_schema=False)
        assert len(written) == 50
        assert written[lines[0].split(",")[-1]].null_count() == 1
        assert written["prediction"].null_count() == 0


@pytest.mark.slow
def test_a_column_called_prediction_is_not_lost(runs, rowwise, here):
    columns = without(houses(5), "price", "dear") | {"prediction": [1, 2, 3, 4, 5]}
    _, out, _ = rowwise("predict", runs["price"], write(here / "n.csv", columns, separator=";"))
    written = pl.read_csv(out.encode(), separator=";")
    assert written.columns[-2:] == ["prediction", "prediction 2"]
    assert written["prediction"].to_list() == [1, 2, 3, 4, 5]


@pytest.mark.slow
def test_predict_answers_what_is_no_table_of_the_model(runs, rowwise, here, trained):
    (picture := here / "picture.png").write_bytes(b"\x89PNG")
    for arguments, words in (
        ([runs["dear"], write(here / "a.csv", {"x": [1, 2]})], "lacks columns .*: rooms, status, view"),
        ([runs["dear"], "b.csv"], "no file or folder b.csv"),
        ([runs["dear"], picture], "picture.png is no table, and the model was trained on one"),
        ([runs["dear"], here / "a.csv", here / "a.csv"], "a file for each: --out predictions/"),
        ([trained, here / "a.csv", "--out", "c.csv"], "--out is for tables"),
    ):
        code, out, err = rowwise("predict", *arguments)
        assert (code, out) == (2, "")
        assert re.search(words, err), err


@pytest.mark.slow
def test_a_resumed_run_is_the_run_that_never_stopped(runs, from_json, rowwise, here, no_pictures):
    longer = from_json(
        "train", runs["price"].parent / "price.csv", "--target", "price", *QUICK[:2], "--epochs", 5, "--quiet"
    )
    resumed = from_json("train", "--resume", runs["price"], "--epochs", 5, "--quiet")
    for one, other in zip(longer["epochs"], resumed["epochs"], strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-6)
    code, _, err = rowwise("train", "--resume", runs["price"], "--epochs", 9, "--target", "rooms", "--drop", "view")
    assert code == 2
    assert "--target rooms ≠ price, --drop view ≠" in err


@pytest.mark.slow
def test_a_resumed_run_wants_the_same_table(runs, rowwise, here, no_pictures):
    path = write(here / "t.csv", without(houses(), "price"))
    assert rowwise("train", path, "--target", "dear", *QUICK, "--out", "run")[0] == 0
    write(path, without(houses(seed=1), "price"))
    code, _, err = rowwise("train", "--resume", "run", "--epochs", 9)
    assert (code, "the checksums differ" in err) == (2, True)
    path.unlink()
    code, _, err = rowwise("train", "--resume", "run", "--epochs", 9)
    assert (code, "no file or folder" in err) == (2, True)


@pytest.mark.slow
def test_a_run_split_by_the_groups_of_an_earlier_version_says_why_it_cannot_go_on(rowwise, here, no_pictures):
    columns = without(houses(), "price") | {"who": [f"w{n % 20}" for n in range(200)]}
    write(here / "t.csv", columns)
    assert rowwise("train", "t.csv", "--target", "dear", "--group", "who", *QUICK, "--out", "run")[0] == 0
    assert rowwise("train", "--resume", "run", "--epochs", 4, "--quiet", "--out", "more")[0] == 0
    code, _, err = rowwise("evaluate", "run")
    assert (code, "earlier version" in err) == (0, False)
    record = json.loads((here / "run" / "run.json").read_text())
    assert record["data"]["source"]["split"].pop("keys") == "fnv1a-64"
    record["data"]["test_checksum"] = "of other records"
    (here / "run" / "run.json").write_text(json.dumps(record))
    words = {"en": 'groups of "who" that an earlier version of rowwise chose', "ko": "이전 버전이 고른 것입니다"}
    for lang in words:
        code, out, err = rowwise("train", "--resume", "run", "--epochs", 9, "--lang", lang)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert words[lang] in err
    code, _, err = rowwise("evaluate", "run")
    assert code == 0
    assert "Some may be data that the model was trained on" in err


@pytest.mark.slow
@pytest.mark.parametrize("command", ["train", "show", "show without target", "explain"])
def test_nothing_is_printed_over_a_damaged_table_but_the_error(here, command):
    days = pl.Series("day", [2**30] * 20 + list(range(20)), dtype=pl.Int32).cast(pl.Date)  # Polars panics at such a day
    pl.DataFrame({"x": range(40), "day": days, "y": ["a", "b"] * 20}).write_parquet(here / "t.parquet")
    arguments = {"train": ["train"], "explain": ["explain"]}.get(command, ["data", "show"])
    target = [] if command == "show without target" else ["--target", "y"]
    done = subprocess.run(
        [sys.executable, "-m", "rowwise", *arguments, "t.parquet", *target], capture_output=True, text=True, cwd=here
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "t.parquet cannot be read as a table: out-of-range date" in done.stderr


@pytest.mark.slow
def test_validation_is_by_group_where_the_test_data_are(from_json, here, no_pictures):
    columns = without(houses(), "price") | {"who": [f"w{n % 20}" for n in range(200)]}
    found = from_json("train", write(here / "t.csv", columns), "--target", "dear", "--group", "who", *QUICK)
    assert found["data"]["source"]["split"]["by"] == "group"
    assert "val_loss" in found["epochs"][0]


@pytest.mark.slow
def test_a_tiny_table_is_trained_in_small_batches_for_more_epochs(from_json, here, no_pictures):
    path = write(here / "t.csv", without(houses(24), "price"))
    (here / "how.toml").write_text('target = "dear"\ndrop = ["sold"]\n')
    found = from_json("train", path, "--options", "how.toml", "--hidden", "4", "--quiet", "--preset", "fast")
    assert found["settings"]["batch_size"] < 19
    assert found["settings"]["epochs"] == 167  # of three steps: 500 in all


def test_show_prints_the_schema(rowwise, from_json, here):
    path = write(here / "t.csv", without(houses(), "dear"))
    code, out, err = rowwise("data", "show", path, "--target", "price", "--drop", "id")
    assert code == 0
    assert "view" in out
    assert "3: park, sea, street" in out
    assert "Regression: numbers of price are predicted." in out + err
    assert "used: 5 of 6 → columns of X: 8 → features that the network sees: 14" in out + err
    code, out, _ = rowwise("data", "show", path)
    assert (code, "All 200 records" in out) == (0, True)
    found = from_json("data", "show", path, "--target", "price")
    assert [c["kind"] for c in found["columns"]["columns"][:3]] == ["dropped", "numeric", "numeric"]
    assert found["train"]["targets"][0]["name"] == "price"
    assert not list(here.glob("*.png"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "t.csv"], "say which column"),
        (["train", "t.csv", "--target", "prise"], "did you mean price"),
        (["train", "u.csv", "--target", "price"], "no file or folder u.csv"),
        (["train", "digits", "--target", "price"], "--target says nothing about digits"),
        (["train", "--target", "price"], "no data were named"),
        (["train", "t.csv", "--target", "price", "--test", "0"], "between 0 and 1"),
        (["train", "t.csv", "--options", "no.toml"], "could not be read from no.toml"),
        (["data", "show", "t.csv", "--target", "price", "--out", "x.png"], "contact sheet of pictures"),
        (["data", "show", "t.csv", "--target", "id,view,price"], 'target "view" holds'),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(rowwise, here, arguments, words):
    write(here / "t.csv", without(houses(), "dear"))
    code, out, err = rowwise(*arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
    assert [path.name for path in here.iterdir()] == ["t.csv"]


def test_explain_shows_x_by_name_and_how_categories_widen_it(rowwise, from_json, here):
    path = write(here / "t.csv", without(houses(), "dear"))
    code, out, _ = rowwise("explain", path, "--target", "price", "--batch-size", "16")
    assert code == 0
    for words in ("X (16, 8)", "X[15, …]", "features 3–6: view=park, view=sea,", "(16, 14) of X (16, 8)"):
        assert words in out
    assert re.search(r"X\[15, \d\] is \S+( \S+)? of record 15, counted from 0", out)
    found = from_json("explain", path, "--target", "price")
    view = next(row for row in found["table"]["columns"] if row["name"] == "view")
    assert view["feature_names"][:3] == ["view=park", "view=sea", "view=street"]
    code, _, err = rowwise("explain", "digits", "--target", "price")
    assert (code, "--target says nothing about digits" in err) == (2, True)


@pytest.mark.slow
def test_a_trace_names_the_features_of_a_table(runs, rowwise, from_json, here):
    code, out, _ = rowwise("explain", runs["price"], "--trace", "0,3")
    assert code == 0
    assert re.search(r"x\[\d+\] (rooms|status|view|river|sold)", out)
    assert "target price of this record is" in " ".join(out.split())
    found = from_json("explain", runs["dear"], write(here / "other.csv", houses(40, seed=3)), "--trace", "7,0")
    assert found["class"] in ("cheap", "dear")
    assert found["model_value"] == pytest.approx(found["value"], rel=1e-4, abs=1e-5)
