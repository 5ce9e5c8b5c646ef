"""Loss and accuracy within an epoch: what the engine tells until now → the records in between; the engine tells Keras's
own figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rowwise
from rowwise.runs.events import EpochEnded, StepsDone, TrainingBegan
from rowwise.studio.newest import changes
from rowwise.studio.within import MOST, Within


@given(st.lists(st.floats(0, 10), min_size=2, max_size=60), st.integers(1, 9))
def test_the_parts_of_an_epoch_make_its_mean(losses, block):
    """Points of equally many steps each, and the last of what is left."""
    curve, seen = Within(), []
    for done in [*range(block, len(losses), block), len(losses)]:
        curve.add(1, done, len(losses), {"loss": np.mean(losses[:done]), "accuracy": 0.5})
        seen.append(done)
    parts = np.diff([0, *seen])
    assert [point[0] for point in curve.points] == pytest.approx([done / len(losses) for done in seen], rel=1e-5)
    own = [np.mean(losses[done - part : done]) for done, part in zip(seen, parts, strict=True)]
    assert [point[1] for point in curve.points] == pytest.approx(own, rel=1e-5, abs=1e-9)
    assert all(point[2] == pytest.approx(0.5) for point in curve.points)


def test_a_curve_of_any_length_has_few_points_and_keeps_its_end():
    curve = Within()
    for epoch in range(1, 201):
        for done in range(1, 41):
            curve.add(epoch, done, 40, {"loss": 1 / epoch})
    assert MOST // 4 < len(curve.points) <= MOST
    assert curve.points[-1][0] > 195
    assert curve.points[-1][1] == pytest.approx(1 / 200, rel=0.05)
    places = [point[0] for point in curve.points]
    assert places == sorted(places)


@pytest.mark.parametrize("engine", ["auto", "whole_epoch", "keras"])
def test_the_last_that_is_told_within_an_epoch_is_what_the_epoch_had(engine, tmp_path):
    seen, kernels = [], []

    def observe(event):
        seen.append(event)
        if isinstance(event, StepsDone):  # whoever looks into the model meanwhile changes nothing
            kernels.append(np.asarray(next(one for one in seen if isinstance(one, TrainingBegan)).weights()[0]))

    how = {"hidden": (8,), "epochs": 2, "engine": engine, "pictures": False}
    saved = rowwise.train("digits", out=tmp_path / "run", observer=observe, **how)
    unseen = rowwise.train("digits", out=tmp_path / "unseen", **how)
    for one, other in zip(saved.model.get_weights(), unseen.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.isfinite(kernels).all()
    assert not np.array_equal(kernels[0], kernels[-1])
    told = [event for event in seen if isinstance(event, StepsDone)]
    ended = {event.number: event.figures for event in seen if isinstance(event, EpochEnded)}
    assert {event.number for event in told} == {1, 2}
    for event in told:
        assert 0 < event.done <= event.steps
        if event.done == event.steps:
            own = ended[event.number]
            assert event.figures["loss"] == pytest.approx(own["loss"], rel=1e-6)
            assert event.figures["accuracy"] == pytest.approx(own["accuracy"], rel=1e-6)


def test_only_what_has_changed_is_sent():
    before = {"data": {"name": "x"}, "story": {"phase": "training", "curve": (1,)}}
    now = {"data": {"name": "x"}, "story": {"phase": "training", "curve": (1, 2)}, "kept": ""}
    assert changes({}, now) == now
    assert changes(before, now) == {"story": {"curve": {"after": 1, "more": (2,)}}, "kept": ""}
    other = {**now, "story": {"phase": "idle", "curve": (3, 2, 1)}}
    assert changes(now, other) == {"story": other["story"]}
    assert changes(other, other) == {}
