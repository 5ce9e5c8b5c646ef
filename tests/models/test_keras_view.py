"""What rowwise reads of Keras without Keras's promise, a test each. Its failure says what a new release has broken."""

import sys
import threading
from contextlib import contextmanager
from functools import cache

import jax.monitoring
import keras
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rowwise
from rowwise.data.dataset import Dataset
from rowwise.models import keras_view
from rowwise.models.keras_view import process
from rowwise.models.kinds import is_a, kind_of
from rowwise.models.plain import PlainLoss
from rowwise.runs.model_file import read_plain

L = keras.layers


@contextmanager
def relies_on(part, reader):
    """Whatever fails within the block is named as what it is: another Keras than `reader` was written for."""
    try:
        yield
    except Exception as error:
        pytest.fail(
            f"Keras {keras.__version__} no longer has {part} as it was: "
            f"rowwise.models.keras_view.{reader} relies on it ({type(error).__name__}: {error})"
        )


def net(*layers, units=3, features=4, **options):
    model = keras.Sequential([keras.Input((features,)), *layers, L.Dense(units, "softmax", name="classes")])
    model.compile(**{"optimizer": "adam", "loss": "sparse_categorical_crossentropy"} | options)
    return model


def built(model, records=5):
    """With all the variables that training needs."""
    keras_view.build_from_shapes(model, batch(records))
    return model


def batch(records=5):
    return (jax.ShapeDtypeStruct((records, 4), np.float32), jax.ShapeDtypeStruct((records,), np.int32))


def pair(records=8):
    random = np.random.default_rng(0)
    return random.random((records, 4), "float32"), random.integers(0, 3, records).astype("int32")


# ---- metrics


def test_the_metric_that_holds_the_loss():
    with relies_on("Model._loss_tracker", "loss_tracker"):
        model = built(net())
        keras_view.loss_tracker(model).update_state(0.5, sample_weight=4)
        keras_view.loss_tracker(model).update_state(2.0, sample_weight=2)
        assert keras_view.metric_results(model) == {"loss": pytest.approx(1.0)}


@cache
def a_net():
    return built(net())


@given(st.floats(width=32), st.integers(0, 1 << 24))
def test_a_mean_is_keras_to_the_bit(total, count):
    with relies_on("Mean.total, Mean.count", "metric_results"):
        model = a_net()
        keras_view.loss_tracker(model).total.assign(total)
        keras_view.loss_tracker(model).count.assign(count)
        found, expected = keras_view.metric_results(model)["loss"], float(model.get_metrics_result()["loss"])
    assume(not 0 < abs(found) < float(np.finfo("float32").tiny))  # of which XLA makes 0
    assert found == expected or (np.isnan(found) and np.isnan(expected))


def test_the_metrics_that_compile_was_given():
    with relies_on("Model._compile_metrics", "compiled_metrics"):
        assert keras_view.compiled_metrics(built(net())) == []
        model = built(net(metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(2)]))
        found = keras_view.compiled_metrics(model)
        assert [type(metric).__name__ for metric in found] == [
            "SparseCategoricalAccuracy",
            "SparseTopKCategoricalAccuracy",
        ]


def test_weighted_metrics_are_told_from_the_others():
    with relies_on("CompileMetrics._user_weighted_metrics", "has_weighted_metrics"):
        assert not keras_view.has_weighted_metrics(built(net()))
        assert not keras_view.has_weighted_metrics(built(net(metrics=["accuracy"])))
        assert keras_view.has_weighted_metrics(built(net(weighted_metrics=["accuracy"])))


def test_metrics_are_updated_as_evaluate_does():
    with relies_on("CompileMetrics.update_state(y, outputs, sample_weight=)", "update_metrics"):
        model = built(net(weighted_metrics=["accuracy"], metrics=[keras.metrics.SparseTopKCategoricalAccuracy(2)]))
        x, y = pair()
        weights = np.arange(len(x), dtype="float32")
        expected = model.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True)
        model.reset_metrics()
        keras_view.update_metrics(model, y, model.predict(x, verbose=0), weights)
        found = keras_view.metric_results(model)
        assert {name: found[name] for name in expected if name != "loss"} == {
            name: pytest.approx(value, rel=1e-5) for name, value in expected.items() if name != "loss"
        }


