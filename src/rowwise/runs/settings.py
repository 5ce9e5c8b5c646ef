"""What a user chooses of a training → its complete Settings, which a run keeps and a resumed run must agree with."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from rowwise.data.augmentation import Augmentation
from rowwise.data.source import Source
from rowwise.errors import UsageError
from rowwise.models.backbones import check_shape
from rowwise.models.picture_presets import suited_to_features, suited_to_pictures
from rowwise.models.presets import suited
from rowwise.models.threshold_aim import GIVEN, aim_of
from rowwise.runs.setting_values import check, fits
from rowwise.text.near import did_you_mean
from rowwise.text.options import as_argument, option

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import keras

    from rowwise.data.dataset import Dataset

LATER = (
    "class_weight",
    "patience",
    "refit",
    "preset",
    "pieces",
    "ensemble",
    "weight_decay",
    "threshold",
    "calibrate",
    "on_all",
    "augment",
    "views",
    "schedule",
    "features",
    "features_weights",
)  # what runs of earlier versions lack: they had the default
OF_LAYERS = ("hidden", "activation", "dropout")  # those that may be lists, a hidden layer each
OF_TABLES = ("pieces", "threshold", "calibrate", "on_all")
MOST_VIEWS = 9  # `models.views` has them; twice as many of pictures that are mirrored
OF_PICTURES = ("augment", "views", "features", "features_weights")
BEFORE_FEATURES = ("augment", "views")  # what makes several pictures of one: a backbone sees each once
READ = {"seed": "split_seed"}  # attributes of a Source that the training has another option of that name for


class Choices(TypedDict, total=False):
    """The settings that a user chose; the others are `Settings.suited`'s to choose."""

    hidden: Sequence[int]
    activation: str | Sequence[str]
    dropout: float | Sequence[float]
    learning_rate: float
    batch_size: int
    validation: float
    seed: int
    class_weight: str
    epochs: int
    patience: int
    refit: bool
    preset: str
    pieces: int
    ensemble: int
    weight_decay: float
    threshold: str | float
    calibrate: bool
    on_all: int
    augment: str
    views: int
    schedule: str
    features: str
    features_weights: str


