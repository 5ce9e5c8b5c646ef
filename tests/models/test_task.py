"""What a model's outputs mean: by its loss, its last layer, its labels, or as it is named; never by a guess."""

import keras
import numpy as np
import pytest

import rowwise
from rowwise.errors import DataError, ModelError, RowwiseError, UsageError
from rowwise.models.task import task_of
from rowwise.text import use_language

RECORDS = 60


def pinball(true, predicted):
    error = keras.ops.reshape(true, keras.ops.shape(predicted)) - predicted
    return keras.ops.mean(keras.ops.maximum(0.9 * error, -0.1 * error), axis=-1)


class Quantile(keras.losses.Loss):
    def call(self, true, predicted):
        return pinball(true, predicted)


def logits(name):
    return getattr(keras.losses, name)(from_logits=True)


def built(units=1, end=None, loss=None, features=5):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((features,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(units, end)])
    if loss is not None:
        model.compile("adam", loss)
    return model


def x():
    return np.random.default_rng(0).normal(size=(RECORDS, 5)).astype("float32")


# units, activation at the end, loss → the task
KNOWN = [
    (1, None, "mse", "regression"),
    (1, None, "mae", "regression"),
    (1, None, keras.losses.Huber(), "regression"),
    (1, "relu", "msle", "regression"),
    (1, None, "log_cosh", "regression"),
    (1, "exponential", "poisson", "regression"),
    (1, "softplus", "poisson", "regression"),
    (1, "tanh", "mse", "regression"),
    (5, None, "mse", "regression"),  # an autoencoder
    (1, "sigmoid", "binary_crossentropy", "binary"),
    (1, None, logits("BinaryCrossentropy"), "binary"),
    (1, "tanh", "hinge", "binary"),
    (1, None, "squared_hinge", "binary"),
    (2, "softmax", "sparse_categorical_crossentropy", "binary"),
    (3, "softmax", "sparse_categorical_crossentropy", "multiclass"),
    (3, None, logits("SparseCategoricalCrossentropy"), "multiclass"),
    (3, None, logits("CategoricalCrossentropy"), "multiclass"),
    (3, "softmax", "categorical_focal_crossentropy", "multiclass"),
    (3, "softmax", "mse", "multiclass"),
    (3, "softmax", "kl_divergence", "multiclass"),
    (3, None, "categorical_hinge", "multiclass"),
    (3, "softmax", pinball, "multiclass"),
    (3, "sigmoid", "binary_crossentropy", "multilabel"),
    (3, None, logits("BinaryCrossentropy"), "multilabel"),
    (3, "sigmoid", "dice", "multilabel"),
    (3, "tanh", "hinge", "multilabel"),
    (1, "sigmoid", None, "binary"),  # not compiled: the last layer says it
    (3, "softmax", None, "multiclass"),
    (3, "sigmoid", None, "multilabel"),
    (1, None, None, ""),
    (3, None, None, ""),
    (1, "relu", None, ""),
    (1, None, pinball, ""),
    (1, None, Quantile(), ""),
    (2, None, Quantile(), ""),
    (1, "sigmoid", "mse", ""),
    (5, "sigmoid", "mae", ""),  # an autoencoder
    (4, None, "cosine_similarity", ""),
]


@pytest.mark.parametrize(("units", "end", "loss", "task"), KNOWN)
def test_loss_and_last_layer_say_the_task(units, end, loss, task):
    model = built(units, end, loss)
    assert task_of(model).name == task
    prediction = rowwise.predict(model, x())
    assert prediction.task == task
    if task in ("regression", ""):
        np.testing.assert_allclose(prediction.values, model.predict(x(), verbose=0), rtol=1e-4, atol=1e-6)
        assert prediction.probabilities.shape == (RECORDS, 0)
        with pytest.raises(ModelError):
            _ = prediction.classes