MEANS = {
    "regression": ["mae", "mse", keras.metrics.RootMeanSquaredError(), keras.metrics.MeanAbsoluteError(name="own")],
    "labels": ["binary_accuracy", keras.metrics.BinaryAccuracy(threshold=0.7)],
    "classes": ["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(2)],  # beside one that is left to Keras
    "one-hot": ["accuracy", keras.metrics.MeanMetricWrapper(keras.metrics.categorical_accuracy, name="wrapped")],
}


@pytest.mark.parametrize("kind", MEANS)
@pytest.mark.parametrize("weighted", [False, True])
def test_means_are_what_keras_gives_for_any_labels_outputs_and_weights(kind, weighted):
    random = np.random.default_rng(3)
    for units in (1, 3) if kind in ("regression", "labels") else (3,):
        records = 257
        outputs = random.random((records, units), "float32")
        y = {
            "regression": random.normal(size=(records, units)).astype("float32"),
            "labels": random.integers(0, 2, (records, units)),
            "classes": random.integers(0, 3, records),
            "one-hot": np.eye(3, dtype="float32")[random.integers(0, 3, records)],
        }[kind]
        y = y[:, 0] if units == 1 and weighted else y
        weights = random.random(records, "float32") if weighted else None
        loss = {"classes": "sparse_categorical_crossentropy", "one-hot": "categorical_crossentropy"}.get(kind, "mse")
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units)])
        clones = [
            keras.metrics.deserialize(keras.metrics.serialize(keras.metrics.get(one)))
            if not isinstance(one, str)
            else one
            for one in MEANS[kind]
        ]
        model.compile("sgd", loss, **{"weighted_metrics" if weighted else "metrics": clones})
        keras_view.build_from_shapes(
            model, tuple(jax.ShapeDtypeStruct((8, *a.shape[1:]), np.float32) for a in (np.zeros((8, 4)), y))
        )
        model._compile_metrics.update_state(y, outputs, sample_weight=weights)
        expected = {name: value for name, value in model.get_metrics_result().items() if name != "loss"}
        model.reset_metrics()
        keras_view.update_metrics(model, y, outputs, weights)
        found = keras_view.metric_results(model)
        assert len(expected) == len(MEANS[kind])
        for name, value in expected.items():
            assert found[name] == pytest.approx(float(value), rel=2e-6), name


CONFUSIONS = {
    "one threshold": lambda m: [m.Precision(), m.Recall(), m.TruePositives(), m.FalseNegatives()],
    "several": lambda m: [m.Precision([0.7, 0.2, 0.5]), m.TrueNegatives([0.9, 0.1]), m.FalsePositives([0.0, 0.5, 1.0])],
    "ROC": lambda m: [m.AUC(), m.AUC(thresholds=[0.9, 0.3]), m.AUC(50, summation_method="majoring")],
    "other curves": lambda m: [m.AUC(curve="PR"), m.AUC(curve="PRGAIN", summation_method="minoring")],
    "constrained": lambda m: [m.PrecisionAtRecall(0.6), m.SensitivityAtSpecificity(0.4, num_thresholds=1)],
    "several outputs": lambda m: [m.Recall(class_id=1), m.AUC(multi_label=True, num_labels=3), m.Precision(top_k=2)],
    "left to Keras": lambda m: [m.AUC(from_logits=True), m.F1Score(threshold=0.5), m.CosineSimilarity(), m.R2Score()],
}


@pytest.mark.parametrize("kind", CONFUSIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_confusions_are_counted_at_the_thresholds_of_keras(kind, weighted):
    random = np.random.default_rng(4)
    units, records = 3 if kind == "several outputs" else 1, 201
    outputs = random.random((records, units), "float32")
    outputs[:100] = np.round(outputs[:100], 1)  # on the thresholds themselves, and at 0 and 1
    outputs[100:140] = np.float32(np.arange(40)[:, None] * 5) / np.float32(199)  # AUC's own
    y = random.integers(0, 2, (records, units)).astype("float32")
    weights = random.random(records, "float32") if weighted else None
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units)])
    metrics = CONFUSIONS[kind](keras.metrics)
    model.compile("sgd", "mse", **{"weighted_metrics" if weighted else "metrics": metrics})
    shapes = [jax.ShapeDtypeStruct((8, *shape), np.float32) for shape in ((4,), (units,))]
    keras_view.build_from_shapes(model, tuple(shapes))
    with relies_on("what metrics count confusions with", "update_metrics"):
        for rows in (slice(150), slice(150, None)):  # what comes later is added
            model._compile_metrics.update_state(y[rows], outputs[rows], None if weights is None else weights[rows])
        held = [[np.asarray(variable) for variable in metric.variables] for metric in metrics]
        expected = {name: np.asarray(value) for name, value in model._compile_metrics.result().items()}
        model.reset_metrics()
        for rows in (slice(150), slice(150, None)):
            keras_view.update_metrics(model, y[rows], outputs[rows], None if weights is None else weights[rows])
        for metric, variables in zip(metrics, held, strict=True):
            for found, value in zip(metric.variables, variables, strict=True):
                np.testing.assert_allclose(np.asarray(found), value, rtol=2e-5, atol=2e-5)
        found = keras_view.metric_results(model)
    assert found.keys() - {"loss"} == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=5e-6, err_msg=name)


