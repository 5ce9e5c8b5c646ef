"""How a table is written, said to `rowwise train | evaluate | predict | explain` and to a saved model alike."""

import csv
import io

import pytest

import rowwise as rw

RECORDS = 60
WAYS = ("--separator", ";", "--encoding", "cp949", "--header", "2", "--decimal", ",", "--missing", "-999,모름")


def records():
    for n in range(RECORDS):
        size = -999 if n % 10 == 3 else 10.5 + n % 40
        yield size, "모름" if n % 7 == 2 else ("빨강", "파랑")[n % 2], f"{1 + n % 12}/{1 + n % 28}/2023", 3.25 + n


def plain(path, missing=""):
    """The same table as rowwise detects it, missing values as empty cells."""
    rows = [["size", "colour", "day", "price"]]
    for size, colour, day, price in records():
        rows.append([missing if size == -999 else size, missing if colour == "모름" else colour, day, price])
    path.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n", "utf-8")


def odd(path):
    """In another encoding, below another line, with another sign, with values of its own for missing."""
    lines = ["a;b;c;d", "size;colour;day;price"]
    for size, colour, day, price in records():
        lines.append(f"{size};{colour};{day};{price}".replace(".", ","))
    path.write_text("\n".join(lines) + "\n", "cp949")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    from rowwise.cli import main

    folder = tmp_path_factory.mktemp("reading")
    plain(folder / "plain.csv")
    options = ("--hidden", "4", "--epochs", "2", "--quiet", "--no-pictures", "--date-order", "month-first")
    arguments = ["train", folder / "plain.csv", "--target", "price", *options, "--out", folder / "run"]
    assert main([*map(str, arguments), "--lang", "en"]) == 0
    return folder / "run"


def predictions(out, separator):
    column = list(csv.DictReader(io.StringIO(out), delimiter=separator))
    return [float(row["prediction"].replace(",", ".")) for row in column]


@pytest.mark.slow
def test_predict_and_evaluate_read_a_table_as_they_are_told(run, rowwise, from_json, here):
    plain(here / "plain.csv")
    odd(here / "odd.csv")
    assert rowwise("predict", run, "odd.csv", *WAYS, "--out", "predicted.csv")[0] == 0
    expected = predictions(rowwise("predict", run, "plain.csv")[1], ",")
    assert predictions((here / "predicted.csv").read_text("cp949"), ";") == pytest.approx(expected, rel=1e-5)
    told = from_json("evaluate", run, "odd.csv", *WAYS)["test"]
    assert told["rmse"] == pytest.approx(from_json("evaluate", run, "plain.csv")["test"]["rmse"], rel=1e-6)
    saved = rw.open(run)
    as_written = {"separator": ";", "encoding": "cp949", "header": 2, "decimal": ",", "missing": [-999, "모름"]}
    assert saved.predict(here / "odd.csv", **as_written).values[:, 0] == pytest.approx(expected, rel=1e-5)
    with pytest.warns(UserWarning, match="48 of these 60"):
        assert saved.evaluate(here / "odd.csv", **as_written).rmse == pytest.approx(told["rmse"], rel=1e-6)


@pytest.mark.slow
def test_the_order_of_served_dates_can_be_named(run, rowwise, here):
    """`02/03/2023` alone is what the training had, month first, unless it is said to be day first."""
    saved = rw.open(run)
    (here / "t.csv").write_text("size,colour,day\n20,빨강,02/03/2023\n")
    for options, date in (((), "2023-02-03"), (("--date-order", "day-first"), "2023-03-02")):
        code, out, _ = rowwise("predict", run, "t.csv", *options)
        expected = saved.predict([{"size": 20, "colour": "빨강", "day": date}]).values[0, 0]
        assert (code, predictions(out, ",")) == (0, [pytest.approx(expected, rel=1e-5)])


@pytest.mark.slow
def test_missing_given_to_train_is_kept_and_a_record_is_explained_so(rowwise, here, no_pictures):
    odd(here / "odd.csv")
    options = ("--target", "price", "--date-order", "month-first", "--hidden", "4", "--epochs", "1", "--quiet")
    assert rowwise("train", "odd.csv", *options, *WAYS, "--out", "run")[0] == 0
    saved = rw.open(here / "run")
    assert saved.schema.missing == ("-999", "모름")
    sentinel, empty = (
        {"size": size, "colour": colour, "day": "2023-02-03"} for size, colour in ((-999, "모름"), ("", ""))
    )
    assert saved.predict([sentinel]).values[0, 0] == saved.predict([empty]).values[0, 0]
    code, out, err = rowwise("explain", "run", "odd.csv", *WAYS, "--trace", "0,0")
    assert (code, "48 of these 60" in err, "colour=" in out) == (0, True, True)  # the training records are known
    code, _, err = rowwise("predict", "run", "odd.csv", "--header", "-1")
    assert (code, "--header" in err) == (2, True)