@pytest.mark.parametrize("loss", [pinball, Quantile(), "mse", None])
@pytest.mark.parametrize("end", [None, "sigmoid"])
def test_a_regression_is_measured_as_one_whatever_its_loss(loss, end):
    records = x()
    y = records.sum(1) + 20
    y = (y - y.min()) / np.ptp(y) if end else y
    model = built(1, end, loss)
    if loss is not None:
        rowwise.fit(model, (records, y), verbose=0)
    report = rowwise.evaluate(model, (records, y))
    predicted = model.predict(records, verbose=0)[:, 0]
    assert report.task == "regression"
    assert report.mae == pytest.approx(np.abs(predicted - y).mean(), rel=1e-4)


def test_softmax_with_mse_is_of_classes_unless_the_rows_are_numbers():
    records, labels = x(), np.arange(RECORDS) % 3
    model = built(3, "softmax", "mse")
    predicted = model.predict(records, verbose=0)
    report = rowwise.evaluate(model, (records, np.eye(3)[labels]))
    assert (report.task, report.accuracy) == ("multiclass", pytest.approx((predicted.argmax(1) == labels).mean()))
    shares = np.random.default_rng(0).dirichlet(np.ones(3), RECORDS)
    report = rowwise.evaluate(model, (records, shares))
    assert (report.task, report.mae) == ("regression", pytest.approx(np.abs(predicted - shares).mean(), rel=1e-4))


def test_shares_are_numbers_even_to_a_cross_entropy():
    """A sigmoid end says two classes, labels between 0 and 1 that these are shares."""
    records = x()
    y = 1 / (1 + np.exp(-records.sum(1)))
    report = rowwise.evaluate(built(1, "sigmoid", "binary_crossentropy"), (records, y))
    assert report.task == "regression"
    pixels = 1 / (1 + np.exp(-records))
    assert rowwise.evaluate(built(5, "sigmoid", "binary_crossentropy"), (pixels, pixels)).task == "regression"


def test_an_autoencoder_gives_its_outputs_and_is_measured_number_by_number():
    records = x()
    model = built(5, None, "mse")
    np.testing.assert_allclose(
        rowwise.predict(model, records).values, model.predict(records, verbose=0), rtol=1e-4, atol=1e-6
    )
    report = rowwise.evaluate(model, (records, records))
    assert report.rmse == pytest.approx(
        np.sqrt(((model.predict(records, verbose=0) - records) ** 2).mean(0)).mean(), rel=1e-4
    )


def test_counts_of_a_poisson_model_are_numbers():
    records, counts = x(), np.random.default_rng(0).poisson(3, RECORDS)
    report = rowwise.evaluate(built(1, "exponential", "poisson"), (records, counts))
    assert report.task == "regression"


