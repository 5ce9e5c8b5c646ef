"""`rowwise train`: one run, recorded whole; and the same run again, in two parts."""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from rowwise.engine import fit as real_fit
from rowwise.errors import UsageError
from rowwise.interrupt import deferred
from rowwise.runs.folder import RunFolder
from rowwise.runs.memory import available_bytes, check_memory, training_bytes
from rowwise.runs.saved import Saved

QUICK = ("train", "digits", "--hidden", "20")


def weights(folder):
    model = Saved.open(folder).model
    return [*model.get_weights(), *[np.asarray(v.value) for v in model.optimizer.variables]]


def press(monkeypatch, place, times=1):
    """Ctrl-C while the function at `place` is called, that many times."""
    module, name = place.rsplit(".", 1)
    real = getattr(importlib.import_module(module), name)

    def pressed(*arguments, **options):
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        return real(*arguments, **options)

    monkeypatch.setattr(place, pressed)


def test_the_record_holds_what_the_architecture_promises(trained, fastest):
    record = json.loads((trained / "run.json").read_text("utf-8"))
    assert record["data"]["name"] == "digits"
    assert (record["data"]["records"], len(record["data"]["checksum"])) == (1438, 64)
    assert (record["engine"], record["seed"]) == (fastest, 0)
    assert record["engine_reason"]
    assert [row["epoch"] for row in record["epochs"]] == [1, 2]
    assert list(record["epochs"][0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"]
    assert record["epochs"][1]["loss"] < record["epochs"][0]["loss"]
    assert {"accuracy", "precision", "recall", "f1"} <= record["test"].keys()
    assert {"import", "load", "compile", "fit", "evaluate", "total"} <= record["seconds"].keys()
    assert all(0 <= seconds <= record["seconds"]["total"] for seconds in record["seconds"].values())
    assert record["model"] == str(trained / "model.keras")
    assert {"rowwise", "python", "keras", "jax", "numpy"} <= record["versions"].keys()
    assert record["interrupted"] is False


def test_a_run_holds_model_record_history_and_pictures(trained):
    names = {path.name for path in trained.iterdir()}
    assert {"model.keras", "run.json", "history.csv"} <= names
    assert sum(name.endswith(".png") for name in names) >= 4
    header, *rows = (trained / "history.csv").read_text().splitlines()
    assert header.startswith("epoch,loss,accuracy,val_loss,val_accuracy")
    assert len(rows) == 2


@pytest.mark.slow
def test_pictures_can_be_left_out(rowwise, here):
    assert rowwise("train", "digits", "--hidden", "8", "--epochs", "1", "--no-pictures", "--out", "run")[0] == 0
    assert sorted(file.name for file in (here / "run").iterdir()) == ["history.csv", "model.keras", "run.json"]


def test_json_is_the_record_and_stands_alone(from_json, here, no_pictures, monkeypatch):
    def talkative(*arguments, **options):
        print("a library's news")
        return real_fit(*arguments, **options)

    monkeypatch.setattr("rowwise.engine.fit", talkative)
    record = from_json(*QUICK, "--epochs", "1", "--hidden", "", "--validation", "0")
    assert record == json.loads((here / record["model"]).with_name("run.json").read_text("utf-8"))
    assert record["settings"]["hidden"] == []
    assert "val_loss" not in record["epochs"][0]
    assert os.path.dirname(record["model"]).startswith(os.path.join("runs", "20"))


@pytest.mark.slow
def test_the_report_is_on_standard_output_the_rest_beside_it_and_no_picture_is_worth_a_training(
    rowwise, here, monkeypatch
):
    monkeypatch.setattr("rowwise.measure.plots.confusion_picture", lambda *_, **__: 1 / 0)
    code, out, err = rowwise(*QUICK, "--epochs", "1", "--out", "run", "--lang", "ko")
    assert code == 0
    assert out.startswith("정확도")
    assert "1/1" in err
    assert "ZeroDivisionError" in err
    assert "run에 저장했습니다" in err
    assert sorted(path.name for path in (here / "run").iterdir()) == ["history.csv", "model.keras", "run.json"]


@pytest.mark.slow
def test_without_data_the_drawn_garments_are_used_and_it_is_said_even_when_quiet(rowwise, here, no_pictures):
    code, out, err = rowwise("train", "--hidden", "", "--epochs", "1", "--quiet", "--out", "run")
    assert (code, out) == (0, "")
    assert "NOT Fashion-MNIST" in err
    record = json.loads((here / "run" / "run.json").read_text("utf-8"))
    assert record["data"]["name"] == "garments"


def test_data_that_are_named_and_not_to_be_had_are_an_error(rowwise, here):
    code, out, err = rowwise("train", "fashion-mnist")
    assert (code, out) == (2, "")
    assert "Places looked at" in err
    assert list(here.iterdir()) == []


@pytest.mark.slow
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(rowwise, here, no_pictures):
    settings = (*QUICK, "--dropout", "0.2", "--batch-size", "50", "--seed", "3", "--quiet")
    assert rowwise(*settings, "--epochs", "3", "--out", "whole") == (0, "", "")
    assert rowwise(*settings, "--epochs", "1", "--out", "begun") == (0, "", "")
    agreeing = ("--hidden", "20", "--seed", "3", "--epochs", "3")
    assert rowwise("train", "digits", "--resume", "begun", *agreeing, "--out", "resumed", "--quiet") == (0, "", "")
    for one, other in zip(weights(here / "whole"), weights(here / "resumed"), strict=True):
        np.testing.assert_array_equal(one, other)
    whole, resumed = (json.loads((here / name / "run.json").read_text("utf-8")) for name in ("whole", "resumed"))
    for record in (whole, resumed):
        for row in record["epochs"]:
            del row["seconds"]
    for part in ("epochs", "test", "settings", "data", "seed"):
        assert whole[part] == resumed[part]
    assert (whole["resumed_from"], resumed["resumed_from"]) == (None, "begun")
    assert len(json.loads((here / "begun" / "run.json").read_text("utf-8"))["epochs"]) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "has 2 epochs already, and 2 in all were asked for"),
        (("--epochs", "1"), "has 2 epochs already, and 1 in all"),
        (("--epochs", "9", "--hidden", "20,20"), "--hidden 20,20 ≠ 20"),
        (("--epochs", "9", "--seed", "1", "--dropout", "0.5"), r"--dropout 0.5 ≠ 0.0, --seed 1 ≠ 0"),
        (("garments", "--epochs", "9"), "garments ≠ digits"),
    ],
)
def test_what_contradicts_the_resumed_run_is_refused(rowwise, here, trained, options, words):
    code, out, err = rowwise("train", *options, "--resume", trained)
    assert (code, out) == (2, "")
    assert words in err
    assert list(here.iterdir()) == []