def test_outputs_that_are_no_numbers_are_counted_as_keras_does():
    outputs, y = np.array([[np.nan], [0.2], [np.inf]], "float32"), np.array([1, 0, 1])
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[keras.metrics.Precision(), keras.metrics.AUC()])
    keras_view.build_from_shapes(
        model, (jax.ShapeDtypeStruct((3, 4), np.float32), jax.ShapeDtypeStruct((3,), np.int32))
    )
    model._compile_metrics.update_state(y, outputs)
    expected = {name: float(value) for name, value in model._compile_metrics.result().items()}
    model.reset_metrics()
    keras_view.update_metrics(model, y, outputs)
    found = keras_view.metric_results(model)
    assert {name: found[name] for name in expected} == pytest.approx(expected, nan_ok=True)


def test_metrics_of_one_name_are_numbered_as_keras_does():
    model = built(net(metrics=["accuracy"], weighted_metrics=["accuracy"]))
    x, y = pair()
    expected = model.evaluate(x, y, verbose=0, return_dict=True)
    assert keras_view.metric_results(model).keys() == expected.keys()


def test_the_function_of_a_metric():
    with relies_on("MeanMetricWrapper._fn", "mean_function"):
        (metric,) = keras_view.compiled_metrics(built(net(metrics=["accuracy"])))
        assert keras_view.mean_function(metric) is keras.metrics.sparse_categorical_accuracy
        assert keras_view.mean_function(keras.metrics.AUC()) is None


def test_a_mean_is_a_total_and_a_count():
    with relies_on("Mean.total and Mean.count", "add_to_mean"):
        metric = keras.metrics.SparseCategoricalAccuracy()
        keras_view.add_to_mean(metric, 3, 4)
        keras_view.add_to_mean(metric, 0, 2)
        assert float(metric.result()) == pytest.approx(0.5)


def own_accuracy(y_true, y_pred):
    return keras.metrics.sparse_categorical_accuracy(y_true, y_pred)


def test_keras_metrics_are_told_from_the_users_and_from_losses():
    with relies_on("keras.src.metrics and keras.src.losses.losses, the modules of its metrics,", "sums_over_records"):
        for name in ("accuracy", "sparse_categorical_crossentropy"):
            (metric,) = keras_view.compiled_metrics(built(net(metrics=[name])))
            assert keras_view.sums_over_records(metric)
        for metric in (keras.metrics.MeanSquaredError(), keras.metrics.F1Score(), keras.metrics.AUC()):
            assert keras_view.sums_over_records(metric)
        for users in (own_accuracy, keras.losses.SparseCategoricalCrossentropy()):
            (metric,) = keras_view.compiled_metrics(built(net(metrics=[users])))
            assert not keras_view.sums_over_records(metric)


# ---- optimizers


def test_the_learning_rate_is_a_variable_or_the_users_schedule():
    with relies_on("Optimizer._learning_rate", "learning_rate_of"):
        schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)
        assert keras_view.learning_rate_of(keras.optimizers.Adam(schedule)) is schedule
        variable = keras_view.learning_rate_of(keras.optimizers.Adam(0.25))
        assert isinstance(variable, keras.Variable)
        assert float(variable.value) == 0.25


@pytest.mark.parametrize(
    ("optimizer", "slots"),
    [
        (lambda: keras.optimizers.Adam(), ("momentum", "velocity")),
        (lambda: keras.optimizers.AdamW(), ("momentum", "velocity")),
        (lambda: keras.optimizers.Nadam(), ("momentum", "velocity")),
        (lambda: keras.optimizers.Lion(), ("momentum",)),
        (lambda: keras.optimizers.SGD(), ()),
        (lambda: keras.optimizers.Lion(use_ema=True), ("momentum", "average")),
        (lambda: keras.optimizers.SGD(momentum=0.9), ("momentum",)),
        (lambda: keras.optimizers.RMSprop(), ("velocity",)),
        (lambda: keras.optimizers.RMSprop(momentum=0.5), ("velocity", "momentum")),
    ],
)
def test_the_slots_of_an_optimizer(optimizer, slots):
    reader = "optimizer_slots"
    with relies_on("_get_variable_index, _momentums, _velocities, momentums or averages of an optimizer", reader):
        model = net(L.Dense(2), optimizer=optimizer())
        model.optimizer.build(model.trainable_variables)
        kernels = [model.layers[1].kernel, model.layers[0].kernel]
        found = keras_view.optimizer_slots(model.optimizer, kernels)
        assert [slot.shape for slot in found] == [kernel.shape for kernel in kernels] * len(slots)
        assert [slot.path.rpartition("_")[2] for slot in found] == [slot for slot in slots for _ in kernels]


def test_the_product_of_nadams_momentums():
    with relies_on("Nadam._u_product", "nadam_product"):
        model = net(optimizer=keras.optimizers.Nadam(beta_1=0.5))
        model.fit(np.zeros((4, 4)), np.zeros(4), batch_size=2, verbose=0)
        expected = np.prod([0.5 * (1 - 0.5 * 0.96**step) for step in (1, 2)])
        assert float(keras_view.nadam_product(model.optimizer).value) == pytest.approx(expected, rel=1e-6)


