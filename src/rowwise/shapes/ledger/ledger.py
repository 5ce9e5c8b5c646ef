"""A model → its Ledger: one row a layer, with every shape and the arithmetic behind it."""

from __future__ import annotations

import json
import operator
import sys
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.errors import ModelError, UsageError
from rowwise.files import atomic_write
from rowwise.models.plain import PlainModel
from rowwise.shapes.ledger.conventions import CONVENTIONS, Example, dense_arrays, dense_equation, example
from rowwise.shapes.ledger.facts import LayerFacts, Weight, course, read
from rowwise.shapes.ledger.rules import Rule, numbers_of, rule_of
from rowwise.shapes.shape_text import product
from rowwise.text import LANGUAGES, language, say, use_language

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    import keras

    from rowwise.data.dataset import Dataset

SCHEMA = 1
LARGEST = 10_000_000  # parameters of a layer that is computed as an example, within a fraction of a second


@dataclass(frozen=True)
class Row:
    """One call of one layer, explained. Methods take the number of records, or None for "not known yet"."""

    facts: LayerFacts

    @cached_property
    def rule(self) -> Rule:
        """How layers of this kind are explained."""
        return rule_of(self.facts)

    @cached_property
    def parameters(self) -> int | None:
        """Numbers in the layer's weights that no earlier row has counted; None while the layer is not built."""
        if not self.facts.built:
            return None
        return 0 if self.facts.shared else sum(weight.numbers for weight in self.facts.weights)

    @property
    def trainable(self) -> int | None:
        """Those of them that training changes."""
        if not self.facts.built:
            return None
        return 0 if self.facts.shared else sum(w.numbers for w in self.facts.weights if w.trainable)

    @cached_property
    def dense(self) -> tuple[int, int] | None:
        """(features, units) of a Dense layer that takes `(records, features)`; None for every other layer.

        These are the layers that the conventions write differently.
        """
        facts = self.facts
        if facts.kind != "Dense" or [len(shape) for shape in facts.inputs] != [2]:
            return None
        if [weight.name for weight in facts.weights] not in (["kernel"], ["kernel", "bias"]):
            return None
        kernel = facts.weights[0].shape
        return (kernel[0], kernel[1]) if len(kernel) == 2 and facts.inputs[0][1] == kernel[0] else None

    def weights(self, convention: str = "keras") -> tuple[Weight, ...]:
        """The layer's weights, named and shaped as in that convention."""
        if self.dense is None:
            return self.facts.weights
        named = zip(self.facts.weights, dense_arrays(convention, *self.dense).items(), strict=False)
        return tuple(Weight(name, shape, own.trainable) for own, (name, shape) in named)

    @property
    def open(self) -> bool:
        """Whether an axis beyond the records' is not known: the time steps of `Input((None, 8))`."""
        return any(None in shape[1:] for shape in (*self.facts.inputs, *self.facts.outputs))

    @property
    def arithmetic(self) -> str | None:
        """`784 × 100 + 100 = 78,500`; empty where there is nothing to count, None where that is not known yet."""
        return self.counted("keras")

    def counted(self, convention: str) -> str | None:
        """`arithmetic` with the sizes in that convention's order: `100 × 784 + 100 = 78,500`."""
        if not self.facts.built:
            return None
        weights = self.weights(convention)
        if not weights:
            return ""
        shapes = [weight.shape for weight in weights]
        if convention == "columns" and self.dense:
            shapes[1:] = [shape[:1] for shape in shapes[1:]]  # b (100, 1) is 100 numbers
        terms = []
        for shape, same in groupby(shapes):
            times = len(list(same))
            term = product(shape)
            terms.append(
                f"{times} × ({term})" if times > 1 and len(shape) > 1 else f"{times} × {term}" if times > 1 else term
            )
        return f"{' + '.join(terms)} = {sum(weight.numbers for weight in weights):,}"

    def equation(self, records: int | None, convention: str = "keras") -> str:
        """The call in shapes; empty while the layer is not built.

        Only a Dense layer of `(records, features)` is written otherwise by the other conventions.
        """
        if convention != "keras" and self.dense:
            return dense_equation(convention, records, *self.dense, len(self.facts.weights) > 1)
        return self.rule.equation(self.facts, records)

    @property
    def sentence(self) -> str:
        """What the layer does, in the current language."""
        rule, activation = self.rule, self.facts.config.get("activation", "linear")
        sentence = say(rule.says, kind=self.facts.title, **rule.values(self.facts))
        # Of layers with weights: for an activation by itself, that is the sentence.
        ends = self._ends_with(activation)
        return say("ledger.then", first=sentence, activation=activation) if ends else sentence

    def _ends_with(self, activation: object) -> bool:
        # A recurrent layer applies its activation within every step, and a user's own class where it likes.
        has_own_end = not self.facts.kind or self.rule.says in ("ledger.recurrent", "ledger.bidirectional")
        after = bool(self.facts.weights) and not has_own_end
        return after and isinstance(activation, str) and activation != "linear"

    def multiply_adds(self, records: int) -> int | None:
        """Multiplications, each with its addition, of one forward pass; None where they cannot be counted."""
        of_one = self.rule.multiply_adds(self.facts)
        return None if of_one is None else of_one * records

    def output_bytes(self, records: int) -> int | None:
        """Bytes of the outputs; None where a size is not known."""
        numbers = _sum(numbers_of(shape) for shape in self.facts.outputs) if self.facts.outputs else None
        return None if numbers is None else self.facts.itemsize * records * numbers


