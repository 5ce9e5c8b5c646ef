"""How the native engine computes a step: by any plan the same bits; which plan is chosen, remembered and forgotten."""

import json
import os
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rowwise.engine import native
from rowwise.engine.native.compiled_description import compiled
from rowwise.engine.native.description import describe
from rowwise.engine.native.network_description import (
    LayerDescription,
    LossDescription,
    NetworkDescription,
    OptimizerDescription,
)
from rowwise.engine.native.planner import Planner
from rowwise.engine.native.records import network_description
from rowwise.engine.native.remembered_plans import PlanMemory, Remembered
from rowwise.engine.native.sensible_plans import sensible_plans
from rowwise.engine.native.step_cost import cost
from rowwise.engine.native.step_plan import MOST_BLOCK, MOST_CHUNK, StepPlan

pytestmark = pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not compiled")

SETS = [name for name, runs in native.instruction_sets() if runs]
SPARSE = LossDescription("sparse_categorical_crossentropy")
NORM = {"kind": "batch_normalization", "momentum": 0.9, "epsilon": 0.1}
# Wide enough that columns are divided; then with what needs all records, and all units, of a batch.
PLAIN = (LayerDescription(150, 130, "relu"), LayerDescription(130, 140, "tanh"), LayerDescription(140, 7, "softmax"))
NORMALIZED = (
    LayerDescription(150, 130, bias=False),
    LayerDescription(130, 130, "relu", **NORM),
    LayerDescription(130, 130),
    LayerDescription(130, 130, kind="addition", back=(1, 2), activation="elu", leak=1.0),
    LayerDescription(130, 130, kind="layer_normalization", epsilon=0.1),
    LayerDescription(130, 7, "softmax", dropout=0.3),
)
RECORDS = 203


def described(layers, bytes, batch_size=48, **optimizer):
    rule = OptimizerDescription("adam", **optimizer)
    return NetworkDescription(layers, SPARSE, rule, scale=1 / 255 if bytes else 1.0, bytes=bytes, batch_size=batch_size)


