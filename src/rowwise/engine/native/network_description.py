"""Layers, loss and optimizer as plain values → the dictionaries that the extension reads (`read_description.h`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ACTIVATIONS = ("linear", "relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "softmax")
LOSSES = (
    "sparse_categorical_crossentropy",
    "categorical_crossentropy",
    "binary_crossentropy",
    "mean_squared_error",
    "mean_absolute_error",
)
SPARSE = LOSSES[0]
# Of what the last Dense layer gives, before a layer of `models.target_layers` makes targets of it.
OF_TARGET_LAYERS = ("poisson_deviance", "pinball", "ordered_crossentropy")


@dataclass(frozen=True)
class LayerDescription:
    """A layer: `(records, inputs)` → `(records, units)`; those of a Dense layer alone may be of other sizes.

    Attributes:
        activation: one of ACTIVATIONS.
        leak: what leaky_relu multiplies by below zero; alpha of elu.
        bias: whether it has one; of a normalization: whether it has a beta.
        dropout: share of the inputs that training sets to zero; of a Dense layer or an addition of one.
        kind: "dense", "batch_normalization", "layer_normalization" or "addition", of the outputs of those that it
            takes.
        back: whose outputs it takes, an addition those of several: so many layers before it; one more than there are:
            the records.
        kernel: False for a normalization without gamma, which stands in the kernel's place.
        momentum, epsilon: of a normalization: of its moving statistics; what is added to the variance.
        kernel_decays, bias_decays: whether the optimizer's weight decay applies.
        bfloat16: whether a Dense layer multiplies in it, of sums in float32, and what a layer gives before its
            activation is rounded to it, as is that one's gradient.
        rounds_outputs: whether what the activation gives is rounded to it.
    """

    inputs: int
    units: int
    activation: str = "linear"
    leak: float = 0.0
    bias: bool = True
    dropout: float = 0.0
    kernel_l1: float = 0.0
    kernel_l2: float = 0.0
    bias_l1: float = 0.0
    bias_l2: float = 0.0
    kernel_decays: bool = True
    bias_decays: bool = True
    kind: str = "dense"
    back: tuple[int, ...] = (1,)
    kernel: bool = True
    momentum: float = 0.0
    epsilon: float = 0.0
    bfloat16: bool = False
    rounds_outputs: bool = False


@dataclass(frozen=True)
class LossDescription:
    """A loss: its name is one of LOSSES, by default one that takes outputs of any kind, or one of OF_TARGET_LAYERS.

    Attributes:
        levels: of pinball, the quantiles' levels, one for each unit.
    """

    name: str = "mean_squared_error"
    from_logits: bool = False
    label_smoothing: float = 0.0
    levels: tuple[float, ...] = ()


@dataclass(frozen=True)
class OptimizerDescription:
    """A rule, "adam", "nadam", "lion", "sgd" or "rmsprop", and Keras's options of it; those of others are ignored.

    By default SGD, which keeps no state.

    Attributes:
        global_clipnorm, clipnorm, clipvalue: the largest norm of all gradients together, of those of each array, and
            the largest number in them; 0 for any. At most one is not 0.
        averages: whether each weight's average over the steps is kept.
    """

    rule: str = "sgd"
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    momentum: float = 0.0
    nesterov: bool = False
    rho: float = 0.9
    weight_decay: float = 0.0
    global_clipnorm: float = 0.0
    clipnorm: float = 0.0
    clipvalue: float = 0.0
    averages: bool = False


@dataclass(frozen=True)
class NetworkDescription:
    """Layers, each of which takes the outputs of some before it, with all that training them takes.

    Attributes:
        scale, offset: applied to the records before the first layer.
        bytes: whether the records are uint8; they then take no offset and no dropout.
        output_scale, output_offset: applied to the outputs, unit by unit; empty where they stay as they are.
        batch_size: records a step, the last of an epoch excepted.
        rounds_records: whether they are rounded to bfloat16, and again after scale and offset, where they are numbers.
    """

    layers: tuple[LayerDescription, ...]
    loss: LossDescription = field(default_factory=LossDescription)
    optimizer: OptimizerDescription = field(default_factory=OptimizerDescription)
    scale: float = 1.0
    offset: float = 0.0
    bytes: bool = False
    output_scale: tuple[float, ...] = ()
    output_offset: tuple[float, ...] = ()
    batch_size: int = 32
    rounds_records: bool = False

    @property
    def in_bfloat16(self) -> bool:
        """Whether anything is rounded to it: another instruction set runs such a network."""
        return any(layer.bfloat16 or layer.rounds_outputs for layer in self.layers)

    def as_dictionary(self) -> dict[str, Any]:
        """Every field by its name, in dictionaries within dictionaries: all of them, so that defaults are stated
        here and nowhere else."""
        # Not `asdict`, which copies every number deeply: a third of the time that it takes to make a network.
        layers = tuple(dict(vars(layer)) for layer in self.layers)
        return {**vars(self), "layers": layers, "loss": dict(vars(self.loss)), "optimizer": dict(vars(self.optimizer))}
