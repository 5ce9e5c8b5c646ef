"""What answers otherwise than the model is never written; names that a table or a model may have do no harm."""

import numpy as np
import polars as pl
import pytest
import sample_runs

import rowwise
from rowwise.errors import ModelError
from rowwise.exports.derive import derived
from rowwise.exports.proof import expected, prove
from rowwise.exports.records import tried_records


@pytest.fixture(scope="module", params=["classes", "decided_labels", "moments"])
def wanted(request, runs):
    run = runs(request.param)
    tried = tried_records(run)
    outputs = run.predictor.outputs(tried.x)
    program = derived(run, outputs)
    return program, expected(run, program, tried, outputs)


def test_the_description_itself_is_right(wanted):
    program, what = wanted
    assert prove(what, {"numpy": program.answers}).difference < 1e-5


@pytest.mark.parametrize("batch", [1, 32, 1000])
def test_a_small_difference_in_one_record_of_one_batch_size_is_found(wanted, batch):
    program, what = wanted
    size = min(batch, len(what.tried.x))

    def wrong(inputs):
        answers = {role: np.array(values) for role, values in program.answers(inputs).items()}
        main = "values" if "values" in answers else "probabilities"
        if len(answers[main]) == size:
            unit = 1.0 if what.scale is None else what.scale[1]
            answers[main][0] += 3e-4 * unit
        return answers

    with pytest.raises(ModelError, match=r"Nothing was written: .* wrong runner gave"):
        prove(what, {"a wrong runner": wrong})


def test_another_class_label_or_shape_is_found(wanted):
    program, what = wanted

    def other(inputs):
        answers = program.answers(inputs)
        role = next((role for role in ("class", "labels") if role in answers), None)
        return answers | ({role: 1 - answers[role]} if role else {"values": answers["values"] + what.scale[1]})

    with pytest.raises(ModelError, match="Nothing was written"):
        prove(what, {"other": other})
    main = "values" if "values" in what.answers else "probabilities"
    with pytest.raises(ModelError, match="Nothing was written"):
        prove(what, {"shape": lambda inputs: program.answers(inputs) | {main: program.answers(inputs)[main][:, :0]}})


def test_numbers_of_logarithms_differ_by_a_share_of_themselves(runs):
    run = runs("log")
    tried = tried_records(run)
    outputs = run.predictor.outputs(tried.x)
    program = derived(run, outputs)
    what = expected(run, program, tried, outputs)

    def nearly(inputs):
        return {"values": program.answers(inputs)["values"].astype(np.float64) * (1 + 1e-6)}

    proof = prove(what, {"nearly": nearly})
    given, wanted = (some["values"][: tried.odd].astype(np.float64) for some in (nearly(what.inputs), what.answers))
    shares = np.abs(given / wanted - 1)
    assert proof.difference == pytest.approx(shares.max())
    assert 1e-6 <= proof.difference < 2e-6


def test_columns_and_layers_may_have_any_name(tmp_path):
    random = np.random.default_rng(0)
    names = ["class", "t5", "t6", "c1", "i1", "i2", 'quo"te */ \\n', "values", "records", "probabilities", "한글", "i0"]
    table = {name: random.normal(size=120) for name in names}
    table["i1"] = random.choice(['a"b\\', "</script>", "??/", "가"], 120)
    table["y"] = np.where(random.random(120) < 0.5, "</script><b>", 'no "\\')
    pl.DataFrame(table).write_csv(tmp_path / "hostile.csv")
    run = rowwise.train(
        tmp_path / "hostile.csv", "y", out=tmp_path / "run", pictures=False, verbose=0, **sample_runs.FAST, epochs=1
    )
    done = rowwise.export(run, "onnx", inputs="columns")
    import onnx

    graph = onnx.load(done.path).graph
    assert [value.name for value in graph.input] == names
    assert [value.name for value in graph.output] == ["probabilities_", "class_"]
    for form in ("onnx", "c", "torch", "html"):
        assert rowwise.export(run, form).proof.difference < 1e-5


def test_layers_of_one_name_in_models_within_models(tmp_path):
    import keras

    def part(units, name):
        return keras.Sequential(
            [keras.Input((6,)), keras.layers.Dense(units, "tanh", name="a b"), keras.layers.Dense(6, name="a_b")],
            name=name,
        )

    model = keras.Sequential(
        [keras.Input((6,)), part(5, "one"), part(4, "two"), keras.layers.Dense(3, "softmax", name="float")]
    )
    model.save(tmp_path / "nested.keras")
    for form in ("onnx", "c", "torch", "keras", "html"):
        assert rowwise.export(tmp_path / "nested.keras", form).proof.difference < 1e-5
