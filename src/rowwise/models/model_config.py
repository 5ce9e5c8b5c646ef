"""The `config.json` of a `.keras` file that a stranger may have made → sure that Keras may build what it names.

Keras looks up each class and function by the names that the file gives: most of its holes were names of something that
is no part of a model. So it is the other way round here: what a model is made of is listed, all else is refused.
"""

from __future__ import annotations

import re
from typing import Any

from rowwise.errors import ModelError
from rowwise.json_text import from_json
from rowwise.text import say

LONGEST = 16 << 20  # bytes: a schema of 10,000 columns has one or two million
DEEPEST = 200
MOST_OBJECTS = 20_000  # classes and functions: a layer names about eight
MOST_VALUES = 600_000  # the schema and the encoding of 10,000 columns have half of them
MOST_LAYERS = 1_000
MOST_OUTPUTS = 1 << 26  # numbers that a layer may make of one record: 256 MB
LARGEST_OF_A_METRIC = 10_000  # a metric makes a list of as many thresholds as the configuration says

# Layers that compute with numbers alone. Not here: code (Lambda), other programs' models (TFSMLayer, JaxLayer,
# FlaxLayer, TorchModuleWrapper), what reads files (StringLookup, TextVectorization, …), what mixes several pictures.
LAYERS = frozenset(
    re.findall(
        r"\w+",
        """
        Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
        AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add
        AdditiveAttention AlphaDropout Attention Average AveragePooling1D AveragePooling2D
        AveragePooling3D BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate Conv1D
        Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D
        Cropping1D Cropping2D Cropping3D Dense DepthwiseConv1D DepthwiseConv2D Discretization Dot
        Dropout ELU EinsumDense Embedding Flatten GRU GRUCell GaussianDropout GaussianNoise
        GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D
        GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization GroupQueryAttention Identity InputLayer
        LSTM LSTMCell LayerNormalization LeakyReLU Masking MaxPooling1D MaxPooling2D MaxPooling3D
        Maximum Minimum MultiHeadAttention Multiply Normalization PReLU Permute RMSNormalization RNN
        RandomBrightness RandomContrast RandomCrop RandomFlip RandomRotation RandomTranslation
        RandomZoom ReLU RepeatVector Rescaling Reshape Resizing SeparableConv1D SeparableConv2D
        SimpleRNN SimpleRNNCell Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D
        SpectralNormalization StackedRNNCells Subtract TimeDistributed UnitNormalization UpSampling1D
        UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
        """,
    )
)
MODELS = {
    "keras": ("Sequential", "Functional", "Model", "DTypePolicy"),
    "keras.models": ("Sequential", "Functional", "Model"),
    "keras.src.models.functional": ("Functional",),
    "keras.src.models.sequential": ("Sequential",),
    "keras.layers": tuple(LAYERS),
}
# Of these modules anything goes but the functions that make objects of names.
MODULES = frozenset(
    (
        *("keras.activations", "keras.constraints", "keras.dtype_policies", "keras.initializers", "keras.losses"),
        *("keras.metrics", "keras.optimizers", "keras.optimizers.schedules", "keras.quantizers", "keras.regularizers"),
        *("keras.src.ops.linalg", "keras.src.ops.math", "keras.src.ops.nn", "keras.src.ops.numpy"),
    )
)
MAKERS = frozenset(("get", "serialize", "deserialize"))
# What Keras writes for values of Python's and NumPy's.
VALUES = frozenset(("__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__"))
DTYPES = (
    "bool",
    "float16",
    "float32",
    "float64",
    "bfloat16",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
)
CODE = ("__lambda__", "Lambda")


def read_config(path: Any, content: bytes) -> dict[str, Any]:
    """The configuration, once all that it names may be built.

    Raises:
        ModelError: Python code, or a class that a model file may not name. ValueError: what is damaged, in words.
    """
    try:
        config = from_json(content, MOST_VALUES)
    except RecursionError as cause:
        raise ValueError(say("config.deep", most=DEEPEST)) from cause
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise ValueError(say("config.no_model"))
    import keras

    registered = keras.saving.get_custom_objects()  # by rowwise, and by the program that opens the file
    objects = layers = 0
    waiting: list[tuple[Any, int, bool]] = [(config, 0, False)]
    while waiting:
        value, depth, of_metric = waiting.pop()
        if depth > DEEPEST:
            raise ValueError(say("config.deep", most=DEEPEST))
        if isinstance(value, dict):
            if "class_name" in value:
                objects += 1
                layers += value.get("module") == "keras.layers"
                _check_name(path, value, registered)
                of_metric = of_metric or value.get("module") == "keras.metrics"
            if value.get("unroll") is True:  # a step of the network for each of the sequence: no end of them
                raise ValueError(say("config.unroll"))
            waiting += [(item, depth + 1, of_metric) for item in value.values()]
        elif isinstance(value, list):
            waiting += [(item, depth + 1, of_metric) for item in value]
        elif isinstance(value, int) and abs(value) > (LARGEST_OF_A_METRIC if of_metric else 2**63):
            raise ValueError(say("config.number", found=value if abs(value) < 10**20 else "10^20"))
    if objects > MOST_OBJECTS or layers > MOST_LAYERS:
        raise ValueError(say("config.many", found=f"{layers:,}", most=f"{MOST_LAYERS:,}"))
    return config


def _check_name(path: Any, value: dict[str, Any], registered: dict[str, Any]) -> None:
    """Raises ModelError where a class or function is no part of a model; ValueError where there is no name."""
    import keras

    name, module = value["class_name"], value.get("module")
    if name in CODE:
        raise ModelError("run.unsafe", path=path)
    own = value.get("registered_name", name)
    if is_function := name == "function":
        own = name = value.get("config")  # by which Keras looks functions up
    if not isinstance(name, str) or not isinstance(module, str | None) or (is_function and module is None):
        raise ValueError(say("config.no_name", found=repr(name)[:80]))
    if isinstance(own, str) and own in registered:
        return
    if is_function and module == "builtins" and name not in MAKERS:
        return
    if name in VALUES:
        _check_value(value)
    elif name in MODELS.get(module or "", ()) or (module in MODULES and name not in MAKERS):
        return
    elif module is None and not name.startswith("__") and not hasattr(keras.layers, name):
        return  # of an older Keras, which looks it up in the list of its kind
    elif module is not None and module.partition(".")[0] != "keras":
        raise ModelError("run.custom", path=path)
    else:
        raise ModelError("run.class", path=path, name=name if module is None else f"{module}.{name}")


def _check_value(value: dict[str, Any]) -> None:
    """NumPy would make room for a text of any length that a type announces."""
    inner = value.get("config")
    if isinstance(inner, dict) and "dtype" in inner and inner["dtype"] not in DTYPES:
        raise ValueError(say("config.no_name", found=repr(inner["dtype"])[:80]))
