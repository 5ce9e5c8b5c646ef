"""What is written otherwise for a CPU gives what XLA gives; models of it are trained as Keras trains them."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from jax import lax

import rowwise
from rowwise.engine.cpu_lowering import lowered_for_cpu

random = np.random.default_rng(0)


def normal(*shape):
    return random.normal(size=shape).astype("float32")


def convolved(strides, padding, numbers=("NHWC", "HWIO", "NHWC"), **options):
    return lambda x, w: lax.conv_general_dilated(x, w, strides, padding, dimension_numbers=numbers, **options)


CONVOLUTIONS = {
    "valid": (convolved((1, 1), "VALID"), normal(3, 7, 6, 2), normal(3, 2, 2, 4)),
    "same, strided": (convolved((2, 1), "SAME"), normal(2, 7, 6, 3), normal(3, 3, 3, 2)),
    "dilated": (convolved((1, 1), "SAME", rhs_dilation=(2, 1)), normal(2, 8, 5, 1), normal(2, 3, 1, 3)),
    "channels first": (convolved((1, 1), "SAME", ("NCHW", "OIHW", "NCHW")), normal(2, 3, 5, 6), normal(4, 3, 3, 2)),
    "one axis": (convolved((2,), "VALID", ("NWC", "WIO", "NWC")), normal(2, 9, 3), normal(4, 3, 5)),
    "three axes": (
        convolved((1, 2, 1), "SAME", ("NDHWC", "DHWIO", "NDHWC")),
        normal(2, 3, 4, 3, 2),
        normal(2, 2, 2, 2, 3),
    ),
    "a kernel of one": (convolved((1, 1), "VALID"), normal(2, 3, 3, 5), normal(1, 1, 5, 2)),
    "as large as the picture": (convolved((1, 1), "VALID"), normal(2, 5, 5, 2), normal(5, 5, 2, 3)),
    "transposed": (lambda x, w: lax.conv_transpose(x, w, (2, 2), "SAME"), normal(2, 4, 5, 2), normal(3, 3, 2, 3)),
    "in groups": (convolved((1, 1), "SAME", feature_group_count=2), normal(2, 5, 5, 4), normal(3, 3, 2, 6)),
}
POOLINGS = {
    "largest": (-jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID"),
    "largest, overlapping": (-jnp.inf, lax.max, (1, 3, 2, 1), (1, 2, 1, 1), "SAME"),
    "largest, with gaps": (-jnp.inf, lax.max, (1, 2, 2, 1), (1, 3, 3, 1), "VALID"),
    "sum": (0.0, lax.add, (1, 3, 2, 1), (1, 2, 2, 1), "SAME"),
}


def windows_left(lowered):
    """How many convolutions and poolings XLA gets."""
    text = lowered.as_text()
    return sum(map(text.count, ("stablehlo.convolution", "stablehlo.reduce_window", "stablehlo.select_and_scatter")))


def test_convolutions_and_their_gradients_equal_those_of_xla():
    def all_of_them(operands):
        results = []
        for (function, _, _), (x, w) in zip(CONVOLUTIONS.values(), operands, strict=True):
            gradients = jax.grad(lambda x, w, f=function: jnp.sin(f(x, w)).sum(), (0, 1))(x, w)
            results.append((function(x, w), *gradients))
        return results

    operands = [(x, w) for _, x, w in CONVOLUTIONS.values()]
    fast = lowered_for_cpu(all_of_them, operands)
    assert windows_left(fast) == 4, "the one in groups, forward twice and two gradients"
    both = jax.jit(all_of_them)(operands), fast.compile()(operands)
    for name, theirs, ours in zip(CONVOLUTIONS, *both, strict=True):
        for expected, found in zip(theirs, ours, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5, err_msg=name)


def test_poolings_and_their_gradients_equal_those_of_xla():
    """Also where several numbers of a window are its largest: the first of them has the gradient."""
    x = random.integers(-1, 2, (2, 7, 6, 3)).astype("float32")

    def all_of_them(x):
        results = []
        for arguments in POOLINGS.values():
            weights = 1.0 + jnp.arange(lax.reduce_window(x, *arguments).size, dtype=jnp.float32)
            total = lambda x, a=arguments, w=weights: (lax.reduce_window(x, *a).ravel() * w).sum()  # noqa: E731
            results.append((lax.reduce_window(x, *arguments), jax.grad(total)(x)))
        return results

    fast = lowered_for_cpu(all_of_them, x)
    assert windows_left(fast) == 0
    for name, theirs, ours in zip(POOLINGS, jax.jit(all_of_them)(x), fast.compile()(x), strict=True):
        for expected, found in zip(theirs, ours, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("dtype", ["int32", "int8", "uint8", "bool", "bfloat16", "float16"])
def test_poolings_of_other_numbers_equal_those_of_xla(dtype):
    """Whole numbers have no infinity to fill the edges with."""
    x = jnp.asarray(random.integers(0, 9, (2, 7, 6, 3)) > 4 if dtype == "bool" else random.integers(0, 9, (2, 7, 6, 3)))
    x, window = x.astype(dtype), ((1, 3, 2, 1), (1, 2, 1, 1), "SAME")
    least = False if dtype == "bool" else -jnp.inf if dtype.endswith("float16") else jnp.iinfo(dtype).min

    def function(x):
        largest = lax.reduce_window(
            x, jnp.asarray(least, dtype), lax.bitwise_or if dtype == "bool" else lax.max, *window
        )
        return largest, lax.reduce_window(x.astype("int32"), 0, lax.add, *window)

    for expected, found in zip(jax.jit(function)(x), lowered_for_cpu(function, x).compile()(x), strict=True):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(np.asarray(found, "float32"), np.asarray(expected, "float32"))


def test_random_numbers_are_those_of_jax_to_the_bit():
    shapes = [(), (3,), (4, 6), (5, 3, 7)]

    def function(key):
        drawn = [jax.random.bits(key, shape, dtype) for shape in shapes for dtype in ("uint8", "uint16", "uint32")]
        return drawn, jax.random.bernoulli(key, 0.3, (32, 9)), jax.random.normal(jax.random.split(key)[1], (4,))

    key = jax.random.key(7)
    fast = lowered_for_cpu(function, key)
    assert fast.as_text().count("func private @threefry2x32") == 1, "of the split"
    expected, found = jax.tree.leaves(jax.jit(function)(key)), jax.tree.leaves(fast.compile()(key))
    assert all(np.array_equal(theirs, ours) for theirs, ours in zip(expected, found, strict=True))


def test_a_function_without_windows_is_left_as_it_was():
    def function(x):
        return {"norm": jnp.linalg.norm(jax.nn.softmax(x)), "sum": x.sum()}

    x = normal(3, 4)
    assert lowered_for_cpu(function, x).as_text() == jax.jit(function).lower(x).as_text()


def test_what_stands_in_a_loop_is_replaced_too():
    """A loop over the steps of an epoch, say; what it closes over and carries comes back in its place."""
    x, kernel = normal(4, 2, 5, 5, 2), normal(3, 3, 2, 2)

    def function(x, kernel, steps):
        def step(number, carry):
            total, key = carry
            key, other = jax.random.split(key)
            kept = jax.random.bernoulli(other, 0.5, x.shape[1:])
            return total + convolved((1, 1), "SAME")(jnp.where(kept, x[number], 0.0), kernel), key

        total, key = lax.fori_loop(0, steps, step, (jnp.zeros((2, 5, 5, 2)), jax.random.key(3)))
        return {"total": total, "key": jax.random.key_data(key)}

    fast = lowered_for_cpu(function, x, kernel, 3)
    assert windows_left(fast) == 0
    expected, found = jax.jit(function)(x, kernel, 3), fast.compile()(x, kernel, 3)
    np.testing.assert_allclose(found["total"], expected["total"], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found["key"], expected["key"])


@pytest.mark.slow
def test_a_convolutional_network_is_trained_as_keras_trains_it():
    x, y = normal(70, 9, 9, 1), random.integers(0, 3, 70)

    def built():
        keras.utils.set_random_seed(1)
        layers = keras.layers
        model = keras.Sequential(
            [
                keras.Input((9, 9, 1)),
                layers.Conv2D(4, 3, activation="relu"),
                layers.BatchNormalization(),
                layers.MaxPooling2D(),
                layers.Conv2D(5, 2, padding="same", strides=2),
                layers.AveragePooling2D(2, padding="same"),
                layers.Flatten(),
                layers.Dense(3),
            ]
        )
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
        return model

    ours, theirs = built(), built()
    fits = [
        rowwise.fit(model, x, y, epochs=2, validation_split=0.2, engine=engine, verbose=0).history
        for model, engine in ((ours, "whole_epoch"), (theirs, "keras"))
    ]
    assert fits[0].keys() == fits[1].keys()
    for name in fits[0]:
        np.testing.assert_allclose(fits[0][name], fits[1][name], rtol=1e-5)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-6)