def changed(trained, folder, change):
    folder.mkdir()
    record = json.loads((trained / "run.json").read_text("utf-8"))
    change(record)
    (folder / "run.json").write_text(json.dumps(record), "utf-8")
    (folder / "model.keras").write_bytes((trained / "model.keras").read_bytes())
    return folder


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r["data"].update(checksum="0"), "checksums differ"),
        (lambda r: r["settings"].update(batch_size="32"), "run.json is damaged: settings.batch_size"),
        (lambda r: r["settings"].pop("seed"), "run.json is damaged: settings.seed"),
        (lambda r: r.update(unfinished={"epoch": 3, "steps": 5}), "amid epoch 3"),
        (lambda r: r["data"].update(name="nothing"), "no data called"),
    ],
)
def test_a_run_that_cannot_be_resumed_says_why(rowwise, here, trained, change, words):
    folder = changed(trained, here / "changed", change)
    code, out, err = rowwise("train", "--resume", folder, "--epochs", "9")
    assert (code, out) == (2, "")
    assert words in err
    assert list(here.iterdir()) == [folder]


def test_what_is_no_run_cannot_be_resumed(rowwise, here):
    code, _, err = rowwise("train", "--resume", "nowhere")
    assert code == 2
    assert "nowhere is no run's folder" in err


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--out", "full"), 2, "nothing is overwritten"),
        (("--out", "full/file/run"), 1, "cannot be written"),
        (("--activation", "rely"), 2, 'no activation "rely"'),
        (("--validation", "0.0001"), 2, "leaves one part empty"),
        (("--hidden", "100000000"), 2, "7,500,000,010 parameters"),
    ],
)
def test_what_cannot_be_trained_is_refused_and_leaves_nothing(rowwise, here, options, code, words):
    (here / "full").mkdir()
    (here / "full" / "file").touch()
    found, _, err = rowwise("train", "digits", *options)
    assert found == code
    assert words in err
    assert [path.name for path in here.rglob("*")] == ["full", "file"]