def test_which_variables_weight_decay_leaves_out():
    with relies_on("Optimizer._use_weight_decay", "decays"):
        model = net()
        optimizer = keras.optimizers.AdamW(weight_decay=0.1)
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        optimizer.build(model.trainable_variables)
        kernel, bias = model.trainable_variables
        assert (keras_view.decays(optimizer, kernel), keras_view.decays(optimizer, bias)) == (True, False)


# ---- losses


@pytest.mark.parametrize("name", sorted({keras_view.SPARSE, *keras_view.ELEMENTWISE}))
def test_a_loss_is_known_by_name_function_and_class(name):
    with relies_on(f"keras.losses.{name}, or a class with its function as `fn`,", "named_loss"):
        assert keras_view.named_loss(getattr(keras.losses, name)).name == name
        known = {
            keras_view.named_loss(kind).name
            for kind in vars(keras.losses).values()
            if isinstance(kind, type) and keras_view.named_loss(kind) is not None
        }
        assert name in known


def test_the_options_of_a_loss():
    with relies_on("from_logits and ignore_class of a loss", "named_loss"):
        loss = keras_view.named_loss(keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2))
        assert loss == keras_view.Loss("sparse_categorical_crossentropy", True, 2)


def test_a_class_of_the_users_is_no_loss_of_keras():
    class Own(keras.losses.MeanSquaredError):
        pass

    assert keras_view.named_loss(Own()) is None
    assert keras_view.named_loss(lambda y_true, y_pred: y_pred) is None


def test_weights_of_losses_are_seen():
    with relies_on("CompileLoss._user_loss_weights", "has_loss_weights"):
        assert not keras_view.has_loss_weights(built(net()))
        assert keras_view.has_loss_weights(built(net(loss_weights=[2.0])))


# ---- layers and graphs


def test_a_model_made_of_inputs_and_outputs_is_functional():
    with relies_on(
        "keras.src.models.functional.Functional, the class of keras.Model(inputs, outputs),", "is_functional"
    ):
        records = keras.Input((4,))
        assert keras_view.is_functional(keras.Model(records, L.Dense(2)(records)))
        assert not keras_view.is_functional(net())

        class Own(keras.Model):
            pass

        assert not keras_view.is_functional(Own())


def test_an_addition_is_a_layer_or_an_operation():
    with relies_on("keras.src.ops.numpy.Add, the operation of a + b,", "is_addition"):
        records = keras.Input((4,))
        for added in (records + records, L.Add()([records, records]), keras.ops.add(records, records)):
            assert keras_view.is_addition(keras_view.producer(added))
        for other in (records - records, L.Concatenate()([records, records])):
            assert not keras_view.is_addition(keras_view.producer(other))


def test_the_calls_of_a_layer_and_what_made_a_tensor():
    with relies_on("Operation._inbound_nodes, with input_tensors and output_tensors,", "calls_of"):
        records, dense = keras.Input((4,)), L.Dense(4)
        between = dense(records)
        output = dense(between)
        first, second = keras_view.calls_of(dense)
        assert (first.input_tensors[0], first.output_tensors[0]) == (records, between)
        assert (second.input_tensors[0], second.output_tensors[0]) == (between, output)
    with relies_on("KerasTensor._keras_history", "producer"):
        assert keras_view.producer(output) is dense
        assert keras_view.producer(np.zeros(3)) is None


def test_a_graph_in_the_order_of_computation():
    with relies_on("Functional.operations, _nodes_by_depth and Sequential._functional", "graph_calls"):
        records, dense = keras.Input((4,), name="records"), L.Dense(4, name="dense")
        twice = keras.Model(records, dense(dense(records)))
        found = [(layer.name, call is not None) for layer, call in keras_view.graph_calls(twice)]
        assert found == [("records", True), ("dense", True), ("dense", True)]
        found = [layer.name for layer, call in keras_view.graph_calls(net(L.Dense(2, name="first"))) if call]
        assert found[1:] == ["first", "classes"]
        unbuilt = keras.Sequential([L.Dense(2, name="first")])
        assert [(layer.name, call) for layer, call in keras_view.graph_calls(unbuilt)] == [("first", None)]


def test_the_sizes_of_an_attention_layer():
    with relies_on("MultiHeadAttention._num_heads and _key_dim", "attention_sizes"):
        assert keras_view.attention_sizes(L.MultiHeadAttention(3, 5)) == {"num_heads": 3, "key_dim": 5}
        assert keras_view.attention_sizes(L.Dense(2)) == {}


