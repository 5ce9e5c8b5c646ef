"""Networks of features → their mean as one chain of Dense layers: the same numbers as averaging by hand."""

import numpy as np
import polars as pl
import pytest
from scipy.special import log_softmax, softmax

import rowwise
from rowwise.engine.prediction import predict_proba
from rowwise.models.dense import network
from rowwise.models.ensemble import averaged, features_of


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 3))
    kind = np.where(x[:, 0] > 0.5, "a", np.where(x[:, 1] > 0, "b", "c"))
    return pl.DataFrame({"x": x[:, 0], "y": x[:, 1], "z": x[:, 2], "kind": kind, "number": 50 + 9 * x.sum(1)})


@pytest.mark.parametrize("hidden", [(), (6,), (6, 5, 4)])
@pytest.mark.parametrize("target", ["kind", "number"])
def test_the_mean_is_that_of_the_networks(frame, hidden, target, tmp_path):
    drop = {"kind": "number", "number": "kind"}[target]
    train, test = rowwise.load(frame, target=target, drop=drop)
    first = rowwise.dense(train, hidden, seed=0)
    features_from = features_of(first)
    features = features_from(test.x)
    networks = [network(train, features.shape[1], hidden, "relu", 0.2, 1e-3, 0.0, seed) for seed in (1, 2, 3)]
    model = averaged(first, networks)
    each = [predict_proba(one, features) for one in networks]
    by_hand = np.mean(each, axis=0)
    if target == "kind":
        by_hand = softmax(np.mean([log_softmax(np.log(p), axis=1) for p in each], axis=0), axis=1)
    np.testing.assert_allclose(predict_proba(model, test.x), by_hand, rtol=2e-5, atol=1e-5)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        predict_proba(rowwise.open(tmp_path / "model.keras").model, test.x), predict_proba(model, test.x)
    )
    history = rowwise.fit(model, train, verbose=0)  # an average is a model like any other
    assert history.rowwise["engine"] == "native", history.rowwise["reason"]
