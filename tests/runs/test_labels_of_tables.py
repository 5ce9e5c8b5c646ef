"""Several yes/no columns of a table: labels, from the shell to the figures, compared with scikit-learn's."""

import json

import numpy as np
import polars as pl
import pytest
from sklearn import metrics

import rowwise as rw
from rowwise.cli import main
from rowwise.data.loaders import load_source
from rowwise.data.source import Source
from rowwise.data.tables.encode import encode
from rowwise.data.tables.schema import Schema
from rowwise.errors import DataError, UsageError

PAIRS = {"rain": ("아니오", "예"), "wind": ("no", "Yes"), "snow": ("0", "1")}


def written(spellings=PAIRS, records=120):
    random = np.random.default_rng(0)
    x = random.normal(size=(records, 2))
    truth = np.stack([x[:, 0] > 0, x.sum(1) > 0.3, x[:, 1] < -0.2], axis=1)
    columns = {
        name: [pair[int(yes)] for yes in of] for (name, pair), of in zip(spellings.items(), truth.T, strict=True)
    }
    return pl.DataFrame({"u": x[:, 0].round(3), "v": x[:, 1].round(3)} | columns), truth


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels")
    written()[0].write_csv(folder / "t.csv")
    options = ("--hidden", "8", "--epochs", "3", "--ensemble", "1", "--quiet", "--no-pictures", "--lang", "en")
    arguments = ("train", str(folder / "t.csv"), "--target", "rain,wind,snow", *options, "--out", str(folder / "run"))
    assert main(list(arguments)) == 0
    return folder / "run"


def test_the_figures_are_those_of_scikit_learn(run):
    frame, truth = written()
    saved = rw.open(run)
    assert (saved.task, saved.classes, saved.targets) == ("multilabel", ("rain", "wind", "snow"), ())
    probabilities = saved.predict(frame).probabilities
    given = probabilities > 0.5
    with pytest.warns(UserWarning, match="96 of these 120"):
        report = saved.evaluate(frame)
    assert np.array_equal(report.true, truth)
    assert report.subset_accuracy == pytest.approx(metrics.accuracy_score(truth, given))
    assert report.hamming_loss == pytest.approx(metrics.hamming_loss(truth, given))
    assert report.f1 == pytest.approx(metrics.f1_score(truth, given, average="macro"))
    assert report.micro_f1 == pytest.approx(metrics.f1_score(truth, given, average="micro"))
    assert report.roc_auc == pytest.approx(metrics.roc_auc_score(truth, probabilities))
    losses = [metrics.log_loss(truth[:, n], probabilities[:, n].astype(float)) for n in range(3)]
    assert report.loss == pytest.approx(np.mean(losses), rel=1e-5)
    assert saved.metrics["task"] == "multilabel"


def test_a_predicted_table_has_an_answer_and_a_probability_for_each_label(run, tmp_path, capsys):
    frame, _ = written()
    frame.select("u", "v").write_csv(tmp_path / "new.csv")
    capsys.readouterr()
    assert main(["predict", str(run), str(tmp_path / "new.csv"), "--lang", "en"]) == 0
    table = pl.read_csv(capsys.readouterr().out.encode())
    added = [f"{what} {name}" for name in PAIRS for what in ("prediction", "probability")]
    assert table.columns == ["u", "v", *added]
    probabilities = rw.open(run).predict(frame).probabilities
    for n, (name, pair) in enumerate(PAIRS.items()):
        assert table[f"probability {name}"].to_numpy() == pytest.approx(probabilities[:, n], rel=1e-5)
        answers = [pair[int(yes)] for yes in probabilities[:, n] > 0.5]
        assert table[f"prediction {name}"].cast(pl.String).to_list() == answers


def test_the_values_decide_unless_the_task_is_named():
    names = tuple(PAIRS)
    numbers = written(dict.fromkeys(PAIRS, ("0", "1")))[0].with_columns(pl.col(names).cast(pl.Int64))
    with pytest.warns(UserWarning, match='task="regression"'):
        train, _ = load_source(Source("table", target=names, frame=numbers))
    assert (train.task, set(np.unique(train.y))) == ("multilabel", {0, 1})
    assert load_source(Source("table", target=names, task="multilabel", frame=numbers))[0].task == "multilabel"
    assert load_source(Source("table", target=names, task="regression", frame=numbers))[0].task == "regression"
    booleans = numbers.with_columns(pl.col(names).cast(pl.Boolean))
    train, _ = load_source(Source("table", target=names, frame=booleans))
    assert train.schema.labels == (("false", "true"),) * 3
    with pytest.raises(UsageError, match="rain"):
        load_source(Source("table", target=("rain",), task="multilabel", frame=numbers))
    with pytest.raises(UsageError, match="v"):
        load_source(Source("table", target=("rain", "v"), task="multilabel", frame=numbers))


def test_a_schema_keeps_the_spellings_and_one_without_them_is_of_numbers(run):
    schema = rw.open(run).schema
    record = json.loads(json.dumps(schema.to_dict()))
    assert Schema.from_dict(record) == schema
    assert schema.labels == tuple(PAIRS.values())
    del record["labels"]
    assert Schema.from_dict(record).task == "regression"
    for damaged in ([["no", "yes"]], [["x", "x"]] * 3, [["a"]] * 3):
        with pytest.raises(ValueError, match=r"label|unpack"):
            Schema.from_dict({**record, "labels": damaged})
    assert encode(schema, [{"u": 0.5, "v": 1}]).x.shape == (1, 2)


def test_an_answer_that_is_neither_is_named(run):
    frame = written()[0].with_columns(rain=pl.lit("maybe"))
    with pytest.raises(DataError, match="maybe"):
        rw.open(run).evaluate(frame)