@pytest.mark.parametrize(
    ("end", "activation"),
    [
        (L.Dense(3, "gelu"), "gelu"),
        (L.Dense(3), "linear"),
        (L.Dense(3, lambda x: x), None),
        (L.Activation("tanh"), "tanh"),
        (L.Softmax(), "softmax"),
        (L.ReLU(), "relu"),
        (L.LeakyReLU(), "leaky_relu"),
        (L.ELU(), "elu"),
    ],
)
def test_what_a_model_ends_with(end, activation):
    with relies_on("the names and modules of keras.activations", "output_of"):
        output = keras_view.output_of(keras.Sequential([keras.Input((3,)), end, L.Dropout(0.5)]))
        assert (output.activation, output.units) == (activation, 3)
        assert output.layer == keras_view.layer_title(end)
        records = keras.Input((3,))
        assert keras_view.output_of(keras.Model(records, end(records))).activation == activation


def test_layers_in_a_row_and_their_kernels():
    model = keras.Sequential(
        [keras.Input((4,)), keras.Sequential([L.Dense(5, name="inner")]), L.Dense(2, name="outer")]
    )
    assert [layer.name for layer in keras_view.flat_layers(model)] == ["inner", "outer"]
    assert [kernel.shape for kernel in keras_view.dense_kernels(model)] == [(4, 5), (5, 2)]
    assert keras_view.input_shape(model) == (None, 4)
    assert keras_view.input_shape(keras.Sequential([L.Dense(2)])) is None


# ---- the model as a whole


def test_variables_are_made_from_shapes_alone():
    with relies_on("Trainer._symbolic_build(data_batch=)", "build_from_shapes"):
        model = net(metrics=["accuracy"])
        assert keras_view.compiled_metrics(model) == []
        keras_view.build_from_shapes(model, batch())
        assert model.optimizer.built
        assert len(model.metrics_variables) == 4  # a sum and a count each, of the loss and of accuracy


def test_a_loss_is_built_as_by_a_trace():
    with relies_on("Trainer._compile_loss.build(y_true, y_pred)", "build_loss"):
        traced, built = net(), net()
        keras_view.build_from_shapes(traced, batch())
        keras_view.build_loss(built)
        keras_view.build_from_shapes(built, ())  # which looks at no batch, since nothing is left but the optimizer
        assert built.optimizer.built
        y, outputs = np.array([0, 2]), np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]], np.float32)
        losses = [float(model.compute_loss(y=y, y_pred=outputs)) for model in (traced, built)]
        assert losses[0] == losses[1]
        assert len(built.metrics_variables) == len(traced.metrics_variables)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "nadam", "lion", "rmsprop", "sgd", "adagrad"])
def test_slots_are_keras_s_own(optimizer):
    with relies_on("Optimizer.add_variable_from_reference(variable, name, initializer)", "build_optimizer"):
        by_keras, uncompiled = net(optimizer=optimizer), net(optimizer=optimizer)
        by_keras.optimizer.build(by_keras.trainable_variables)
        keras_view.build_optimizer(uncompiled)
        own, made = by_keras.optimizer.variables, uncompiled.optimizer.variables
        for one, other in zip(made, own, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy(), strict=True)
        assert "add_variable_from_reference" not in vars(uncompiled.optimizer)


def test_a_shape_that_is_new_needs_no_program_of_xla():
    x, y = np.random.default_rng(0).normal(size=(40, 37)).astype(np.float32), np.arange(40) % 3
    data = Dataset("drawn", x, y.astype(np.int32), ("a", "b", "c"))
    rowwise.fit(rowwise.dense(data, (5,), dropout=0.1, seed=0), data, epochs=1, verbose=0)
    model, events = rowwise.dense(data, (41,), dropout=0.1, seed=0), []

    def heard(event, seconds, **about):
        events.append(event)

    jax.monitoring.register_event_duration_secs_listener(heard)
    try:
        keras_view.build_optimizer(model)
        second = rowwise.dense(data, (43,), dropout=0.1, seed=0)
    finally:
        jax.monitoring.unregister_event_duration_listener(heard)
    assert second.layers[-1].kernel.shape == (43, 3)
    assert [event for event in events if "backend_compile" in event] == []


def test_a_step_of_the_users_own_is_seen():
    class Own(keras.Sequential):
        def train_step(self, state, data):
            return super().train_step(state, data)

    class Tested(keras.Sequential):
        def test_step(self, state, data):
            return super().test_step(state, data)

    with relies_on("train_step and test_step of keras.Model", "overridden_step"):
        assert keras_view.overridden_step(net()) is None
        assert keras_view.overridden_step(Own([L.Dense(2)])) == "train_step"
        assert keras_view.overridden_step(Tested([L.Dense(2)])) == "test_step"
        assert (keras_view.has_own_train_step(net()), keras_view.has_own_train_step(Own([L.Dense(2)]))) == (False, True)


