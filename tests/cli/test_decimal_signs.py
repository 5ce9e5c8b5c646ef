"""`rowwise train | evaluate | predict` with files of other countries: read by their own sign, written with it."""

import json

import polars as pl
import pytest
from synthetic_tables import without

import rowwise as rw

QUICK = ("--hidden", "8", "--epochs", "2", "--quiet")
RECORDS = 60


def table(path, decimal, separator, target=True):
    """The same numbers however they are written; `1.050` and its like among them."""

    def written(number):
        text = f"{number:,.3f}" if separator == ";" else f"{number:.3f}"
        return text.replace(",", "\0").replace(".", decimal).replace("\0", "." if decimal == "," else ",")

    header = ["size", "rate", *(["price"] if target else [])]
    lines = [header]
    for n in range(RECORDS):
        numbers = [950 + 25 * (n % 40), (n % 17) / 8, 1500.5 + 3 * n]
        lines.append([written(number) for number in numbers[: len(header)]])
    path.write_text("".join(separator.join(line) + "\n" for line in lines), "utf-8")
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    from rowwise.cli import main

    folder = tmp_path_factory.mktemp("signs")
    path = table(folder / "de.csv", ",", ";")
    assert main(["train", str(path), "--target", "price", "--lang", "en", *QUICK, "--out", str(folder / "run")]) == 0
    return folder / "run"


@pytest.mark.slow
def test_a_predicted_table_has_the_sign_and_the_separator_of_the_table(run, rowwise, here):
    found = {}
    for name, decimal, separator in (("de.csv", ",", ";"), ("us.csv", ".", ",")):
        path = table(here / name, decimal, separator, target=False)
        code, out, err = rowwise("predict", run, path)
        assert (code, err) == (0, "")
        assert out.splitlines()[0] == separator.join(["size", "rate", "prediction"])
        given = [line.split(separator)[:2] for line in path.read_text().splitlines()]
        assert [line.split(separator)[:2] for line in out.splitlines()] == given
        written = pl.read_csv(out.encode(), separator=separator, decimal_comma=decimal == ",", columns=["prediction"])
        found[name] = written["prediction"].to_list()
    assert found["de.csv"] == found["us.csv"]
    assert found["us.csv"] == pytest.approx(rw.open(run).predict(here / "de.csv").values[:, 0].tolist(), rel=1e-5)


@pytest.mark.slow
def test_evaluate_measures_alike_whatever_the_sign(run, from_json, here):
    german = from_json("evaluate", run, table(here / "de.csv", ",", ";"))["test"]
    american = from_json("evaluate", run, table(here / "us.csv", ".", ","))["test"]
    assert without(german, "provenance") == without(american, "provenance")
    assert (
        from_json("evaluate", run)["data"]["checksum"]
        == json.loads((run / "run.json").read_text())["data"]["test_checksum"]
    )


@pytest.mark.slow
def test_a_sign_can_be_named_for_a_table_that_does_not_show_it(run, rowwise, from_json, here):
    (here / "t.csv").write_text("size;rate;price\n1.050;2.000;1.500\n")
    (here / "u.csv").write_text("size,rate,price\n1.050,2.000,1.500\n")
    saved = rw.open(run)
    expected = {
        size: saved.predict([{"size": size, "rate": rate}]).values[0, 0] for size, rate in ((1050, 2e3), (1.05, 2))
    }
    for file, options, size in (
        ("t.csv", (), 1050),
        ("u.csv", (), 1.05),
        ("t.csv", ("--decimal", "."), 1.05),
        ("u.csv", ("--decimal", ","), 1050),
    ):
        code, out, err = rowwise("predict", run, file, *options)
        assert (code, err) == (0, "")
        value = out.splitlines()[1].split(";" if file == "t.csv" else ",", 3)[3].strip('"')
        assert float(value.replace(",", ".")) == pytest.approx(expected[size], rel=1e-5)
    one, other = (from_json("evaluate", run, *named)["test"] for named in (("t.csv", "--decimal", "."), ("u.csv",)))
    assert without(one, "provenance") == without(other, "provenance")
    for arguments, words in (
        (("evaluate", run, "--decimal", ","), "no data were named"),
        (("evaluate", run, "digits", "--decimal", ","), "--decimal says nothing about digits"),
        (("predict", run, "t.csv", "--decimal", "x"), 'expected one of ., ,; found "x"'),
    ):
        code, _, err = rowwise(*arguments)
        assert (code, words in err) == (2, True)


@pytest.mark.slow
def test_a_run_whose_sign_was_named_goes_on(rowwise, here, no_pictures):
    (here / "t.csv").write_text("v;y\n" + "".join(f"{n % 7 + 1}.{n:03};{n % 5}.{n:03}\n" for n in range(RECORDS)))
    options = ("--target", "y", *QUICK)
    assert rowwise("train", "t.csv", "--decimal", ",", *options, "--out", "run")[0] == 0
    record = json.loads((here / "run" / "run.json").read_text())
    assert record["data"]["source"]["load"]["decimal"] == ","
    assert record["data"]["schema"]["decimal"] == ","
    assert rowwise("train", "--resume", "run", "--epochs", 4, "--quiet", "--out", "more")[0] == 0
    code, _, err = rowwise("train", "--resume", "run", "--epochs", 5, "--decimal", ".")
    assert (code, "--decimal . ≠ ," in err) == (2, True)


def test_show_says_the_sign_and_the_units(rowwise, here):
    (here / "t.csv").write_text("v;kg;y\n" + "".join(f"{n},5;{n} kg;{n * 2}.000 €\n" for n in range(1, RECORDS)))
    for lang, words in (("en", 'are read with "," before the fraction'), ("ko", '"," 뒤를 소수로 읽습니다')):
        code, out, err = rowwise("data", "show", "t.csv", "--target", "y", "--lang", lang)
        assert code == 0
        assert words in out
        assert "59 kg" in out
        assert "y (€)" in out + err