class Training:
    """A network, its records and an epoch of it."""

    def __init__(self, description, plan=None, isa=None):
        random = np.random.default_rng(3)
        self.network = native.network(description, plan, isa)
        features, units = description.layers[0].inputs, description.layers[-1].units
        for index in range(sum((layer.kind != "addition") * (1 + layer.bias) for layer in description.layers)):
            values = random.normal(size=self.network.size(index)) * 0.1
            self.network.write(index, values.astype("float32"))
        x = random.integers(0, 256, (RECORDS, features)) * (random.random((RECORDS, features)) < 0.6)
        self.x = x.astype("uint8") if description.bytes else (x / 255).astype("float32")
        self.records = self.network.records(self.x, random.integers(0, units, RECORDS).astype("int32"))
        steps = -(-RECORDS // description.batch_size)
        order = random.permutation(RECORDS).astype("int32")
        self.outputs = np.zeros((RECORDS, units), np.float32)
        rates, corrections = np.full(steps, 0.01, np.float32), np.full((steps, 5), 0.5)
        self.epoch = self.records.epoch(order, rates, corrections, 9, self.outputs)
        self.steps = steps

    def bits(self):
        """All that the epoch has left behind."""
        arrays = []
        for index in range(self.network.arrays):
            arrays.append(np.empty(self.network.size(index), np.float32))
            self.network.read(index, arrays[-1])
        steps, loss, hits = self.epoch.progress
        return [array.tobytes() for array in [*arrays, self.outputs]] + [steps, loss, hits]


plans = st.builds(
    StepPlan,
    threads=st.integers(1, 4),
    by_records=st.booleans(),
    task=st.integers(1, 70),
    block=st.sampled_from(range(16, MOST_BLOCK + 1, 16)),
    chunk=st.sampled_from(range(4, MOST_CHUNK + 1, 4)),
    sharing=st.sampled_from([0.0, 1.5, 2.6, 4.0]),
)


@pytest.mark.parametrize("isa", SETS)
@pytest.mark.parametrize("layers", [PLAIN, NORMALIZED], ids=["plain", "normalized"])
@given(drawn=st.lists(plans, min_size=1, max_size=6), bytes=st.booleans(), clips=st.booleans())
@settings(max_examples=12, deadline=None)
def test_any_plans_even_within_an_epoch_give_the_same_bits(isa, layers, drawn, bytes, clips):
    description = described(layers, bytes, clipnorm=0.5 if clips else 0.0)
    usual = Training(description, isa=isa)
    assert usual.epoch.run(1e9) == usual.steps
    training = Training(description, drawn[0], isa)
    done, later = 0, iter(drawn[1:])
    while done < training.steps:
        done = training.epoch.run(0.0)  # a step
        if (plan := next(later, None)) is not None:
            training.network.take(plan.as_dictionary())
    assert training.bits() == usual.bits()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"threads": 257}, "plan.threads: expected 1 to 256, received 257"),
        ({"block": 24}, "plan.block: expected a multiple of 16"),
        ({"chunk": 6}, "plan.chunk: expected a multiple of 4"),
        ({"by_records": 1}, "plan.by_records: expected a bool, received 1"),
        ({"colour": 1}, "plan.colour: unknown; expected block, by_records, chunk, sharing, task, threads"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_name_and_changes_nothing(wrong, message):
    training = Training(described(PLAIN, bytes=True))
    with pytest.raises(ValueError) as refusal:
        training.network.take(StepPlan().as_dictionary() | wrong)
    assert str(refusal.value) == message
    assert training.epoch.run(1e9) == training.steps


class Clocked:
    """Stands for a network and its epoch: what a step takes is given for each plan."""

    def __init__(self, seconds, first, most=10**9):
        self.of, self.plan, self.most = seconds, first, most
        self.seconds, self.steps, self.taken = 0.0, 0, []

    def take(self, values):
        self.plan = StepPlan(**values)
        self.taken.append(self.plan)

    def run(self, seconds):
        step = self.of(self.plan)
        steps = min(max(1, round(max(seconds, 0.0) / step)), self.most - self.steps)
        self.steps += steps
        self.seconds += steps * step
        return self.steps


ONE, TWO, BY_RECORDS = StepPlan(1), StepPlan(2), StepPlan(2, by_records=True)


def settle(clocked, memory=None, plans=(ONE, TWO, BY_RECORDS)):
    planner = Planner(clocked, described(PLAIN, True, 32), dict.fromkeys(plans, 1e-4), memory)
    while not planner.settled:
        planner.run(clocked, clocked.steps, 10**9, 0.05)
    return planner


@pytest.mark.parametrize("fastest", [ONE, TWO, BY_RECORDS])
def test_the_fastest_plan_is_kept_and_what_is_as_fast_does_not_replace_the_first(fastest):
    clocked = Clocked(lambda plan: 1e-4 if same_division(plan, fastest) else 1.5e-4, ONE)
    assert settle(clocked).plan == fastest == clocked.plan
    assert settle(Clocked(lambda plan: 1e-4, ONE)).plan == ONE


def same_division(plan, other):
    return (plan.threads, plan.by_records) == (other.threads, other.by_records)


@pytest.mark.parametrize("step", [1e-5, 1e-3, 0.01, 1.0])
def test_trying_slower_plans_costs_no_more_than_its_budget(step):
    clocked = Clocked(lambda plan: step * (1 if plan == ONE else 1.2), ONE)
    settle(clocked)
    lost = clocked.seconds - clocked.steps * step
    assert lost <= 0.03 + 0.2 * step  # a step that is begun is finished


def memory(tmp_path, monkeypatch, plans=(ONE, TWO, BY_RECORDS), engine="1"):
    monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path))
    return PlanMemory(described(PLAIN, bytes=True), SETS[0], engine, plans)


def test_the_second_training_of_a_shape_begins_with_the_fastest_plan_and_tries_no_other(tmp_path, monkeypatch):
    def seconds(plan):
        return 1e-4 if plan.threads == 2 and not plan.by_records else 2e-4

    settle(Clocked(seconds, ONE), memory(tmp_path, monkeypatch))
    clocked = Clocked(seconds, ONE)
    planner = settle(clocked, memory(tmp_path, monkeypatch))
    assert planner.plan == TWO
    assert clocked.taken == [TWO]
    for _ in range(20):
        planner.run(clocked, clocked.steps, 10**9, 0.05)
    assert clocked.taken == [TWO]
    assert memory(tmp_path, monkeypatch, engine="2").read() is None  # another build
    assert memory(tmp_path, monkeypatch, plans=(ONE,)).read() is None  # other plans to choose among