@dataclass(frozen=True)
class Settings:
    """What, with the data, fixes a training: the same settings give the same run on the same machine.

    Attributes:
        hidden: units of each hidden layer; empty for none.
        activation: of the hidden layers, by Keras's name; or one for each.
        dropout: share of each hidden layer's outputs that training sets to 0; or one for each.
        learning_rate: Adam's.
        batch_size: records a step.
        validation: share of the training records held out; 0 for none.
        seed: fixes initial weights, order of records, dropout, and which records are held out.
        class_weight: "none", or "balanced": classes count alike, however rare.
        epochs: in all, those of a resumed run among them.
        patience: epochs without a lower validation loss after which a training stops, and keeps the weights of the
            epoch with the lowest; 0 for all epochs, and the last one's weights.
        refit: whether a new model is then trained on all training records, for as many epochs as were best.
        preset: one of `PRESETS`, which decides what is not chosen: of a table's model, of a folder of pictures, and of
            other pictures where it is named.
        pieces: that each number of a table is divided into; 0 leaves numbers standardized.
        weight_decay: Adam's, decoupled from the gradient (AdamW).
        ensemble: networks of different seeds (weights, order, dropout, records held out) that are averaged; callers may
            say `seeds`.
        threshold: what the probability from which on the answer is yes is chosen by on the validation records,
            `"f1"`, `"balanced_accuracy"` or `"cost=FP:FN"`, or that probability; empty for the most probable class.
        calibrate: whether the probabilities are calibrated by a temperature fitted on the validation records.
        on_all: how many of a table's ensemble, but the first, learn from all training records, the validation records
            among them, for as many epochs as were best for the others on average.
        augment: what each epoch does to pictures: "none", "light", "strong" or parts of that, such as "shift,erase".
        views: of a picture that the model averages: as it is, mirrored (where it is augmented so), moved by a pixel.
        schedule: "constant", or "cosine": the learning rate falls to 0 over all epochs, along half a cosine.
        features: the network of `keras.applications` that makes features of pictures, which the hidden layers learn
            from (`models.backbones`); empty: they learn from the pixels.
        features_weights: the file of its weights; empty: Keras's own.
    """

    hidden: tuple[int, ...] = (100, 30)
    activation: str | tuple[str, ...] = "relu"
    dropout: float | tuple[float, ...] = 0.0
    learning_rate: float = 0.001
    batch_size: int = 32
    validation: float = 0.1
    seed: int = 0
    class_weight: str = "none"
    epochs: int = 20
    patience: int = 0
    refit: bool = False
    preset: str = "default"
    pieces: int = 0
    ensemble: int = 1
    weight_decay: float = 0.0
    threshold: str = ""
    calibrate: bool = False
    on_all: int = 0
    augment: str = "none"
    views: int = 1
    schedule: str = "constant"
    features: str = ""
    features_weights: str = ""

    @classmethod
    def of(cls, choices: Choices) -> Settings:
        """The defaults with `choices` in their places.

        Raises:
            UsageError: an unknown setting, or an invalid value.
        """
        names = [field.name for field in fields(cls)]
        for name, value in choices.items():
            if name not in names:
                known, reading = [*names, "seeds"], [READ.get(one.name, one.name) for one in fields(Source)[1:-1]]
                near, said = did_you_mean(str(name), [*known, *reading]), ", ".join(reading)
                raise UsageError("settings.unknown", name=name, near=near, known=", ".join(known), reading=said)
            check(name, value)
        values: dict[str, Any] = dict(choices)
        values |= {name: tuple(values[name]) for name in OF_LAYERS if isinstance(values.get(name), list | tuple)}
        if "threshold" in values:
            values["threshold"] = str(values["threshold"])
        if values.get("features_weights"):
            values["features_weights"] = str(Path(values["features_weights"]).absolute())
        settings = cls(**values)
        if settings.patience and not settings.validation:
            raise UsageError("settings.patience.validation")
        if settings.features_weights and not settings.features:
            raise UsageError("features.weights.alone")
        if settings.features:
            names = [name for name in BEFORE_FEATURES if getattr(settings, name) != getattr(cls, name)]
            if names:
                raise UsageError("features.changed", names=", ".join(map(option, names)))
        return settings

    def suited(self, data: Dataset, chosen: Collection[str], validated: bool = False) -> Settings:
        """These settings, those not chosen suited to the training records `data`: of a table by the preset.

        Args:
            validated: whether there are records to validate with, so that none of `data` is held out.

        Raises:
            UsageError: settings that contradict one another, or that pictures and arrays do not have.
        """
        settings = self
        if data.schema is not None:
            share = 0.0 if validated else self.validation if "validation" in chosen else None
            decided = bool(self.threshold or self.calibrate or validated)
            by_preset = asdict(suited(self.preset, data, share, decided or "ensemble" in chosen))
            if not (by_preset["validation"] or validated):
                del by_preset["patience"]
            settings = replace(self, **{name: value for name, value in by_preset.items() if name not in chosen})
            self._check_pictures(False, chosen)
        else:
            settings = self._suited_to_pictures(data, chosen)
        if settings.refit and not settings.patience:
            raise UsageError("settings.refit.patience")
        if settings.refit and (settings.ensemble > 1 or settings.views > 1):
            if not {"ensemble", "on_all", "views"}.isdisjoint(chosen):
                raise UsageError("settings.refit.ensemble")
            settings = replace(settings, ensemble=1, on_all=0, views=1)
        settings.check_ensemble()
        settings.check_decisions(data, validated)
        return settings

    def _suited_to_pictures(self, data: Dataset, chosen: Collection[str]) -> Settings:
        """Of pictures or arrays: by the preset where one was named, or the pictures lie in a folder.

        Raises:
            UsageError: settings that these data do not have.
        """
        from rowwise.figures import is_picture

        pictures = is_picture(data.shape) and bool(data.classes)
        if names := [name for name in OF_TABLES if name in chosen]:
            raise UsageError("settings.of_tables", names=", ".join(map(option, names)))
        if "preset" in chosen and not pictures:
            raise UsageError("settings.preset.arrays", name=option("preset"))
        self._check_pictures(pictures and data.x.dtype == "uint8", chosen)
        by_preset = {}
        own = {"folder", "content"} <= data.source.keys()  # a user's folder
        if self.features:
            check_shape(data.shape, self.features)
        if pictures and ("preset" in chosen or own or self.features):
            by_preset = (suited_to_features if self.features else suited_to_pictures)(self.preset, data)
            if not {"patience", "refit"}.isdisjoint(chosen):  # which want records held out
                by_preset.pop("validation", None)
            if data.x.dtype != "uint8":  # pixels that are no bytes stay as they are
                by_preset = {name: value for name, value in by_preset.items() if name not in OF_PICTURES}
        settings = replace(self, **{name: value for name, value in by_preset.items() if name not in chosen})
        most = MOST_VIEWS * (1 + settings.mirrors)
        if settings.views > most:
            raise UsageError("settings.views.most", found=settings.views, most=most)
        if settings.patience and not settings.validation:
            settings = replace(settings, patience=0)
        return settings

    def _check_pictures(self, pictures: bool, chosen: Collection[str]) -> None:
        """Raises UsageError where something of pictures alone was chosen for other data."""
        usual = type(self)()
        names = [name for name in OF_PICTURES if name in chosen and getattr(self, name) != getattr(usual, name)]
        if names and not pictures:
            raise UsageError("settings.of_pictures", names=", ".join(map(option, names)))

    @property
    def mirrors(self) -> bool:
        """Whether pictures are mirrored while a model is trained, so that their mirror images are views of them."""
        augmentation = Augmentation.of(self.augment)
        return augmentation is not None and augmentation.flip

    @property
    def blends_labels(self) -> bool:
        """Whether labels are probabilities while a model is trained: what `fit` takes is `records_of` the data."""
        augmentation = Augmentation.of(self.augment)
        return augmentation is not None and bool(augmentation.mixup)

    def records_of(self, data: Any) -> Any:
        """What `fit` takes of a Dataset; anything else, such as the share to be held out, as it is."""
        from rowwise.data.dataset import Dataset

        if not self.blends_labels or not isinstance(data, Dataset):
            return data
        from rowwise.models.soft_labels import soft

        return soft(data)

    def check_ensemble(self) -> None:
        """Raises UsageError where more networks are to learn from all records than there can be."""
        if self.on_all >= max(self.ensemble, 1):
            raise UsageError("settings.on_all.most", found=self.on_all, most=self.ensemble - 1)
        if self.on_all and (self.threshold or self.calibrate):
            raise UsageError("settings.on_all.decisions")

    def check_decisions(self, data: Dataset, validated: bool = False) -> None:
        """Raises UsageError where there is no yes and no to decide between, or nothing is held out to decide by."""
        binary = len(data.classes) == 2 or data.task == "multilabel"
        if self.threshold and not binary:
            key = "settings.threshold.binary" if data.classes else "settings.threshold.numbers"
            raise UsageError(key, classes=len(data.classes), name=", ".join(data.targets))
        if self.calibrate and not (data.classes or data.task == "multilabel"):
            raise UsageError("settings.calibrate.classes")
        aim = aim_of(self.threshold)
        if not (self.validation or validated) and (self.calibrate or (aim is not None and aim.kind != GIVEN)):
            raise UsageError("settings.decisions.validation")

    def differences(self, other: Settings) -> frozenset[str]:
        """The names of the settings that have another value there."""
        return frozenset(
            field.name for field in fields(self) if getattr(self, field.name) != getattr(other, field.name)
        )

    def to_dict(self) -> dict[str, Any]:
        """As `run.json` has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Settings:
        """The reverse of `to_dict`.

        Raises:
            ValueError: a setting is missing, of another type or invalid; the message names it.
        """
        settings: dict[str, Any] = {}
        for name, usual in asdict(cls()).items():
            value = values.get(name, usual if name in LATER else None)
            types = {tuple: (list,), float: (float, int)}.get(type(usual), (type(usual),))  # as JSON gives them
            types += (list,) if name in OF_LAYERS else ()
            if not isinstance(value, types) or not fits(name, value):
                raise ValueError(f"settings.{name}: {value!r:.60}")
            settings[name] = tuple(value) if isinstance(value, list) else value
        return cls(**settings)

    def new_model(self, train: Dataset) -> keras.Model:
        """A new network for these training records, compiled; of an ensemble the first."""
        from rowwise.models.dense import dense
        from rowwise.models.soft_labels import with_soft_labels

        model = dense(
            train,
            self.hidden,
            self.activation,
            self.dropout,
            learning_rate=self.learning_rate_for(train),
            weight_decay=self.weight_decay,
            seed=self.seed,
            pieces=self.pieces,
        )
        return with_soft_labels(model) if self.blends_labels else model

    def learning_rate_for(self, train: Dataset, records: int | None = None) -> Any:
        """The number, or Keras's schedule of it.

        Args:
            records: that are learned from; None for those of `train` that are not held out.
        """
        if self.schedule == "constant":
            return self.learning_rate
        import keras

        if records is None:
            records = len(train) - round(len(train) * self.validation)
        steps = self.epochs * -(-records // self.batch_size)
        return keras.optimizers.schedules.CosineDecay(self.learning_rate, steps)

    def batch_size_of(self, train: Dataset, chosen: bool) -> int:
        """The batch size; where it was not chosen, no more than there are records to learn from."""
        if chosen:
            return self.batch_size
        return max(1, min(self.batch_size, int(len(train) * (1 - self.validation))))

    def class_weights_of(self, train: Dataset) -> dict[int, float] | None:
        """What `fit` takes as `class_weight`."""
        from rowwise.data.class_weights import balanced

        return balanced(train) if self.class_weight == "balanced" else None

    def contradictions(self, choices: Choices) -> list[str]:
        """What was chosen otherwise than it is here, as the caller writes it: `--seed 1 ≠ 0`.

        `epochs` are no contradiction: a resumed run may train for longer.
        """
        return [
            f"{option(name, value)} ≠ {as_argument(getattr(self, name))}"
            for name, value in Settings.of(choices).to_dict().items()
            if name in choices and name != "epochs" and value != getattr(self, name)
        ]
