"""`rowwise predict RUN TABLE` → CSV as the table was written, JSON lines, Parquet, a database: the same predictions."""

import codecs
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import rowwise
from rowwise.cli import main
from rowwise.data.databases import Database, absolute, quoted_table, split_password
from rowwise.data.source import Source
from rowwise.data.tables.database_rows import connected, read_database
from rowwise.errors import RowwiseError, UsageError
from rowwise.runs.plan import _other_data
from rowwise.runs.saved import Saved

TOWNS = ["언덕", "강", "시내"]


@pytest.fixture(scope="module")
def houses() -> pl.DataFrame:
    random = np.random.default_rng(0)
    rooms, town = random.normal(6, 1, 80).round(2), random.choice(TOWNS, 80)
    dear = np.where(3 * rooms + 4 * (town == "언덕") > 19, "비쌈", "쌈")
    ids = [f"{number:04}" for number in range(80)]
    some = [None if number % 20 == 19 else value for number, value in enumerate(rooms.tolist())]
    return pl.DataFrame({"방": some, "동네": town, "값": dear, "id": ids})


@pytest.fixture(scope="module")
def run(houses, tmp_path_factory) -> Path:
    """A model of the values of houses."""
    settings = {"preset": "fast", "hidden": [4], "epochs": 2, "pictures": False, "drop": ["id"]}
    return rowwise.train(houses, "값", out=tmp_path_factory.mktemp("runs") / "run", **settings).path


@pytest.fixture
def new(houses, tmp_path) -> pl.DataFrame:
    """Five new houses, in files of all kinds; one has no rooms."""
    rows = houses.drop("값").head(5).with_columns(pl.when(pl.col("id") != "0002").then("방").alias("방"))
    text = rows.write_csv(separator=";", decimal_comma=True)
    for name, encoding in (("plain", "utf-8"), ("marked", "utf-8-sig"), ("korean", "cp949"), ("wide", "utf-16")):
        (tmp_path / f"{name}.csv").write_text(text, encoding)
    rows.write_parquet(tmp_path / "new.parquet")
    return rows


@pytest.fixture
def expected(run, new) -> np.ndarray:
    """Their probabilities `(5, 2)`, and nothing is printed."""
    return rowwise.open(run).predict(new).probabilities


def predict(*arguments: object) -> None:
    assert main(["predict", *map(str, arguments)]) == 0


@pytest.mark.parametrize(("name", "mark"), [("plain", b""), ("marked", codecs.BOM_UTF8), ("korean", codecs.BOM_UTF8)])
def test_csv_is_written_as_the_table_was(run, new, expected, tmp_path, name, mark):
    predict(run, tmp_path / f"{name}.csv", "--out", tmp_path / "out.csv")
    content = (tmp_path / "out.csv").read_bytes()
    assert content.startswith(mark + "방;동네;id;prediction;".encode())
    written = pl.read_csv(tmp_path / "out.csv", separator=";", decimal_comma=True, schema_overrides={"id": pl.String})
    assert written["id"].to_list() == new["id"].to_list()
    np.testing.assert_array_equal(written[:, -2:].to_numpy().astype(np.float32), expected)


def test_the_columns_have_names_in_the_language_asked_for(run, new, tmp_path):
    for language, names in (("ko", "예측;확률 비쌈;확률 쌈"), ("en", "prediction;probability 비쌈;probability 쌈")):
        assert (
            main(
                [
                    "--lang",
                    language,
                    "predict",
                    str(run),
                    str(tmp_path / "plain.csv"),
                    "--out",
                    str(tmp_path / language),
                ]
            )
            == 0
        )
        assert (tmp_path / language).read_text("utf-8").splitlines()[0] == f"방;동네;id;{names}"