def test_a_plan_that_takes_a_fifth_longer_than_remembered_is_measured_again(tmp_path, monkeypatch):
    kept = memory(tmp_path, monkeypatch)
    kept.write(Remembered(TWO, 1e-4 / 32))
    clocked = Clocked(lambda plan: 1e-4 if plan.threads == 1 else 1.3e-4, ONE)
    planner = Planner(clocked, described(PLAIN, True, 32), dict.fromkeys((ONE, TWO), 1e-4), kept)
    for _ in range(20):
        planner.run(clocked, clocked.steps, 10**9, 0.05)
    assert planner.plan.threads == 1
    assert kept.read() == Remembered(planner.plan, pytest.approx(1e-4 / 32))


@pytest.mark.parametrize(
    "damage",
    [
        lambda found: "",
        lambda found: "[" * 5000,
        lambda found: "[1, 2]",
        lambda found: json.dumps(found)[:-9],
        lambda found: json.dumps({**found, "seconds": -1.0}),
        lambda found: json.dumps({**found, "measured": [], "changing": 0.0}),
        lambda found: json.dumps(
            {**found, "measured": [{"plan": found["plan"], "turns": [[0, 1.0]]}], "changing": 0.0}
        ),
        lambda found: json.dumps({**found, "measured": [{"plan": found["plan"]}], "changing": 0.0}),
        lambda found: json.dumps({**found, "measured": [{"plan": found["plan"], "turns": []}] * 2, "changing": 0.0}),
        lambda found: json.dumps({**found, "plan": {**found["plan"], "threads": 64}}),
        lambda found: json.dumps({**found, "plan": {**found["plan"], "block": 2.5}}),
        lambda found: json.dumps({**found, "plan": {**found["plan"], "chunk": 1022}}),
        lambda found: json.dumps({**found, "plan": {"threads": 2}}) + " " * 10**6,
        lambda found: json.dumps({**found, "about": {}}),
    ],
)
def test_a_damaged_file_counts_as_none(tmp_path, monkeypatch, damage):
    kept = memory(tmp_path, monkeypatch)
    kept.write(Remembered(TWO, 1e-6))
    assert kept.read() == Remembered(TWO, 1e-6)
    (file,) = (tmp_path / "plans").iterdir()
    file.write_text(damage(json.loads(file.read_text())))
    assert kept.read() is None


def test_where_the_cache_cannot_be_written_nothing_is_said(tmp_path, monkeypatch, recwarn):
    (tmp_path / "plans").write_text("a file where a folder should be")
    kept = memory(tmp_path, monkeypatch)
    kept.write(Remembered(TWO, 1e-6))
    assert kept.read() is None
    assert not recwarn


COURSE = (LayerDescription(784, 100, "relu"), LayerDescription(100, 30, "relu"), LayerDescription(30, 10, "softmax"))
WIDE = (LayerDescription(784, 512, "relu"), LayerDescription(512, 512, "relu"), LayerDescription(512, 10, "softmax"))


def test_a_step_on_paper_counts_what_is_counted_by_hand():
    found = cost(described(COURSE, bytes=True, batch_size=32), StepPlan(2), "x86-64-v4")
    weights = 78_400 + 3_000 + 300
    assert found.multiply_adds == 32 * (2 * 78_400 + 3 * 3_300)
    # Read and written: weights and two slots; forward and for the gradient as well, backward but for the first kernel.
    assert found.bytes == 4 * (8 * 78_400 + 9 * 3_300)
    assert found.meetings >= 2
    assert cost(described(COURSE, bytes=True, batch_size=32), StepPlan(1), "x86-64-v4").meetings == 0
    assert weights * 8 * 4 < found.bytes


@pytest.mark.parametrize("cores", [1, 2, 4, 16, 64])
@pytest.mark.parametrize(("layers", "batch_size"), [(COURSE, 32), (COURSE, 1024), (WIDE, 128), (WIDE, 1024)])
def test_plans_worth_measuring_are_few_and_within_the_cores(cores, layers, batch_size):
    plans = sensible_plans(described(layers, bytes=True, batch_size=batch_size), "x86-64-v4", cores)
    assert 1 <= len(plans) <= 7
    assert all(plan.threads <= cores for plan in plans)
    first, *others = plans
    assert all(plans[first] <= plans[plan] for plan in others if plan.threads <= first.threads)
    only = sensible_plans(described(layers, bytes=True, batch_size=batch_size), "x86-64-v4", cores, threads=3)
    assert {plan.threads for plan in only} == {3}


