"""The C header compiles without a warning, as C and as C++, and answers as the run does."""

import shutil
import subprocess

import numpy as np
import pytest
import sample_runs

import rowwise

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc on this machine")
STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-O1")
USE = r"""
#include <stdio.h>
#include "model.h"
int main(void) {
    my_town_input record[MY_TOWN_INPUTS] = {{values}};
    my_town_answer answer;
    int i;
    my_town_predict(record, &answer);
    for (i = 0; i < 3; ++i) printf("%.9g ", (double)answer.probabilities[i]);
    printf("%d %s\n", answer.chosen[0], my_town_classes[answer.chosen[0]]);
    return 0;
}
"""


def compiled(path, compiler, body):
    folder = path.parent
    shutil.copy(path, folder / "model.h")
    source = folder / ("use.cpp" if compiler == "g++" else "use.c")
    source.write_text(body, "utf-8")
    standard = "-std=c++17" if compiler == "g++" else "-std=c99"
    subprocess.run([compiler, standard, *STRICT, str(source), "-o", str(folder / "use"), "-lm"], check=True)
    return subprocess.run([str(folder / "use")], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("kind", sample_runs.SOME)
def test_every_kind_of_run_is_proved_by_the_compiler(runs, kind, tmp_path):
    done = rowwise.export(runs(kind), "c", tmp_path / "model.h")
    assert "gcc" in done.proof.by[0]
    assert done.proof.difference < 1e-5
    assert done.note == ""
    assert f'"difference": {done.proof.difference}' in done.path.read_text("utf-8")


@pytest.mark.parametrize("compiler", ["gcc", "g++"])
def test_a_program_predicts_with_texts_and_long_numbers(runs, compiler, tmp_path):
    run = runs("classes")
    path = rowwise.export(run, "c", tmp_path / "my-town.h").path
    row = {"town": "모래", "store": "s03", "RM": None, "seen": sample_runs.SECONDS + 17, "day": "2024-02-29"}
    row |= {"serial": sample_runs.SERIAL + 3_000_000, "smoker": "yes", "age": -999}
    wanted = run.predict([row])
    counted_from = int(next(column.origin for column in run.schema.used if column.name == "serial"))
    order = ["town", "store", "RM", "seen", "serial", "day", "smoker", "age"]
    assert [column.name for column in run.schema.used] == order
    values = f'my_town_code(0, "모래"), my_town_code(1, "s03"), NAN, 1700000017.0, {row["serial"] - counted_from}'
    body = USE.replace("{values}", f"{values}, 2024, 2, 29, 4, 1, -999")
    *probabilities, number, name = compiled(path, compiler, body).split()
    np.testing.assert_allclose(np.array(probabilities, float), wanted.probabilities[0], atol=1e-6)
    assert (int(number), name) == (wanted.classes[0], wanted.names[0])


def test_without_a_compiler_it_is_said_that_the_header_was_not_run(runs, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    done = rowwise.export(runs("two"), "c", tmp_path / "model.h")
    assert "no C compiler" in done.note
    assert done.proof.by[0].startswith("numpy")


def test_a_compiler_that_fails_is_named_and_no_file_is_left(runs, tmp_path, monkeypatch):
    broken = tmp_path / "bin" / "cc"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'no headers here' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}:/usr/bin:/bin")
    with pytest.raises(rowwise.RowwiseError, match=r"cc could not run the export, .* no headers here"):
        rowwise.export(runs("two"), "c", tmp_path / "model.h")
    assert not (tmp_path / "model.h").exists()