def test_an_encoding_that_is_asked_for_overrules(run, new, tmp_path, capsys):
    predict(run, tmp_path / "korean.csv", "--encoding", "cp949", "--out", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text("cp949").startswith("방;동네")
    predict(run, tmp_path / "marked.csv", "--encoding", "utf-8", "--out", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes().startswith("방".encode())
    predict(run, tmp_path / "wide.csv", "--encoding", "utf-16", "--out", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text("utf-16").count("방") == 1
    (tmp_path / "latin.csv").write_text("방,동네\n6.1,강\n", "euc_kr")
    assert (
        main(["predict", str(run), str(tmp_path / "latin.csv"), "--encoding", "latin-1", "--out", str(tmp_path / "x")])
        == 2
    )
    assert not (tmp_path / "x").exists()


def test_what_an_encoding_has_no_letter_for_is_said_and_nothing_is_written(run, tmp_path, capsys):
    table = pl.DataFrame({"방": [6.1], "동네": ["강"], "note": ["😀"]})
    table.write_parquet(tmp_path / "new.parquet")
    arguments = [str(run), str(tmp_path / "new.parquet"), "--out", str(tmp_path / "out.csv"), "--encoding", "cp949"]
    assert main(["predict", *arguments]) == 2
    assert "cp949 has no letter for 😀" in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()


def test_json_lines_have_numbers_and_null(run, new, expected, tmp_path, capsys):
    capsys.readouterr()
    assert main(["--lang", "ko", "predict", str(run), str(tmp_path / "korean.csv"), "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["방"] for row in rows] == new["방"].to_list()  # None for the one that is missing
    assert [row["id"] for row in rows] == ["0000", "0001", "0002", "0003", "0004"]
    np.testing.assert_array_equal(
        np.float32([[row["probability 비쌈"], row["probability 쌈"]] for row in rows]), expected
    )
    predict(run, tmp_path / "new.parquet", "--out", tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text("utf-8").splitlines() == lines


@pytest.mark.parametrize("name", ["korean.csv", "new.parquet"])
def test_parquet_has_the_types_that_the_model_reads(run, new, expected, tmp_path, name):
    predict(run, tmp_path / name, "--out", tmp_path / "out.parquet")
    written = pl.read_parquet(tmp_path / "out.parquet")
    assert written.columns == ["방", "동네", "id", "prediction", "probability 비쌈", "probability 쌈"]
    assert written.drop("^prob.*|pred.*$").equals(new)
    np.testing.assert_array_equal(written[:, -2:].to_numpy(), expected)


def test_a_column_with_an_unreadable_number_stays_text_so_that_nothing_is_lost(run, tmp_path):
    (tmp_path / "new.csv").write_text("방,동네\n6.1,강\nabout six,강\n", "utf-8")
    predict(run, tmp_path / "new.csv", "--out", tmp_path / "out.parquet")
    assert pl.read_parquet(tmp_path / "out.parquet")["방"].to_list() == ["6.1", "about six"]


def test_sqlite_is_a_source_and_a_sink(run, houses, new, expected, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with closing(sqlite3.connect("houses.db")) as database, database:
        database.execute('create table houses ("방" real, "동네" text, "값" text, id text)')
        database.executemany("insert into houses values (?, ?, ?, ?)", houses.rows())
    predict(
        run, "sqlite:///houses.db?query=select * from houses where id < '0005'", "--out", "sqlite:///out.db?table=새 표"
    )
    with closing(sqlite3.connect("out.db")) as database, database:
        rows = database.execute('select id, "probability 비쌈", "probability 쌈" from "새 표"').fetchall()
    assert [row[0] for row in rows] == new["id"].to_list()
    keep = np.array([0, 1, 3, 4])  # the third one has its rooms in the database
    np.testing.assert_array_equal(np.float32([row[1:] for row in rows])[keep], expected[keep])
    assert main(["predict", str(run), "plain.csv", "--out", "sqlite:///out.db?table=새 표"]) == 2
    assert "if_exists=append" in capsys.readouterr().err
    for mode, count in (("append", 10), ("replace", 5)):
        predict(run, "plain.csv", "--out", f"sqlite:///out.db?table=새 표&if_exists={mode}")
        with closing(sqlite3.connect("out.db")) as database, database:
            assert database.execute('select count(*) from "새 표"').fetchone() == (count,)


def test_names_of_any_signs_are_written_and_read_alike(run, new, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    new.with_columns(pl.lit(1).alias("price, KRW"), pl.lit(2).alias('a"b')).write_parquet("more.parquet")
    predict(run, "more.parquet", "--out", "sqlite:///out.db?table=a.b, C")
    written = read_database("sqlite:///out.db?table=a.b, C")
    assert written["price, KRW"].to_list() == [1] * 5
    assert written['a"b'].to_list() == [2] * 5
    assert quoted_table("a.b", "postgresql") == '"a"."b"'
    assert main(["predict", str(run), "more.parquet", "--out", "sqlite:///out.db?table=A.b, c"]) == 2
    assert "if_exists=append" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["ID", "PREDICTION"])
def test_columns_that_are_one_to_sqlite_are_refused_before_anything_is_predicted(
    name, run, new, tmp_path, capsys, monkeypatch
):
    def never(*_, **__):
        raise AssertionError("predicted")

    monkeypatch.chdir(tmp_path)
    new.with_columns(pl.lit(1).alias(name)).write_parquet("twice.parquet")
    monkeypatch.setattr(Saved, "predict", never)
    assert main(["predict", str(run), "twice.parquet", "--out", "sqlite:///out.db?table=new", "--lang", "en"]) == 2
    words = "id and ID for one" if name == "ID" else "PREDICTION and prediction for one"
    assert words in capsys.readouterr().err


def test_a_kept_place_is_absolute_in_one_spelling(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place in ("sqlite:///a b.db?table=t", "sqlite:///a%20b.db?table=t", "SQLITE:///a b.db?table=t"):
        assert absolute(place) == f"sqlite:///{tmp_path}/a b.db?table=t"
    for name in ("a%3f.db", "a?b#.db"):
        kept = absolute("sqlite:///" + name.replace("%", "%25").replace("?", "%3f"))
        assert Database.of(kept).path == str(tmp_path / name)
        assert absolute(kept) == kept
    assert absolute("POSTGRES://me@host/db?table=t") == "postgresql://me@host/db?table=t"


def test_a_run_is_trained_and_measured_on_a_database(houses, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with closing(sqlite3.connect("houses.db")) as database, database:
        database.execute('create table houses ("방" real, "동네" text, "값" text, id text)')
        database.executemany("insert into houses values (?, ?, ?, ?)", houses.rows())
    settings = {"preset": "fast", "hidden": [4], "epochs": 2, "pictures": False, "drop": ["id"]}
    saved = rowwise.train("sqlite:///houses.db", "값", out="run", **settings)
    same = rowwise.train(houses, "값", out="same", **settings)
    assert saved.record.data.name == "houses"
    assert main(["explain", "sqlite:///houses.db", "--target", "값", "--drop", "id"]) == 0
    assert main(["data", "show", "sqlite:///houses.db", "--target", "값", "--drop", "id"]) == 0
    np.testing.assert_array_equal(saved.predict(houses).probabilities, same.predict(houses).probabilities)
    monkeypatch.chdir("/")
    assert (
        rowwise.open(saved.path if saved.path.is_absolute() else tmp_path / "run").evaluate().accuracy
        == same.metrics["accuracy"]
    )


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("sqlite:///nowhere.db?table=x", "nowhere.db"),
        ("sqlite:///two.db", "There are: a, b"),
        ("sqlite:///two.db?table=c", "no such table: c"),
        ("sqlite:///text.db?table=a", "not a database"),
        ("sqlite://houses.db", "names no database"),
        ("sqlite:///two.db?table=a&query=select 1", "a table and a query"),
        ("postgresql://localhost/x?password=secret", "before the @"),
        ("mysql://localhost/x?table=a", "mysql"),
    ],
)
def test_what_is_no_database_is_said(run, tmp_path, monkeypatch, capsys, place, message):
    monkeypatch.chdir(tmp_path)
    with closing(sqlite3.connect("two.db")) as database, database:
        database.executescript("create table a (x); create table b (x)")
    Path("text.db").write_text("no database at all, " * 99, encoding="utf-8")
    assert main(["predict", str(run), place]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert "secret" not in error


def test_a_file_for_one_json_value_is_refused(run, new, tmp_path, capsys):
    assert main(["predict", str(run), str(tmp_path / "plain.csv"), "--out", str(tmp_path / "out.json")]) == 2
    assert ".jsonl" in capsys.readouterr().err


def test_a_password_is_taken_out_of_a_place():
    assert split_password("postgresql://me:a%40b@host/db?table=t") == ("postgresql://me@host/db?table=t", "a@b")
    source = rowwise.data.source.Source("postgresql://me:secret@host/db?table=t", target=("y",))
    assert "secret" not in f"{source} {source.to_dict()}"
    assert source.name == "t"
    database = Database.of("postgresql://me@host/db?sslmode=require&query=select a & 1 from b where c = 'd?e=f'")
    assert database.address == "postgresql://me@host/db?sslmode=require"
    assert database.query == "select a & 1 from b where c = 'd?e=f'"


@pytest.mark.parametrize("sign", ["#", "?", "/", "[", "@", "%", "%2F", "?b=", ":"])
def test_a_password_with_any_sign_is_taken_out_of_a_place(sign):
    place, password = split_password(f"postgresql://me:sec{sign}ret@host:5432/db?sslmode=require&table=t")
    assert place == "postgresql://me@host:5432/db?sslmode=require&table=t"
    assert password == f"sec{sign}ret".replace("%2F", "/")
    assert Database.of(place).address == "postgresql://me@host:5432/db?sslmode=require"
    address = Database.of(place).address_with(password)
    assert split_password(address) == ("postgresql://me@host:5432/db?sslmode=require", password)
    assert Database.of("postgresql://me@host/db").name == "db"


@pytest.mark.parametrize(
    "place",
    [
        "postgresql://me:secret",
        "postgresql://me:sec[ret/db?table=t",
        "postgresql://me@h/x?sslpassword=secret&table=t",
        "postgresql://me@h/x?%70assword=secret&table=t",
        "postgresql://me@h/x?sslmode=require&PASSWORD=secret&table=a&query=b",
    ],
)
def test_a_password_elsewhere_is_refused_without_saying_it(place):
    with pytest.raises(UsageError) as refused:
        Database.of(split_password(place).text)
    assert "secret" not in str(refused.value)
    assert "sec[ret" not in str(refused.value)


def test_a_password_is_in_no_message_and_no_report(run, houses, tmp_path, monkeypatch):
    kept = Source("postgresql://me@host/db?table=a", target=("y",))
    (said,) = _other_data(kept, "postgresql://me:se#cret@host/db?table=b", {})
    assert said == "postgresql://me@host/db?table=b ≠ postgresql://me@host/db?table=a"
    monkeypatch.setattr("rowwise.data.tables.read.read_database", lambda place, password: houses)
    page = tmp_path / "page.html"
    assert main(["evaluate", str(run), "postgresql://me:se#cret@host/db?table=b", "--html", str(page)]) == 0
    assert "postgresql://me@host/db?table=b" in page.read_text("utf-8")
    assert "cret@" not in page.read_text("utf-8")


@pytest.mark.parametrize(
    "query",
    [
        "delete from t",
        "vacuum into 'other.db'",
        "attach 'other.db' as b",
        "with a as (select 1) delete from t",
        "/* select */ drop table t",
        "pragma user_version = 3",
    ],
)
def test_a_query_of_a_source_changes_nothing(tmp_path, monkeypatch, query):
    monkeypatch.chdir(tmp_path)
    with closing(sqlite3.connect("a%3f #.db")) as database, database:
        database.executescript("create table t (x); insert into t values (1)")
    before = Path("a%3f #.db").read_bytes()
    place = "sqlite:///a%253f #.db?query="
    with pytest.raises(UsageError, match="only reads"):
        read_database(place + query)
    with pytest.raises(RowwiseError), connected(Database.of(place), place) as connection:
        connection.execute(query)
    assert read_database(place + "-- all of it\nselect * from t").height == 1
    assert read_database(place + "with a as (select x from t) select * from a").height == 1
    assert Path("a%3f #.db").read_bytes() == before
    assert os.listdir() == ["a%3f #.db"]


@pytest.fixture(scope="module")
def postgres():
    """The address of a PostgreSQL of our own, reached by a socket alone."""
    pytest.importorskip("adbc_driver_postgresql", reason="the extra rowwise[postgres] is not installed")
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [
        Path(found).parent for found in [shutil.which("initdb")] if found
    ]
    if not programs or not (programs[-1] / "initdb").exists():
        pytest.skip("there is no PostgreSQL on this machine")
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    owner = {}
    if os.getuid() == 0:  # PostgreSQL does not run as root
        os.chown(folder, 65534, 65534)
        owner = {"user": 65534, "group": 65534, "extra_groups": []}
    start = {"env": {"PATH": os.environ["PATH"], "LC_ALL": "C"}, "cwd": "/", "stdout": subprocess.DEVNULL, **owner}
    made = [programs[-1] / "initdb", "-D", folder / "data", "-A", "trust", "-U", "rowwise", "-N", "-E", "UTF8"]
    subprocess.run(made, check=True, stderr=subprocess.DEVNULL, **start)
    run = [programs[-1] / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
    server = subprocess.Popen(run, stderr=subprocess.DEVNULL, **start)
    for _ in range(6000):
        if subprocess.run([programs[-1] / "pg_isready", "-q", "-h", folder]).returncode == 0:
            break
        time.sleep(0.05)
    yield f"postgresql://rowwise:secret@/postgres?host={folder}"
    server.terminate()
    server.wait()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_postgresql_is_a_source_and_a_sink(postgres, houses, expected, tmp_path, monkeypatch, capsys):
    from adbc_driver_postgresql import dbapi

    monkeypatch.chdir(tmp_path)
    with dbapi.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("houses", houses)
        cursor.execute('alter table houses alter column "방" type numeric(5, 2)')
        connection.commit()
    settings = {"preset": "fast", "hidden": [4], "epochs": 2, "pictures": False, "drop": ["id"]}
    saved = rowwise.train(f"{postgres}&query=select * from houses order by id", "값", out="run", **settings)
    assert "secret" not in (saved.path / "run.json").read_text("utf-8")
    keep = np.array([0, 1, 3, 4])
    few = f"{postgres}&query=select * from houses where id < '0005' order by id"
    np.testing.assert_array_equal(saved.predict(few).probabilities[keep], expected[keep])
    predict("run", few, "--out", f"{postgres}&table=predicted")
    assert "secret" not in capsys.readouterr().err
    assert main(["predict", "run", few, "--out", f"{postgres}&table=predicted"]) == 2
    predict("run", few, "--out", f"{postgres}&table=predicted&if_exists=append")
    with pytest.warns(rowwise.Suspicious, match="was trained on"):
        assert saved.evaluate(f"{postgres}&table=houses").records == 80
    with dbapi.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.execute('select id, "probability 비쌈", "probability 쌈" from predicted')
        rows = pl.DataFrame(cursor.fetch_arrow()).rows()
    assert len(rows) == 10
    np.testing.assert_array_equal(np.float32([row[1:] for row in rows])[keep], expected[keep])
    for query in ("with a as (delete from predicted returning id) select * from a", "select 1 as x into other"):
        with pytest.raises(RowwiseError):
            read_database(*split_password(f"{postgres}&query={query}"))
    assert read_database(*split_password(f"{postgres}&table=predicted")).height == 10
    assert main(["predict", "run", f"{postgres}&table=nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_nothing_and_a_pipe_gets_the_marked_bytes(run, new, tmp_path):
    rows = pl.concat([new] * 5_000)
    rows.write_csv(tmp_path / "long.csv", include_bom=True)
    program = [sys.executable, "-m", "rowwise", "predict", str(run), str(tmp_path / "long.csv")]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline().startswith(codecs.BOM_UTF8 + "방,동네,id,".encode())
        process.stdout.close()
        assert b"Broken pipe" not in process.stderr.read()
    assert process.returncode == 0
