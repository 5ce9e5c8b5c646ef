"""Networks of one shape, trained from different seeds → one model of Dense layers that gives their mean.

The networks stand side by side in its layers: the first kernel has the units of all of them, those between have a
network's kernel on their diagonal and 0 elsewhere, and the last adds up what each network gives, divided by how many
there are. Of classes the mean is that of the logits. So the mean is a chain of Dense layers like any other: the native
engine predicts with it, and the ledger explains it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from rowwise.models.keras_view import build_optimizer, compile_as, tensor_of
from rowwise.models.piecewise import Encoded
from rowwise.models.table_features import TableFeatures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


def front_of(model: keras.Model) -> list[keras.Layer]:
    """The layers before the first Dense layer, which learn nothing."""
    return model.layers[: _first_dense(model)]


def features_of(model: keras.Model) -> Callable[[NDArray[Any]], NDArray[np.float32]] | None:
    """What the layers before the first Dense layer of a table's model make of records, in NumPy; None for others."""
    front = front_of(model)
    if not isinstance(front[0], TableFeatures):
        return None
    return front[0].prepare if len(front) == 1 else Encoded(*front)


def _first_dense(model: keras.Model) -> int:
    return next(place for place, layer in enumerate(model.layers) if isinstance(layer, keras.layers.Dense))


def on_records(first: keras.Model, network: keras.Model) -> keras.Model:
    """A network of features as a model of records: what `first` has before its Dense layers goes before the network."""
    inputs = keras.Input(first.input_shape[1:], name="records")
    model = keras.Sequential([inputs, *front_of(first), *network.layers[_first_dense(network) :]], name=network.name)
    model.compile(first.optimizer.__class__(), first.loss)
    return model


def averaged(first: keras.Model, networks: Sequence[keras.Model]) -> keras.Model:
    """The mean of networks as one model of records.

    Args:
        first: a model of records, whose learning layers are as those of the networks; the mean is compiled as it is.
        networks: each a chain of Dense layers, with Dropout between and Rescaling after them; all of the same sizes.
            What stands before the Dense layers is left out: the mean has that of `first`.
    """
    front = front_of(first)
    ends = len(networks)
    chains = [[layer for layer in network.layers if isinstance(layer, keras.layers.Dense)] for network in networks]
    weights = iter(_side_by_side([[layer.get_weights() for layer in chain] for chain in chains]))
    initializers = []
    layers: list[keras.Layer] = [keras.Input(first.input_shape[1:], name="records"), *front]
    for layer in networks[0].layers[_first_dense(networks[0]) :]:
        config = layer.get_config()
        if isinstance(layer, keras.layers.Dense) and layer is not chains[0][-1]:
            config["units"] *= ends
        layers.append(made := type(layer).from_config(config))
        if isinstance(made, keras.layers.Dense):
            initializers.append((made, made.kernel_initializer, made.bias_initializer))
            made.kernel_initializer, made.bias_initializer = map(_given, next(weights))
    model = keras.Sequential(layers, name=networks[0].name)
    for made, of_kernel, of_bias in initializers:
        made.kernel_initializer, made.bias_initializer = of_kernel, of_bias  # those that a saved model names
    optimizer = type(first.optimizer).from_config(first.optimizer.get_config())
    compile_as(model, first, optimizer)
    build_optimizer(model)
    return model


def _given(values: NDArray[np.float32]) -> Callable[..., Any]:
    """An initializer that gives these: JAX would compile a random one anew for each shape."""
    return lambda shape, dtype=None: tensor_of(values, dtype)


def _side_by_side(chains: Sequence[Sequence[Sequence[NDArray[np.float32]]]]) -> list[list[NDArray[np.float32]]]:
    """`[network][layer] = (kernel, bias)` → the kernel and bias of each layer of the mean."""
    joined = []
    layers = len(chains[0])
    for place, of_networks in enumerate(zip(*chains, strict=True)):
        kernels, biases = zip(*of_networks, strict=True)
        first, last = place == 0, place == layers - 1
        if first and last:
            joined.append([np.mean(kernels, axis=0), np.mean(biases, axis=0)])
        elif first:
            joined.append([np.concatenate(kernels, axis=1), np.concatenate(biases)])
        elif last:
            joined.append([np.concatenate(kernels) / np.float32(len(kernels)), np.mean(biases, axis=0)])
        else:
            joined.append([_diagonal(kernels), np.concatenate(biases)])
    return joined


def _diagonal(kernels: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    rows, columns = kernels[0].shape
    joined = np.zeros((len(kernels) * rows, len(kernels) * columns), np.float32)
    for place, kernel in enumerate(kernels):
        joined[place * rows : (place + 1) * rows, place * columns : (place + 1) * columns] = kernel
    return joined