def test_the_steps_of_keras_are_stateless():
    reader = "overridden_step (and the engine whole_epoch)"
    with relies_on("JAXTrainer.train_step(state, data), whose state is four lists of values,", reader):
        model = built(net(L.Dropout(0.5), metrics=["accuracy"]), 8)
        state = tuple(
            [variable.value for variable in group]
            for group in (
                model.trainable_variables,
                model.non_trainable_variables,
                model.optimizer.variables,
                model.metrics_variables,
            )
        )
        _, new = model.train_step(state, pair())
        assert [len(group) for group in new] == [len(group) for group in state]
        _, tested = model.test_step((state[0], state[1], state[3]), pair())
        assert [len(group) for group in tested] == [len(state[0]), len(state[1]), len(state[3])]


def test_backup_and_restore_tells_the_model_where_to_begin(tmp_path):
    with relies_on("Trainer._initial_epoch, set by BackupAndRestore,", "initial_epoch_of"):
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)
        net().fit(*pair(), epochs=2, callbacks=[backup], verbose=0)
        model = built(net())
        assert keras_view.initial_epoch_of(model, 1) == 1
        again = keras.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)
        again.set_model(model)
        again.on_train_begin()
        assert keras_view.initial_epoch_of(model, 0) == 2
        keras_view.forget_initial_epoch(model)
        assert keras_view.initial_epoch_of(model, 1) == 1


def test_the_states_of_random_layers():
    with relies_on("the name seed_generator_state", "seed_states"):
        model = net(L.Dropout(0.5, seed=1), L.Dense(3), L.GaussianNoise(0.1, seed=2))
        states = keras_view.seed_states(model)
        assert [int(np.asarray(state.value).ravel()[0]) for state in states] == [1, 2]
        assert all(state.shape == (2,) and str(state.dtype) == "uint32" for state in states)


@pytest.mark.parametrize(
    ("options", "within"),
    [
        ({"update_freq": "epoch", "profile_batch": 0}, False),
        ({"update_freq": "batch", "profile_batch": 0}, True),
        ({"update_freq": 7, "profile_batch": 0}, True),
        # With JAX it profiles on Python 3.12 and later only, and says so.
        ({"update_freq": "epoch", "profile_batch": (2, 3)}, sys.version_info >= (3, 12)),
    ],
)
@pytest.mark.filterwarnings("ignore:Profiling with the jax backend")
def test_a_tensorboard_that_works_within_epochs_is_told(tmp_path, options, within):
    with relies_on("TensorBoard.update_freq, _should_trace and _start_batch", "works_within_epochs"):
        assert keras_view.works_within_epochs(keras.callbacks.TensorBoard(tmp_path, **options)) is within


# ---- calls


def test_the_arguments_of_a_call_that_failed_are_found():
    part = "the frames of a failing call: error_handler with fn, args, kwargs, then the function itself,"
    with relies_on(part, "failed_calls"):
        model, x = net(L.Dense(2, name="first")), np.zeros((5, 7), "float32")
        failed = []
        with keras_view.unfiltered_tracebacks():
            for call in (lambda: model.fit(x, np.zeros(5), batch_size=5, verbose=0), lambda: model.layers[0](x)):
                try:
                    call()
                except Exception as error:
                    failed.append(next(keras_view.failed_calls(error)))
        (name, arguments), (layer_call, of_layer) = failed
        assert (name, arguments["self"], arguments["batch_size"]) == ("fit", model, 5)
        assert arguments["x"] is x
        assert (layer_call, of_layer["self"].name) == ("__call__", "first")
        assert of_layer["args"][0] is x