@pytest.mark.parametrize("classes", [(0, 1), (-1, 1)])
def test_margins_are_no_probabilities_and_their_sign_is_the_class(classes):
    records = x()
    y = np.where(records[:, 0] > 0, classes[1], classes[0])
    model = built(1, "tanh", "hinge")
    rowwise.fit(model, (records, y), epochs=3, verbose=0)
    margins = model.predict(records, verbose=0)
    prediction, report = rowwise.predict(model, records), rowwise.evaluate(model, (records, y))
    np.testing.assert_allclose(prediction.values, margins, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(prediction.classes, margins[:, 0] > 0)
    assert report.accuracy == pytest.approx(((margins[:, 0] > 0) == (y == 1)).mean())
    assert (report.task, report.loss, report.roc_auc) == ("binary", None, None)
    assert prediction.to_dicts()[0].keys() == {"class", "margins"}


def test_labels_say_what_a_model_that_is_not_compiled_cannot():
    records = x()
    random = np.random.default_rng(1)
    assert rowwise.evaluate(built(3), (records, random.integers(0, 3, RECORDS))).task == "multiclass"
    assert rowwise.evaluate(built(3), (records, np.eye(3)[random.integers(0, 3, RECORDS)])).task == "multiclass"
    assert rowwise.evaluate(built(3), (records, random.integers(0, 2, (RECORDS, 3)))).task == "multilabel"
    assert rowwise.evaluate(built(3), (records, random.normal(size=(RECORDS, 3)))).task == "regression"
    assert rowwise.evaluate(built(1), (records, random.integers(0, 2, RECORDS))).task == "binary"
    assert rowwise.evaluate(built(1), (records, random.integers(0, 2, RECORDS) == 1)).task == "binary"
    assert rowwise.evaluate(built(1), (records, random.integers(0, 28, RECORDS))).task == "regression"
    assert rowwise.evaluate(built(1, "sigmoid", "mse"), (records, random.integers(0, 2, RECORDS))).task == "binary"


def test_a_dataset_says_whether_it_has_classes_or_targets():
    records, labels = x(), np.arange(RECORDS, dtype="int32") % 3
    classes = rowwise.Dataset("made", records, labels, tuple("abc"))
    numbers = rowwise.Dataset("made", records, (labels == 1).astype("float32"), (), targets=("price",))
    assert rowwise.evaluate(built(3), classes).task == "multiclass"
    assert rowwise.evaluate(built(3, "sigmoid", "binary_crossentropy"), classes).task == "multiclass"
    assert rowwise.evaluate(built(1), numbers).task == "regression"
    with pytest.raises(ModelError, match="predicts numbers"):
        rowwise.evaluate(built(1, None, "mse"), classes)


def test_a_task_can_be_named_and_the_report_says_why():
    records, y = x(), (x()[:, 0] > 0).astype("int32")
    model = built(1, None, pinball)
    assert rowwise.predict(model, records, task="regression").values.shape == (RECORDS, 1)
    named = rowwise.predict(model, records, task="binary")
    margins = model.predict(records, verbose=0)[:, 0]
    np.testing.assert_allclose(named.probabilities[:, 1], 1 / (1 + np.exp(-margins)), rtol=1e-4)
    assert rowwise.evaluate(model, (records, y), task="regression").task == "regression"
    report = rowwise.evaluate(model, (records, y), task="classification")
    assert report.task == "binary"
    assert "two classes (as it was named)" in " ".join(str(report).split())
    with use_language("ko"):
        assert "이진 분류(지정한 대로)" in " ".join(str(report).split())
    assert report.to_dict()["task"] == "binary"
    linear = built(3, "sigmoid", "binary_crossentropy")
    np.testing.assert_allclose(
        rowwise.predict(linear, records, task="multiclass").classes, linear.predict(records, verbose=0).argmax(1)
    )


@pytest.mark.parametrize(("units", "task"), [(1, "multiclass"), (1, "multilabel"), (3, "binary"), (1, "ranking")])
def test_a_task_that_makes_no_sense_is_refused(units, task):
    with pytest.raises(UsageError, match=task):
        rowwise.predict(built(units), x(), task=task)


def test_labels_that_the_task_cannot_have_are_refused():
    records = x()
    with pytest.raises(DataError, match=r"found 0\.5"):
        rowwise.evaluate(built(3, "softmax"), (records, np.full(RECORDS, 0.5)))
    with pytest.raises(DataError, match="zeros and ones"):
        rowwise.evaluate(built(3, "sigmoid"), (records, np.full((RECORDS, 3), 7)), task="multilabel")
    with pytest.raises(RowwiseError):
        rowwise.evaluate(built(3, "sigmoid"), (records, np.ones((RECORDS, 4))), task="multilabel")


def test_outputs_of_an_unknown_task_say_so():
    shown = repr(rowwise.predict(built(2), x()))
    assert "as the model gives them" in shown
    assert "task=" in shown
    with pytest.raises(ModelError, match="Name the task"):
        _ = rowwise.predict(built(2), x()).names
    with pytest.raises(ModelError, match=r"\.labels"):
        _ = rowwise.predict(built(2, "sigmoid"), x()).classes
    with pytest.raises(ModelError, match="several labels"):
        _ = rowwise.predict(built(2, "softmax"), x()).labels