def test_more_work_asks_for_more_threads_and_a_small_step_for_one_among_others():
    def likeliest(layers, batch_size, cores=16):
        return next(
            iter(sensible_plans(described(layers, bytes=True, batch_size=batch_size), "x86-64-v4", cores))
        ).threads

    small = (LayerDescription(8, 16, "relu"), LayerDescription(16, 3, "softmax"))
    assert likeliest(small, 32) == 1
    assert likeliest(COURSE, 32, cores=2) == 2
    assert likeliest(COURSE, 1024) >= 8
    assert likeliest(WIDE, 1024) == 16
    course = sensible_plans(described(COURSE, bytes=True, batch_size=32), "x86-64-v4", 64)
    assert any(plan.threads == 1 for plan in course)  # which is measured, so that no more threads are slower


def test_what_a_model_learns_does_not_depend_on_which_plan_is_chosen(tmp_path, monkeypatch):
    import keras

    from rowwise import fit

    def trained(plan):
        monkeypatch.setenv("ROWWISE_CACHE", str(tmp_path / str(plan.threads)))
        keras.utils.set_random_seed(4)
        model = keras.Sequential([keras.Input((20,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(3, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        random = np.random.default_rng(1)
        x, y = random.random((600, 20), "float32"), random.integers(0, 3, 600)
        graph = describe(model)
        description = network_description(graph, compiled(model, graph), False, 50)
        choices = native.plans_for(description, plan.threads)
        kept = PlanMemory(description, native.chosen(), native.build(), choices)
        kept.write(Remembered(plan, 1e-6))  # what a training of this shape begins with
        history = fit(model, x, y, epochs=3, batch_size=50, engine="native", threads=plan.threads, verbose=0)
        assert kept.read() == Remembered(plan, 1e-6)
        return [*model.get_weights(), history.history["loss"]]

    for one, other in zip(trained(StepPlan(1)), trained(StepPlan(3, by_records=True)), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("steps", [25, 70])
def test_trainings_too_short_to_choose_go_on_where_the_one_before_stopped(tmp_path, monkeypatch, steps):
    def step(plan):
        return 1e-4 if same_division(plan, BY_RECORDS) else 1.5e-4

    trainings = 0
    while not isinstance(memory(tmp_path, monkeypatch).read(), Remembered):
        clocked = Clocked(step, ONE, steps)
        planner = Planner(
            clocked,
            described(PLAIN, True, 32),
            dict.fromkeys((ONE, TWO, BY_RECORDS), 1e-4),
            memory(tmp_path, monkeypatch),
        )
        while clocked.steps < steps:
            planner.run(clocked, clocked.steps, 32 * steps, 0.05)
        planner.keep()
        trainings += 1
        assert trainings < 100
    found = memory(tmp_path, monkeypatch).read()
    assert same_division(found.plan, BY_RECORDS)
    assert found.seconds == pytest.approx(1e-4 / 32)
    assert trainings > 1
    assert found.cost <= 0.03
    clocked = Clocked(step, ONE)
    assert settle(clocked, memory(tmp_path, monkeypatch)).plan == found.plan


def test_plans_that_nobody_uses_go_and_the_others_stay(tmp_path, monkeypatch):
    kept = memory(tmp_path, monkeypatch)
    kept.write(Remembered(TWO, 1e-6))
    folder = tmp_path / "plans"
    (used,) = folder.iterdir()
    month = 31 * 86400
    for number in range(300):  # of other builds and machines, the first of them longest ago
        file = folder / f"{number:024}.json"
        file.write_text("{}")
        os.utime(file, (time.time() - 1000 + number,) * 2)
    forgotten = folder / "forgotten.json"
    forgotten.write_text("{}")
    for file in (forgotten, used):
        os.utime(file, (time.time() - month,) * 2)
    assert kept.read() == Remembered(TWO, 1e-6)  # which uses it
    memory(tmp_path, monkeypatch, engine="2").write(Remembered(ONE, 1e-6))
    left = {file.name for file in folder.iterdir()}
    assert used.name in left
    assert len(left) == 256
    assert forgotten.name not in left
    assert f"{299:024}.json" in left
    assert f"{0:024}.json" not in left