def test_an_error_of_the_users_own_code_is_not_taken_for_keras():
    class Own(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            raise ValueError("mine")

    with keras_view.unfiltered_tracebacks(), pytest.raises(ValueError) as caught:
        net().fit(*pair(), callbacks=[Own()], verbose=0)
    assert list(keras_view.failed_calls(caught.value)) == []


@pytest.mark.parametrize("when", ["first batch", "second batch"])
def test_a_model_whose_training_failed_gets_its_values_back(when):
    class Interrupting(keras.utils.PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            if index == (when == "second batch"):
                raise MemoryError("no room")
            return pair()

    with relies_on("jax_state_sync, Variable._value and the local variable `state` of fit", "restore_values"):
        model = net()
        before = model.get_weights()
        with keras_view.unfiltered_tracebacks():
            try:
                model.fit(Interrupting(), verbose=0)
            except MemoryError as error:
                keras_view.restore_values(error)
        after = model.get_weights()
        assert [w.shape for w in after] == [w.shape for w in before]
        assert all(np.isfinite(w).all() for w in after)


def test_methods_are_intercepted_within_the_block_only():
    with relies_on("fit, evaluate and predict as methods that keras.Model inherits", "intercepted"):
        seen, model = [], net()
        with keras_view.intercepted(("evaluate", "predict"), seen.append):
            with keras_view.intercepted(("evaluate", "predict"), seen.append):
                model.predict(pair()[0], verbose=0)
            model.evaluate(*pair(), verbose=0)
        model.predict(pair()[0], verbose=0)
        assert [(call.method, call.model) for call in seen] == [("predict", model), ("evaluate", model)]
        assert set(seen[1].arguments()) >= {"x", "y", "verbose"}
        assert "predict" not in vars(keras.Model)


def test_the_shapes_of_a_configuration_that_nobody_could_build():
    with relies_on("deserialize_keras_object under jax.eval_shape", "shapes_of_config"):
        config = keras.saving.serialize_keras_object(net(L.Dense(5, name="wide")))
        config["config"]["layers"][1]["config"]["units"] = 10**9
        config["config"]["layers"][2]["build_config"]["input_shape"] = [None, 10**9]
        shapes = keras_view.shapes_of_config(config)
        assert [shape for _, shape in shapes.weights] == [(4, 10**9), (10**9,), (10**9, 3), (3,)]
        assert shapes.largest == ("wide", 10**9)


def test_jax_says_whether_it_has_started():
    jax.devices()
    with relies_on("jax._src.xla_bridge.backends_are_initialized", "check_not_forked"):
        assert process.jax_has_started()
    process.check_not_forked()  # this process was not forked from one that used JAX


def test_a_batch_that_keras_would_train_on_is_known_by_its_shapes():
    with relies_on("_compute_loss, compute_metrics, and keras.src.backend.compute_output_spec", "would_train"):
        x, y = np.zeros((5, 4), "float32"), np.zeros(5, "int32")
        model = net()
        before = model.get_weights()
        assert keras_view.would_train(model, (x, y, np.ones(5, "float32")))
        assert keras_view.would_train(model, (x, y[:, None]))
        assert not keras_view.would_train(model, (x[:, :3], y))
        assert not keras_view.would_train(model, (x, np.zeros((5, 3), "float32")))
        assert not keras_view.would_train(model, (x,))
        assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True))


