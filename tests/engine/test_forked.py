"""A process forked after JAX was used has a JAX that waits for ever: it is told so."""

import os
import warnings

import keras
import numpy as np
import pytest

import rowwise
from rowwise.errors import UsageError

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")


def in_child(work):
    """What `work` gives in a forked process: True, False, or None where it raised UsageError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # JAX's, that one should not
        child = os.fork()
    if not child:
        code = 3
        try:
            code = int(work())
        except UsageError as error:
            code = 2 if "forked from one that had used JAX" in str(error) else 4
        finally:
            os._exit(code)
    return {0: False, 1: True, 2: None}[os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])]


@pytest.fixture
def trained():
    x = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
    data = rowwise.Dataset("made", x, (x[:, 0] > 0).astype(np.int32), ("a", "b"))
    model = rowwise.dense(data, hidden=(4,))
    rowwise.fit(model, data, verbose=0)
    return model, data


@pytest.mark.parametrize("engine", ["whole_epoch", "keras"])
def test_jax_engines_are_refused(trained, engine):
    model, data = trained
    assert in_child(lambda: bool(rowwise.fit(model, data, verbose=0, engine=engine))) is None


def test_making_and_opening_a_model_is_refused(trained, tmp_path):
    model, data = trained
    model.save(tmp_path / "model.keras")
    assert in_child(lambda: bool(rowwise.dense(data))) is None
    assert in_child(lambda: bool(rowwise.open(tmp_path / "model.keras").model.layers)) is None


def test_what_needs_no_jax_goes_on_in_a_forked_process(trained):
    pytest.importorskip("rowwise.engine.native._native")
    model, data = trained
    rowwise.fit(model, data, verbose=0, engine="native")
    before = rowwise.predict(model, data).probabilities
    assert in_child(lambda: np.array_equal(rowwise.predict(model, data).probabilities, before))
    assert in_child(lambda: isinstance(rowwise.fit(model, data, verbose=0), keras.callbacks.History))
