"""The name of a network of `keras.applications` → that network, trained on photographs, as a frozen layer.

`backbone` turns pictures into features, the means of the network's last maps; what learns stands behind it. The whole
is one model, whose layer `NAME` is the backbone.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.errors import DataError, UsageError, os_reason
from rowwise.text.near import did_you_mean

if TYPE_CHECKING:
    import keras

NAME = "backbone"  # of the layer
SIDE = 160  # pixels of a side, where nobody chose it: half the work of 224, which most were trained with
LEAST_SIDE = 32  # of Keras's
USUAL_SIDE = 224  # of the weights that those of other sides are taken from
# In Keras's order; each with the sides that Keras has weights for, none where it has the same for all.
BACKBONES: dict[str, tuple[int, ...]] = {
    "MobileNet": (128, 160, 192, USUAL_SIDE),
    "MobileNetV2": (96, 128, 160, 192, USUAL_SIDE),
    "MobileNetV3Small": (USUAL_SIDE,),
    "MobileNetV3Large": (USUAL_SIDE,),
    "EfficientNetB0": (),
    "EfficientNetV2B0": (),
    "EfficientNetV2B1": (),
    "EfficientNetV2B2": (),
    "EfficientNetV2B3": (),
    "EfficientNetV2S": (),
}
SCALED_BEFORE = ("MobileNet", "MobileNetV2")  # want pixels from -1 to 1; the others scale them themselves


def check_name(name: Any) -> None:
    """Raises UsageError where it is no backbone's."""
    if name not in BACKBONES:
        near = did_you_mean(str(name), BACKBONES)
        raise UsageError("features.name", found=name, near=near, known=", ".join(BACKBONES))


def check_shape(shape: tuple[int, ...], name: str) -> None:
    """Raises UsageError where pictures of this shape are none that a backbone takes."""
    if len(shape) != 3 or shape[2] != 3 or min(shape[:2]) < LEAST_SIDE:
        raise UsageError("features.shape", name=name, found=shape, least=LEAST_SIDE)


def backbone(name: str, shape: tuple[int, ...], weights: str = "") -> keras.Model:
    """Pictures `(records, *shape)`, bytes → features `(records, features)`.

    Args:
        name: one of `BACKBONES`.
        shape: `(height, width, 3)`.
        weights: the file that has them, without those of the network's own classes; empty: Keras's, by its download
            or from its cache.

    Raises:
        UsageError: another name, or pictures too small. DataError: the weights cannot be had, or are others'.
    """
    import keras

    check_name(name)
    check_shape(shape, name)
    build = getattr(keras.applications, name)
    options = {"include_top": False, "pooling": "avg", "name": NAME}
    if weights:
        network = build(weights=None, input_shape=shape, **options)
        _read(network, name, Path(weights))
    else:
        sides = BACKBONES[name]
        has_own = not sides or (shape[0] == shape[1] and shape[0] in sides)
        try:
            network = build(
                weights="imagenet", input_shape=shape if has_own else (USUAL_SIDE, USUAL_SIDE, 3), **options
            )
        except Exception as cause:  # urllib's, http's, and Keras's own where the checksum is another
            reason = " ".join(str(cause).split()).rstrip(".") or type(cause).__name__
            raise DataError("features.fetch", name=name, cause=reason) from cause
        if not has_own:  # which Keras would do, too, with a warning
            values, network = network.get_weights(), build(weights=None, input_shape=shape, **options)
            network.set_weights(values)
    if name in SCALED_BEFORE:
        pictures = keras.Input(shape, name="pictures")
        scaled = keras.layers.Rescaling(1 / 127.5, -1.0, name="rescaling")(pictures)
        network = keras.Model(pictures, network(scaled), name=NAME)
    network.trainable = False
    return network


def with_backbone(front: keras.Model, head: keras.Model) -> keras.Model:
    """The two as one model of pictures, which shares their weights and the optimizer of `head`."""
    import keras

    from rowwise.models.keras_view import compile_as

    pictures = keras.Input(front.input_shape[1:], name="records")
    model = keras.Sequential([pictures, front, *head.layers], name=head.name)
    compile_as(model, head, head.optimizer)
    return model


def backbone_of(model: keras.Model) -> keras.Model | None:
    """The one that a model begins with; None where it has none."""
    first = next(iter(getattr(model, "layers", ())), None)
    return first if first is not None and first.name == NAME and hasattr(first, "layers") else None


def behind_backbone(model: keras.Model) -> keras.Model:
    """What learns of a model with a backbone, as a model of features with the same weights and optimizer."""
    import keras

    from rowwise.models.keras_view import compile_as

    front, *learning = model.layers
    head = keras.Sequential([keras.Input(front.output_shape[1:], name="features"), *learning], name=model.name)
    compile_as(head, model, model.optimizer)
    return head


def _read(network: keras.Model, name: str, file: Path) -> None:
    try:
        with open(file, "rb"):
            pass
    except OSError as cause:
        raise DataError("features.file.missing", file=file, cause=os_reason(cause)) from cause
    try:
        network.load_weights(file)
    except Exception as cause:  # h5py's and Keras's, of many kinds
        reason = " ".join(str(cause).split())[:200].rstrip(".") or type(cause).__name__
        raise DataError("features.file", file=file, name=name, cause=reason) from cause
