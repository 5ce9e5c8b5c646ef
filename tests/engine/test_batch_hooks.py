"""Callbacks that hear of every batch: the fast engine calls them after many steps, and they see what Keras shows."""

import threading
from contextlib import nullcontext

import keras
import numpy as np
import pytest

import rowwise
from rowwise.errors import Suspicious, UsageError

RECORDS, BATCH = 88, 8  # eleven steps
random = np.random.default_rng(0)
X = random.normal(size=(RECORDS, 4)).astype("float32")
Y = X @ random.normal(size=(4, 1)).astype("float32")


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return RECORDS // BATCH

    def __getitem__(self, index):
        rows = slice(index * BATCH, (index + 1) * BATCH)
        return X[rows], Y[rows]


def made():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1, momentum=0.5), "mse", metrics=["mae"])
    return model


class Meddling(keras.callbacks.Callback):
    """Notes every call, and in some of them looks at the model, changes it, or ends an epoch.

    `own` is a layer that it has by itself, as a function written beside the model would.
    """

    def __init__(self, own):
        super().__init__()
        self.own, self.seen, self.epoch = own, [], 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        self._note("begin", batch, logs)
        if (self.epoch, batch) == (0, 7):
            self.model.optimizer.learning_rate = 0.02

    def on_train_batch_end(self, batch, logs=None):
        self._note("end", batch, logs)
        if (self.epoch, batch) in ((0, 2), (1, 5)):
            self._note("weights", float(np.abs(self.model.get_weights()[0]).sum()))
        if (self.epoch, batch) == (1, 3):
            self._note("steps", int(self.model.optimizer.iterations))
            self.own.kernel.assign(self.own.kernel * 0.5)
        if (self.epoch, batch) == (2, 4):
            self.model.stop_training = True

    def on_test_batch_begin(self, batch, logs=None):
        self._note("test begin", batch, logs)

    def on_test_batch_end(self, batch, logs=None):
        self._note("test end", batch, logs)

    def _note(self, *what):
        *what, logs = what if len(what) == 3 else (*what, {})
        self.seen.append((*what, dict(logs)))


def close(found, expected):
    if isinstance(expected, dict):
        return list(found) == list(expected) and all(close(found[name], expected[name]) for name in expected)
    if isinstance(expected, list | tuple):
        return len(found) == len(expected) and all(map(close, found, expected))
    return found == expected if isinstance(expected, str) else found == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("records", ["arrays", "stream"])
def test_each_call_shows_what_keras_shows_and_what_it_changes_counts(records):
    found = []
    for fit in (rowwise.fit, keras.Model.fit):
        model = made()
        callback = Meddling(model.layers[0])
        xy = (X, Y) if records == "arrays" else (Batches(),)
        options = {"batch_size": BATCH} if records == "arrays" else {}
        options |= {"epochs": 5, "shuffle": False, "validation_data": (X[:20], Y[:20]), "validation_batch_size": 8}
        history = fit(model, *xy, **options, callbacks=[callback], verbose=0)
        found.append((callback.seen, history.history, model.get_weights()))
        if fit is rowwise.fit:
            assert history.rowwise["engine"] == "whole_epoch"
    (seen, figures, weights), (expected, others, theirs) = found
    assert len(figures["loss"]) == 3
    assert close(seen, expected), next((a, b) for a, b in zip(seen, expected, strict=False) if not close(a, b))
    assert figures.keys() == others.keys()
    assert all(close(figures[name], others[name]) for name in others)
    for one, other in zip(weights, theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)


class Beside(keras.callbacks.Callback):
    """Looks at the model from threads of its own, as an asynchronous saver does: three at once.

    With `left`, one more goes on beside the training, where Keras's own has given the buffers away.
    """

    def __init__(self, left):
        super().__init__()
        self.sums, self.left = [], threading.Event() if left else None

    def on_train_batch_end(self, batch, logs=None):
        def look():
            self.sums.append(float(np.abs(self.model.get_weights()[0]).sum()))

        if batch in (4, 9):
            threads = [threading.Thread(target=look) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if batch == 6 and self.left:
            threading.Thread(target=lambda: (self.model.get_weights(), self.left.set())).start()
        if batch == 10 and self.left:
            assert self.left.wait(60)
            self.left.clear()


def test_other_threads_see_what_keras_would_show_and_change_nothing():
    found = []
    for fit in (rowwise.fit, keras.Model.fit):
        model, callback = made(), Beside(fit is rowwise.fit)
        fit(model, X, Y, batch_size=BATCH, epochs=3, shuffle=False, callbacks=[callback], verbose=0)
        assert len(callback.sums) == 18
        found.append((callback.sums, int(model.optimizer.iterations), model.get_weights()))
    (ours, steps, weights), (theirs, expected_steps, expected) = found
    assert ours == pytest.approx(theirs, rel=1e-5)
    assert steps == expected_steps == 33
    for one, other in zip(weights, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)


def test_what_a_hook_raises_leaves_the_model_after_that_step():
    """A loss that is no number, from the fourth batch on; and Keras's own callback for it."""
    y = Y.copy()
    y[3 * BATCH] = np.inf
    steps = []
    for fit in (rowwise.fit, keras.Model.fit):
        model = made()
        callback = keras.callbacks.TerminateOnNaN(raise_error=True)
        doubt = pytest.warns(Suspicious, match="inf")
        with pytest.raises(RuntimeError, match="batch 3"), doubt if fit is rowwise.fit else nullcontext():
            fit(model, X, y, batch_size=BATCH, epochs=2, shuffle=False, callbacks=[callback], verbose=0)
        steps.append(int(model.optimizer.iterations))
        if fit is rowwise.fit:
            assert model.history.rowwise["interrupted"] == {"epoch": 0, "steps": 4}
    assert steps == [4, 4]


def test_files_that_are_saved_within_an_epoch_are_those_of_keras(tmp_path):
    paths = [], []
    for fit, names in zip((rowwise.fit, keras.Model.fit), paths, strict=True):
        folder = tmp_path / str(len(paths[0]))
        path = f"{folder}/{{epoch}}-{{batch}}.weights.h5"
        saver = keras.callbacks.ModelCheckpoint(path, save_freq=4, save_weights_only=True)
        fit(made(), X, Y, batch_size=BATCH, epochs=2, shuffle=False, callbacks=[saver], verbose=0)
        names += sorted(folder.iterdir())
    assert [path.name for path in paths[0]] == [path.name for path in paths[1]]
    assert len(paths[0]) == 5
    models = made(), made()
    for model in models:
        model.optimizer.build(model.trainable_variables)
    for ours, theirs in zip(*paths, strict=True):
        for model, path in zip(models, (ours, theirs), strict=True):
            model.load_weights(path)
        for one, other in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_engine_that_knows_no_batches_says_so(capsys):
    silent = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    rowwise.fit(made(), X, Y, callbacks=[silent], verbose=2)
    assert "LambdaCallback hears of every batch (on_train_batch_end): whole_epoch" in capsys.readouterr().err
    with pytest.raises(UsageError, match="on_train_batch_end"):
        rowwise.fit(made(), X, Y, callbacks=[silent], engine="native", verbose=0)
    together = made()
    together.compile("sgd", "mse", steps_per_execution=4)
    with pytest.raises(UsageError, match="steps_per_execution"):
        rowwise.fit(together, X, Y, callbacks=[silent], engine="whole_epoch", verbose=0)