def test_the_memory_of_a_training_is_counted_before_it_is_taken():
    assert training_bytes((28, 28), (100, 30), 10, 32)[0] == 81_840
    assert training_bytes((8, 8), (), 10, 1)[0] == 650
    assert available_bytes() is None or available_bytes() > 0
    check_memory((28, 28), (100, 30), 10, 32, available_bytes())
    with pytest.raises(UsageError, match="81,840 parameters"):
        check_memory((28, 28), (100, 30), 10, 32, available=2_000_000)
    check_memory((28, 28), (10**9,), 10, 32, available=None)
    wide = (64,), (1500, 1500), 10, 64
    alone, refitted = training_bytes(*wide)[1], training_bytes(*wide, refit=True)[1]
    two, four = (training_bytes(*wide, ensemble=networks)[1] for networks in (2, 4))
    assert alone < refitted < two < four / 2  # the layers between are as wide as all networks, squared
    with pytest.raises(UsageError, match=r"4 networks of 2,364,010 parameters each.*ensemble="):
        check_memory(*wide, available=two, ensemble=4)


@pytest.mark.slow
def test_a_full_disk_leaves_a_checkpoint_and_the_report_is_printed(rowwise, here, no_pictures, monkeypatch):
    resource = pytest.importorskip("resource", reason="Windows cannot limit the size of files")
    real_save, before = RunFolder.save, resource.getrlimit(resource.RLIMIT_FSIZE)

    def on_a_full_disk(*arguments):
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))  # bytes a file; Python ignores the signal
        try:
            return real_save(*arguments)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    with monkeypatch.context() as patch:
        patch.setattr("rowwise.runs.folder.RunFolder.save", on_a_full_disk)
        code, out, err = rowwise(*QUICK, "--epochs", "1", "--out", "run")
    assert code == 1
    assert out.startswith("accuracy")
    assert err.splitlines()[-1].startswith(
        "rowwise: The run could not be saved in run: File too large. All of its training is kept"
    )
    assert rowwise("train", "--resume", "run", "--quiet")[0] == 0
    assert sorted(path.name for path in (here / "run").iterdir()) == ["history.csv", "model.keras", "run.json"]


def test_ctrl_c_while_loading_leaves_nothing(rowwise, here, monkeypatch):
    press(monkeypatch, "rowwise.data.named.digits.load")
    code, out, err = rowwise(*QUICK)
    assert (code, out) == (130, "")
    assert err.strip() == "rowwise: Interrupted; nothing was saved."
    assert list(here.iterdir()) == []


def interrupted_fit(monkeypatch, after):
    """Ctrl-C at the end of the epoch with that number."""
    import keras

    def fit(*arguments, **options):
        stop = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: signal.raise_signal(signal.SIGINT) if epoch + 1 == after else None
        )
        return real_fit(*arguments, **{**options, "callbacks": [*options["callbacks"], stop]})

    monkeypatch.setattr("rowwise.engine.fit", fit)


@pytest.mark.slow
def test_ctrl_c_while_training_saves_what_is_there_and_resume_goes_on(
    rowwise, from_json, here, no_pictures, monkeypatch
):
    with monkeypatch.context() as patch:
        interrupted_fit(patch, after=2)
        code, out, err = rowwise(*QUICK, "--epochs", "3", "--out", "run")
    assert code == 130
    assert out.startswith("accuracy")
    assert "Stopped" in err
    assert "--resume run" in err
    record = json.loads((here / "run" / "run.json").read_text("utf-8"))
    assert (record["interrupted"], len(record["epochs"]), record["settings"]["epochs"]) == (True, 2, 3)
    record = from_json("train", "--resume", "run", "--out", "on")  # to the epochs it was started for
    assert (record["interrupted"], [row["epoch"] for row in record["epochs"]]) == (False, [1, 2, 3])


@pytest.mark.slow
def test_ctrl_c_in_plain_keras_leaves_a_model_that_can_be_used(rowwise, here, no_pictures, monkeypatch):
    with monkeypatch.context() as patch:
        interrupted_fit(patch, after=2)
        assert rowwise(*QUICK, "--engine", "keras", "--epochs", "50", "--quiet", "--out", "run")[0] == 130
    assert rowwise("evaluate", "run")[0] == 0