class Numbered(keras.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return np.full((2, 4), index, "float32"), np.zeros(2, "int32")


def test_batches_of_a_source_come_epoch_after_epoch():
    with relies_on("EpochIterator and the adapters of keras.src.trainers", "EpochBatches"):
        assert keras_view.gives_batches(Numbered())
        assert keras_view.gives_batches(value for value in ())
        assert not any(keras_view.gives_batches(x) for x in (np.zeros(3), [1], {"a": 1}, iter([]), None))
        batches, model = keras_view.EpochBatches(Numbered(), steps=None), net()
        assert batches.steps == 3
        np.testing.assert_array_equal(batches.build(model)[0], np.zeros((2, 4)))
        assert model.optimizer.built
        for _ in range(2):
            assert [int(x[0, 0]) for x, _ in batches.epoch()] == [0, 1, 2]
        endless = ((np.full((2, 4), number, "float32"), np.zeros(2, "int32")) for number in range(100))
        batches = keras_view.EpochBatches(endless, steps=2)
        batches.build(model)
        assert [[int(x[0, 0]) for x, _ in batches.epoch()] for _ in range(2)] == [[0, 1], [2, 3]]
        assert keras_view.gives_batches(batches.adapter)


def test_x_alone_comes_as_fit_gives_it_to_a_train_step():
    with relies_on("PyDatasetAdapter._standardize_batch", "Bare"):

        class Alone(Numbered):
            def __getitem__(self, index):
                return (super().__getitem__(index)[0],)

        batches = keras_view.EpochBatches(keras_view.Bare(Alone(), class_weight=None))
        assert [batch.shape for batch in batches.epoch()] == [(2, 4)] * 3


def test_a_layer_that_was_given_a_trainers_methods_is_a_model():
    with relies_on("keras.src.trainers.trainer.Trainer as what makes a layer trainable", "is_model"):
        trainer = next(base for base in keras.Model.__mro__ if base.__module__ == "keras.src.backend.jax.trainer")

        class Both(trainer, L.Layer):
            def __init__(self):
                L.Layer.__init__(self)
                trainer.__init__(self)

        assert keras_view.is_model(Both())
        assert keras_view.is_model(net())
        assert not keras_view.is_model(L.Dense(3))
        assert not keras_view.is_model([])


def test_callbacks_of_keras_are_told_from_a_users_own():
    class Own(keras.callbacks.EarlyStopping):
        pass

    assert keras_view.is_of_keras(keras.callbacks.EarlyStopping)
    assert not keras_view.is_of_keras(Own)


@pytest.mark.parametrize("name", keras_view.LOSS_CLASSES)
def test_the_class_of_a_loss_computes_its_function(name):
    with relies_on(name, "losses"):
        loss = getattr(keras.losses, keras_view.LOSS_CLASSES[name])()
        assert keras_view.named_loss(loss) == keras_view.named_loss(name) == keras_view.Loss(name)


def test_a_use_of_a_variable_is_noticed_once_and_before_it():
    with relies_on("Variable._value, which holds what every use of a variable reads and writes", "before_use"):
        model = built(net())
        kernel, bias = model.trainable_variables[:2]
        uses = {
            "read": lambda: np.asarray(kernel),
            "compute": lambda: kernel + 1,
            "weights": model.get_weights,
            "call": lambda: model(pair()[0]),
            "assign": lambda: kernel.assign(kernel.value * 0),
            "add": lambda: bias.assign_add(bias.value),
            "rate": lambda: setattr(model.optimizer, "learning_rate", 0.1),
            "metric": lambda: model.metrics[0].result(),
        }
        every = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
        for name, use in uses.items():
            order, kind = [], type(kernel)
            with keras_view.before_use(every, lambda order=order: order.append("noticed")):
                assert not order
                use()
                order.append("used")
                use()
            assert order == ["noticed", "used"], name
            assert type(kernel) is kind
        with keras_view.before_use(every, lambda: pytest.fail("noticed without a use")):
            assert model.count_params() == 15
            assert kernel.shape == (4, 3)
        assert type(kernel) is kind


def test_a_use_by_another_thread_waits_until_the_call_has_ended():
    with relies_on("Variable._value, which every use reads", "before_use"):
        kernel = built(net()).trainable_variables[0]
        seen, calls = [], []
        other = threading.Thread(target=lambda: seen.append(float(np.asarray(kernel).max())))

        def call():
            calls.append(threading.get_ident())
            other.start()
            other.join(0.2)  # it does not end before the call has
            kernel.assign(kernel.value * 0 + 5)

        with keras_view.before_use([kernel], call):
            first = threading.Thread(target=lambda: seen.append(float(np.asarray(kernel).max())))
            first.start()
            first.join()
            other.join()
        assert seen == [5, 5]
        assert len(calls) == 1
        with keras_view.before_use([kernel], lambda: calls.append(0)) as now:
            now()
            now()
        assert len(calls) == 2


def test_seeds_that_a_script_gives():
    with relies_on(
        "get_random_seed, Layer._seed_generators and the seed of random layers", "global_seed, seeded_layers"
    ):
        keras.utils.set_random_seed(41)
        assert keras_view.global_seed() == 41
        given = L.LSTM(2, dropout=0.1, seed=3, name="lstm")
        model = net(L.Dropout(0.1, seed=7, name="mine"), L.Dropout(0.2), L.Reshape((4, 1)), given)
        assert set(keras_view.seeded_layers(model).values()) == {7, 3}


def test_python_that_runs_at_each_step():
    with relies_on("Trainer._jit_compile and the metrics as given", "python_at_each_step"):

        def own(y, outputs):
            return keras.ops.mean(outputs)

        assert keras_view.python_at_each_step(net(jit_compile=False)) is None
        assert keras_view.python_at_each_step(net(metrics=[own])) is None
        assert keras_view.python_at_each_step(net(metrics=[own], jit_compile=False)) == "own"
        assert keras_view.python_at_each_step(net(L.Lambda(lambda x: x), jit_compile=False)) == "<lambda>"
        assert keras_view.python_at_each_step(net(loss={"classes": own}, jit_compile=False)) == "own"


def test_classes_of_layers_have_names_of_their_own():
    """`kinds` tells them by it, without importing Keras; a user's class of the same name is none of them."""
    with relies_on("the modules of Keras's classes", "kind_of, is_a"):
        layers = [one for one in vars(L).values() if isinstance(one, type) and issubclass(one, keras.Layer)]
        by_name = {}
        for one in layers:
            assert one.__module__.startswith("keras.src.")
            assert by_name.setdefault(one.__name__, one) is one
        assert len(by_name) > 100
        assert [kind_of(L.Dense(1)), kind_of(net()), kind_of(keras.losses.Huber())] == ["Dense", "Sequential", "Huber"]

        class Dense(L.Dense):
            pass

        own = Dense(1)
        assert (kind_of(own), is_a(own, "Dense"), is_a(own, "Layer"), is_a(own, "Model")) == ("", True, True, False)
        assert is_a(net(), "Model", "Dropout")
        assert not is_a(None, "Layer")


@pytest.mark.parametrize("name", keras_view.LOSS_CLASSES)
def test_a_loss_read_from_a_file_is_what_keras_makes_of_it(name):
    with relies_on("the functions of keras.losses", "named_loss"):
        written = keras.saving.serialize_keras_object(name)
        assert keras_view.named_loss(PlainLoss(keras_view.LOSS_CLASSES[name], name)) == keras_view.named_loss(written)


def test_settings_of_the_process_that_are_not_keras_s_own_are_keras_s_to_heed(tmp_path):
    with relies_on("keras.config", "keras_settings"):
        file = tmp_path / "m.keras"
        keras.Sequential([keras.Input((4,)), L.Dense(3)]).save(file)
        assert read_plain(file) is not None
        before = keras.config.epsilon()
        keras.config.set_epsilon(1e-3)
        try:
            assert read_plain(file) is None
        finally:
            keras.config.set_epsilon(before)