@dataclass(frozen=True)
class Ledger:
    """Every shape of a model and the arithmetic behind it; prints as text of at most 80 columns.

    Attributes:
        name: of the model.
        rows: a Row for each call of each layer, in the order of computation.
        batch_sizes: numbers of records to write shapes for; None for the shape as designed.
        convention: "keras", "torch", "columns" or "all": how a Dense layer is written.
        lang: "en" or "ko".
        example: with "all", one of the Dense layers computed in every convention; None where there is none.
    """

    name: str
    rows: tuple[Row, ...]
    batch_sizes: tuple[int | None, ...] = (32,)
    convention: str = "keras"
    lang: str = "en"
    example: Example | None = field(default=None, repr=False, compare=False)

    @property
    def parameters(self) -> int | None:
        """All numbers in the model's weights, as `model.count_params()`; None while a layer is not built."""
        return _sum(row.parameters for row in self.rows)

    @property
    def trainable(self) -> int | None:
        """Those of them that training changes."""
        return _sum(row.trainable for row in self.rows)

    def multiply_adds(self, records: int) -> int | None:
        """Of one forward pass of so many records; None where they cannot be counted."""
        return _sum(row.multiply_adds(records) for row in self.counted)

    def output_bytes(self, records: int) -> int | None:
        """Bytes of the outputs of all layers; None where a size is not known."""
        return _sum(row.output_bytes(records) for row in self.counted)

    @property
    def counted(self) -> list[Row]:
        """The rows that add up: not the nested models whose layers stand below them."""
        following = [*(row.facts.depth for row in self.rows), 0][1:]
        return [row for row, depth in zip(self.rows, following, strict=True) if depth <= row.facts.depth]

    @property
    def conventions(self) -> tuple[str, ...]:
        """The conventions that are shown, in order."""
        return tuple(CONVENTIONS) if self.convention == "all" else (self.convention,)

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON takes it; sentences in the ledger's language."""
        with use_language(self.lang):
            return {
                "schema": SCHEMA,
                "name": self.name,
                "convention": self.convention,
                "batch_sizes": list(self.batch_sizes),
                "parameters": self.parameters,
                "trainable": self.trainable,
                "totals": [{"records": records, **self._costs(self, records)} for records in self.batch_sizes],
                "layers": [self._row(row) for row in self.rows],
            }

    def _row(self, row: Row) -> dict[str, Any]:
        facts = row.facts
        return {
            "name": facts.name,
            "kind": facts.title,
            "depth": facts.depth,
            "sources": list(facts.sources),
            "inputs": [list(shape) for shape in facts.inputs],
            "outputs": [list(shape) for shape in facts.outputs],
            "weights": [{"name": w.name, "shape": list(w.shape), "trainable": w.trainable} for w in facts.weights],
            "shared": facts.shared,
            "parameters": row.parameters,
            "arithmetic": row.arithmetic,
            "sentence": row.sentence,
            "conventions": {
                name: {"arrays": {w.name: list(w.shape) for w in row.weights(name)}, "arithmetic": row.counted(name)}
                for name in self.conventions
                if row.dense
            },
            "batches": [
                {
                    "records": records,
                    "equations": {name: row.equation(records, name) for name in self.conventions},
                    **self._costs(row, records),
                }
                for records in self.batch_sizes
            ],
        }

    @staticmethod
    def _costs(of: Row | Ledger, records: int | None) -> dict[str, int | None]:
        return {
            "multiply_adds": None if records is None else of.multiply_adds(records),
            "output_bytes": None if records is None else of.output_bytes(records),
        }

    def __str__(self) -> str:
        from rowwise.shapes.ledger.as_text import text

        with use_language(self.lang):
            return text(self)

    def to_html(self) -> str:
        """A standalone page that loads nothing from the network; light or dark as the reader's system is."""
        from rowwise.shapes.ledger.as_html import page

        with use_language(self.lang):
            return page(self)

    def to_svg(self) -> str:
        """A standalone picture, the matrices of Dense layers drawn to scale."""
        from rowwise.shapes.ledger.as_svg import svg

        with use_language(self.lang):
            return svg(self)

    def _repr_html_(self) -> str:
        from rowwise.shapes.ledger.as_html import fragment

        with use_language(self.lang):
            return str(fragment(self))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the ledger as its name says: `.html`, `.svg`, `.json` or `.txt`; whole or not at all.

        Raises:
            UsageError: another suffix. SaveError: the file system refused.
        """
        path = Path(path)
        formats = {".html": self.to_html, ".svg": self.to_svg, ".json": self._json, ".txt": self.__str__}
        if (written := formats.get(path.suffix.lower())) is None:
            raise UsageError("view.unsaved", path=path)
        atomic_write(path, f"{written().rstrip()}\n".encode())

    def _json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)


def explain(
    model: keras.Model | Dataset | tuple[LayerFacts, ...] | None = None,
    batch_size: int | Sequence[int | None] | None = 32,
    lang: str | None = None,
    convention: str = "keras",
) -> Ledger:
    """The Ledger of a model: every shape, in numbers, and the arithmetic behind it.

    Args:
        model: a Keras model, built or not; a Dataset, for the model that `rowwise.dense` makes for it; facts
            of layers, as `rowwise.shapes.ledger.facts.course` gives them; None for the course's, 784 → 100 → 30 → 10.
        batch_size: records in a batch; None for shapes as designed; several to compare them.
        lang: "en" or "ko"; None for the current language.
        convention: "keras", "torch" (weight `(units, features)`), "columns" (records in columns), or "all", which
            also computes one Dense layer in each, on real numbers.

    Raises:
        ModelError: no Keras model. UsageError: an invalid argument.
    """
    if lang not in (None, *LANGUAGES):
        raise UsageError("ledger.lang", found=lang, known=", ".join(LANGUAGES))
    if convention not in (*CONVENTIONS, "all"):
        raise UsageError("ledger.convention", found=convention, known=", ".join((*CONVENTIONS, "all")))
    sizes = tuple(dict.fromkeys(map(_size, batch_size if isinstance(batch_size, (tuple, list)) else (batch_size,))))
    name, layers = _layers(model)
    rows = tuple(map(Row, layers))
    example_layer = _example(model, rows) if convention == "all" else None
    return Ledger(name, rows, sizes or (None,), convention, lang or language(), example_layer)


def _size(value: Any) -> int | None:
    """A number of records, or None for shapes as designed."""
    if value is None:
        return None
    try:
        size = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        size = 0
    if size < 1:
        raise UsageError("ledger.batch_size", found=repr(value))
    return size


def _example(model: Any, rows: tuple[Row, ...]) -> Example | None:
    """The first Dense layer that is computed quickly, with the weights of a Keras model, else with drawn ones."""
    row = next((row for row in rows if row.dense and row.parameters and row.parameters <= LARGEST), None)
    if row is None or row.dense is None:
        return None
    facts, own = row.facts, None
    if hasattr(model, "layers"):
        from rowwise.models.keras_view import flat_layers

        shapes = [weight.shape for weight in facts.weights]
        named = (layer for layer in flat_layers(model) if layer.name == facts.name)
        own = next((layer.get_weights() for layer in named if [tuple(w.shape) for w in layer.weights] == shapes), None)
    return example(facts.name, row.dense, len(facts.weights) > 1, own)


def _sum(figures: Iterable[int | None]) -> int | None:
    """None where one of them is None."""
    total = 0
    for figure in figures:
        if figure is None:
            return None
        total += figure
    return total


def _layers(model: Any) -> tuple[str, tuple[LayerFacts, ...]]:
    """The name and the layers of what `explain` takes as a model."""
    if model is None:
        return "dense", course()
    if isinstance(model, tuple):
        return "dense", model
    if isinstance(model, PlainModel):
        return model.name, read(model)
    keras = sys.modules.get("keras")  # a model exists only where Keras was imported
    if keras is not None and isinstance(model, keras.Model):
        return model.name, read(model)
    from rowwise.data.dataset import Dataset

    if not isinstance(model, Dataset):
        raise ModelError("model.kind", found=type(model).__name__)
    scaled = model.x.dtype.kind in "iu"
    return "dense", course(model.shape, classes=len(model.classes), rescaled=scaled)