def test_ctrl_c_before_anything_was_trained_leaves_nothing(rowwise, here, monkeypatch):
    def fit(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("rowwise.engine.fit", fit)
    code, _, err = rowwise(*QUICK, "--quiet")
    assert (code, err.strip()) == (130, "rowwise: Interrupted; nothing was saved.")
    assert list(here.iterdir()) == []


@pytest.mark.slow
def test_ctrl_c_while_measuring_still_saves_and_a_second_one_does_not(rowwise, here, no_pictures, monkeypatch):
    options = (*QUICK, "--epochs", "1", "--quiet", "--out", "run")
    with monkeypatch.context() as patch:
        press(patch, "rowwise.measure.score")
        code, _, err = rowwise(*options)
    assert (code, "is being saved" in err) == (130, True)
    assert json.loads((here / "run" / "run.json").read_text("utf-8"))["interrupted"] is False
    (here / "run").rename(here / "first")
    with monkeypatch.context() as patch:
        press(patch, "rowwise.runs.folder.write_through", times=2)
        code, _, err = rowwise(*options)
    assert (code, "1 of 1 epochs are kept in run" in err) == (130, True)
    assert sorted(path.name for path in here.iterdir()) == ["first", "run"]


def test_the_first_ctrl_c_is_noted_and_the_second_obeyed():
    noted = []
    with deferred(lambda: noted.append(1)) as interrupted:
        assert not interrupted()
        signal.raise_signal(signal.SIGINT)
        assert (interrupted(), noted) == (True, [1])
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    with deferred(lambda: noted.append(2), interrupted_before=True) as interrupted, pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert (interrupted(), noted) == (True, [1])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    thread = threading.Thread(target=lambda: deferred(print).__enter__())  # where nobody gets signals
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_a_real_ctrl_c_from_a_terminal_ends_with_130_and_a_run(rowwise, here):
    command = [sys.executable, "-m", "rowwise", *QUICK, "--epochs", "1000000", "--out", "run"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "2/1000000" in line:
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate(timeout=600)
    assert process.returncode == 130
    assert out.startswith("accuracy")
    assert "Stopped" in err
    assert "Traceback" not in err
    assert [path.name for path in here.iterdir()] == ["run"]
    assert rowwise("evaluate", "run")[0] == 0


@pytest.mark.slow
def test_class_weights_are_a_setting_of_the_run(rowwise, from_json, here, no_pictures):
    (here / "t.csv").write_text("a,b,c\n" + "".join(f"{i % 7},{i % 5},{'yn'[i % 20 == 0]}\n" for i in range(400)))
    quick = ("--hidden", "8", "--epochs", "2", "--quiet", "--out")
    weighted = from_json("train", "t.csv", "--target", "c", "--class-weight", "balanced", *quick, "weighted")
    plain = from_json("train", "t.csv", "--target", "c", *quick, "plain")
    assert (weighted["settings"]["class_weight"], plain["settings"]["class_weight"]) == ("balanced", "none")
    assert [row["loss"] for row in weighted["epochs"]] != [row["loss"] for row in plain["epochs"]]
    code, _, err = rowwise("train", "--resume", "weighted", "--class-weight", "none", "--epochs", "3")
    assert code == 2
    assert "--class-weight none ≠ balanced" in err
    code, _, err = rowwise("train", "t.csv", "--target", "a", "--task", "regression", "--class-weight", "balanced")
    assert (code, err.count("\n") > 0) == (2, True)
    assert "Leave --class-weight out" in err


def test_a_training_that_diverges_is_told_stopped_and_saved(rowwise, here, no_pictures):
    arguments = ("train", "digits", "--hidden", "8", "--epochs", "4", "--learning-rate", "1e30", "--out", "run")
    code, out, err = rowwise(*arguments)
    assert code == 3
    assert "the loss of epoch 1 is nan" in err
    assert "Lower the learning rate (now 1e+30; try 1e+29)" in err
    assert "The training diverged. Saved the last good weights in run" in err
    record = json.loads((here / "run" / "run.json").read_text("utf-8"))
    assert (record["diverged"], record["epochs"]) == ({"epoch": 1, "loss": None}, [])
    code, evaluated, _ = rowwise("evaluate", "run")
    assert (code, evaluated.splitlines()[0]) == (0, out.splitlines()[0])
    code, _, err = rowwise("train", "--resume", "run", "--epochs", "9")
    assert (code, "diverged in epoch 1" in err) == (2, True)
    code, _, err = rowwise(*arguments[:-1], "other", "--on-divergence", "continue")
    assert (code, "NaN" in err) == (2, True)


def test_early_stopping_is_chosen_refused_and_repeated(rowwise, here, no_pictures):
    (here / "t.csv").write_text("a,b\n" + "".join(f"{i / 7:.3f},{'xy'[i % 2]}\n" for i in range(60)))
    quick = ("--target", "b", "--hidden", "4", "--epochs", "3", "--quiet")
    assert rowwise("train", "t.csv", *quick, "--out", "all", "--no-early-stopping")[0] == 0
    assert rowwise("train", "t.csv", *quick, "--out", "early", "--patience", "7")[0] == 0
    for run, option in (("all", "--no-early-stopping"), ("early", "--patience 7")):
        assert rowwise("evaluate", run, "--html", "r.html")[0] == 0
        page = (here / "r.html").read_text("utf-8")
        assert f" {option} " in page
        assert ('class="kept"' in page) == (run == "early")
    code, _, said = rowwise("train", "t.csv", *quick, "--patience", "7", "--no-early-stopping")
    assert code == 2
    assert "Pass one of them" in said
