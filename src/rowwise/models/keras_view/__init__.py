"""A Keras model → what rowwise needs of it beyond what Keras promises: the one door to Keras's internals.

Everything here reads names with a leading underscore, private modules, or the way in which Keras is written. A new
release may break any of it; `tests/models/test_keras_view.py` has a test for each, which says what is gone.
No other module of rowwise touches such a name. `models/model_config.py` lists some: those that Keras writes into a file
when it saves a model, as text that is compared and never imported.

The names are found when they are first used: what looks at layers and losses does without Keras, and so serves a model
that was read without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowwise.lazy import late
from rowwise.models.keras_view.process import check_not_forked  # at once: it notices a fork

if TYPE_CHECKING:
    from rowwise.models.keras_view.calls import Call as Call
    from rowwise.models.keras_view.calls import failed_calls as failed_calls
    from rowwise.models.keras_view.calls import intercepted as intercepted
    from rowwise.models.keras_view.calls import restore_values as restore_values
    from rowwise.models.keras_view.calls import unfiltered_tracebacks as unfiltered_tracebacks
    from rowwise.models.keras_view.data import Bare as Bare
    from rowwise.models.keras_view.data import EpochBatches as EpochBatches
    from rowwise.models.keras_view.data import gives_batches as gives_batches
    from rowwise.models.keras_view.guard import before_use as before_use
    from rowwise.models.keras_view.initial import build_optimizer as build_optimizer
    from rowwise.models.keras_view.initial import tensor_of as tensor_of
    from rowwise.models.keras_view.initial import zeros as zeros
    from rowwise.models.keras_view.layers import activation_name as activation_name
    from rowwise.models.keras_view.layers import attention_sizes as attention_sizes
    from rowwise.models.keras_view.layers import calls_of as calls_of
    from rowwise.models.keras_view.layers import dense_kernels as dense_kernels
    from rowwise.models.keras_view.layers import flat_layers as flat_layers
    from rowwise.models.keras_view.layers import graph_calls as graph_calls
    from rowwise.models.keras_view.layers import input_shape as input_shape
    from rowwise.models.keras_view.layers import is_addition as is_addition
    from rowwise.models.keras_view.layers import is_functional as is_functional
    from rowwise.models.keras_view.layers import is_model as is_model
    from rowwise.models.keras_view.layers import is_of_keras as is_of_keras
    from rowwise.models.keras_view.layers import is_of_older_keras as is_of_older_keras
    from rowwise.models.keras_view.layers import last_layer as last_layer
    from rowwise.models.keras_view.layers import layer_kind as layer_kind
    from rowwise.models.keras_view.layers import layer_title as layer_title
    from rowwise.models.keras_view.layers import layers_of as layers_of
    from rowwise.models.keras_view.layers import own_method as own_method
    from rowwise.models.keras_view.layers import producer as producer
    from rowwise.models.keras_view.losses import BINARY as BINARY
    from rowwise.models.keras_view.losses import CATEGORICAL as CATEGORICAL
    from rowwise.models.keras_view.losses import ELEMENTWISE as ELEMENTWISE
    from rowwise.models.keras_view.losses import LOSS_CLASSES as LOSS_CLASSES
    from rowwise.models.keras_view.losses import OF_MARGINS as OF_MARGINS
    from rowwise.models.keras_view.losses import OF_NUMBERS as OF_NUMBERS
    from rowwise.models.keras_view.losses import PROBABILITIES as PROBABILITIES
    from rowwise.models.keras_view.losses import SPARSE as SPARSE
    from rowwise.models.keras_view.losses import UNBOUNDED as UNBOUNDED
    from rowwise.models.keras_view.losses import Loss as Loss
    from rowwise.models.keras_view.losses import Output as Output
    from rowwise.models.keras_view.losses import has_loss_weights as has_loss_weights
    from rowwise.models.keras_view.losses import loss_of as loss_of
    from rowwise.models.keras_view.losses import named_loss as named_loss
    from rowwise.models.keras_view.losses import output_of as output_of
    from rowwise.models.keras_view.means import add_to_mean as add_to_mean
    from rowwise.models.keras_view.means import mean_function as mean_function
    from rowwise.models.keras_view.metrics import compile_as as compile_as
    from rowwise.models.keras_view.metrics import compiled_metrics as compiled_metrics
    from rowwise.models.keras_view.metrics import has_weighted_metrics as has_weighted_metrics
    from rowwise.models.keras_view.metrics import loss_tracker as loss_tracker
    from rowwise.models.keras_view.metrics import metric_results as metric_results
    from rowwise.models.keras_view.metrics import sums_over_records as sums_over_records
    from rowwise.models.keras_view.metrics import update_metrics as update_metrics
    from rowwise.models.keras_view.training import build_from_shapes as build_from_shapes
    from rowwise.models.keras_view.training import build_loss as build_loss
    from rowwise.models.keras_view.training import decays as decays
    from rowwise.models.keras_view.training import forget_initial_epoch as forget_initial_epoch
    from rowwise.models.keras_view.training import global_seed as global_seed
    from rowwise.models.keras_view.training import has_own_loss as has_own_loss
    from rowwise.models.keras_view.training import has_own_train_step as has_own_train_step
    from rowwise.models.keras_view.training import initial_epoch_of as initial_epoch_of
    from rowwise.models.keras_view.training import learning_rate_of as learning_rate_of
    from rowwise.models.keras_view.training import nadam_product as nadam_product
    from rowwise.models.keras_view.training import optimizer_slots as optimizer_slots
    from rowwise.models.keras_view.training import overridden_step as overridden_step
    from rowwise.models.keras_view.training import python_at_each_step as python_at_each_step
    from rowwise.models.keras_view.training import seed_states as seed_states
    from rowwise.models.keras_view.training import seeded_layers as seeded_layers
    from rowwise.models.keras_view.training import settings_of as settings_of
    from rowwise.models.keras_view.training import times_batches as times_batches
    from rowwise.models.keras_view.training import works_within_epochs as works_within_epochs
    from rowwise.models.keras_view.training import would_train as would_train
    from rowwise.models.keras_view.unbuilt import Unbuilt as Unbuilt
    from rowwise.models.keras_view.unbuilt import shapes_of_config as shapes_of_config

__all__ = [
    "BINARY",
    "CATEGORICAL",
    "ELEMENTWISE",
    "LOSS_CLASSES",
    "OF_MARGINS",
    "OF_NUMBERS",
    "PROBABILITIES",
    "SPARSE",
    "UNBOUNDED",
    "Bare",
    "Call",
    "EpochBatches",
    "Loss",
    "Output",
    "Unbuilt",
    "activation_name",
    "add_to_mean",
    "attention_sizes",
    "before_use",
    "build_from_shapes",
    "build_loss",
    "build_optimizer",
    "calls_of",
    "check_not_forked",
    "compile_as",
    "compiled_metrics",
    "decays",
    "dense_kernels",
    "failed_calls",
    "flat_layers",
    "forget_initial_epoch",
    "gives_batches",
    "global_seed",
    "graph_calls",
    "has_loss_weights",
    "has_own_loss",
    "has_own_train_step",
    "has_weighted_metrics",
    "initial_epoch_of",
    "input_shape",
    "intercepted",
    "is_addition",
    "is_functional",
    "is_model",
    "is_of_keras",
    "is_of_older_keras",
    "last_layer",
    "layer_kind",
    "layer_title",
    "layers_of",
    "learning_rate_of",
    "loss_of",
    "loss_tracker",
    "mean_function",
    "metric_results",
    "nadam_product",
    "named_loss",
    "optimizer_slots",
    "output_of",
    "overridden_step",
    "own_method",
    "producer",
    "python_at_each_step",
    "restore_values",
    "seed_states",
    "seeded_layers",
    "settings_of",
    "shapes_of_config",
    "sums_over_records",
    "tensor_of",
    "times_batches",
    "unfiltered_tracebacks",
    "update_metrics",
    "works_within_epochs",
    "would_train",
    "zeros",
]

_MODULES = {
    "calls": """Call failed_calls intercepted restore_values unfiltered_tracebacks""",
    "data": """Bare EpochBatches gives_batches""",
    "guard": """before_use""",
    "layers": """
        activation_name attention_sizes calls_of dense_kernels flat_layers graph_calls input_shape is_addition
        is_functional is_model is_of_keras is_of_older_keras last_layer layer_kind layer_title layers_of
        own_method producer
    """,
    "initial": """build_optimizer tensor_of zeros""",
    "losses": """
        BINARY CATEGORICAL ELEMENTWISE LOSS_CLASSES Loss OF_MARGINS OF_NUMBERS Output PROBABILITIES SPARSE
        UNBOUNDED has_loss_weights loss_of named_loss output_of
    """,
    "means": """add_to_mean mean_function""",
    "metrics": """
        compile_as compiled_metrics has_weighted_metrics loss_tracker metric_results sums_over_records update_metrics
    """,
    "training": """
        build_from_shapes build_loss decays forget_initial_epoch global_seed has_own_loss has_own_train_step
        initial_epoch_of learning_rate_of nadam_product optimizer_slots overridden_step python_at_each_step
        seed_states seeded_layers settings_of times_batches works_within_epochs would_train
    """,
    "unbuilt": """Unbuilt shapes_of_config""",
}
__getattr__, __dir__ = late(
    __name__, {name: f"{__name__}.{module}" for module, names in _MODULES.items() for name in names.split()}
)
