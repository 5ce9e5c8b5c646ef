"""A model → its Ledger: one row a layer, with every shape and the arithmetic behind it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rowwise.errors import ModelError, UsageError
from rowwise.files import atomic_write
from rowwise.shapes.conventions import CONVENTIONS, dense_equation
from rowwise.shapes.facts import LayerFacts, course, read
from rowwise.shapes.rules import numbers_of, product, rule_of
from rowwise.text import LANGUAGES, language, say, use_language

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    import keras

    from rowwise.data.dataset import Dataset

SCHEMA = 1


@dataclass(frozen=True)
class Row:
    """One call of one layer, explained. Methods take the number of records, or None for "not known yet"."""

    facts: LayerFacts

    @cached_property
    def parameters(self) -> int:
        """Numbers that this layer keeps and no earlier row has counted."""
        return 0 if self.facts.shared else sum(weight.numbers for weight in self.facts.weights)

    @property
    def trainable(self) -> int:
        """Those of them that training changes."""
        return 0 if self.facts.shared else sum(w.numbers for w in self.facts.weights if w.trainable)

    @property
    def arithmetic(self) -> str:
        """`784 × 100 + 100 = 78,500`; empty where there is nothing to count."""
        if not self.facts.weights:
            return ""
        terms = []
        for shape, same in groupby(weight.shape for weight in self.facts.weights):
            times = len(list(same))
            term = product(shape)
            terms.append(
                f"{times} × ({term})" if times > 1 and len(shape) > 1 else f"{times} × {term}" if times > 1 else term
            )
        total = sum(weight.numbers for weight in self.facts.weights)
        return f"{' + '.join(terms)} = {total:,}"

    def equation(self, records: int | None, convention: str = "keras") -> str:
        """The call in shapes; empty where the layer has not met data yet.

        Only a Dense layer of `(records, features)` is written otherwise by the other conventions.
        """
        facts = self.facts
        if convention != "keras" and facts.kind == "Dense" and facts.weights and [len(s) for s in facts.inputs] == [2]:
            features, units = facts.weights[0].shape
            return dense_equation(convention, records, features, units, len(facts.weights) > 1)
        return rule_of(facts).equation(facts, records)

    @property
    def sentence(self) -> str:
        """What the layer does, in the language in force."""
        rule, activation = rule_of(self.facts), self.facts.config.get("activation", "linear")
        sentence = say(rule.says, kind=self.facts.kind, **rule.values(self.facts))
        # Of layers with weights: for an activation by itself, that is the sentence.
        return say("ledger.then", first=sentence, activation=activation) if self._then(activation) else sentence

    def _then(self, activation: object) -> bool:
        return bool(self.facts.weights) and isinstance(activation, str) and activation != "linear"

    def multiply_adds(self, records: int) -> int | None:
        """Multiplications, each with its addition, of one forward pass; None where they cannot be told."""
        of_one = rule_of(self.facts).multiply_adds(self.facts)
        return None if of_one is None else of_one * records

    def output_bytes(self, records: int) -> int | None:
        """Memory of the outputs; None where a size is not known."""
        numbers = [numbers_of(shape) for shape in self.facts.outputs]
        known = [count for count in numbers if count is not None]
        return self.facts.itemsize * records * sum(known) if known and len(known) == len(numbers) else None


@dataclass(frozen=True)
class Ledger:
    """Every shape of a model and the arithmetic behind it; prints as text of at most 80 columns.

    Attributes:
        name: of the model.
        rows: a Row for each call of each layer, in the order of computation.
        batch_sizes: numbers of records to write shapes for; None for the shape as designed.
        convention: "keras", "torch", "columns" or "all": how a Dense layer's equation is written.
        lang: "en" or "ko".
    """

    name: str
    rows: tuple[Row, ...]
    batch_sizes: tuple[int | None, ...] = (32,)
    convention: str = "keras"
    lang: str = "en"

    @property
    def parameters(self) -> int:
        """All numbers that the model keeps: equal to `model.count_params()`."""
        return sum(row.parameters for row in self.rows)

    @property
    def trainable(self) -> int:
        """Those of them that training changes."""
        return sum(row.trainable for row in self.rows)

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
                "layers": [self._row(row) for row in self.rows],
            }

    def _row(self, row: Row) -> dict[str, Any]:
        facts = row.facts
        return {
            "name": facts.name,
            "kind": facts.kind,
            "depth": facts.depth,
            "sources": list(facts.sources),
            "inputs": [list(shape) for shape in facts.inputs],
            "outputs": [list(shape) for shape in facts.outputs],
            "weights": [{"name": w.name, "shape": list(w.shape), "trainable": w.trainable} for w in facts.weights],
            "shared": facts.shared,
            "parameters": row.parameters,
            "arithmetic": row.arithmetic,
            "sentence": row.sentence,
            "batches": [
                {
                    "records": records,
                    "equations": {name: row.equation(records, name) for name in self.conventions},
                    "multiply_adds": None if records is None else row.multiply_adds(records),
                    "output_bytes": None if records is None else row.output_bytes(records),
                }
                for records in self.batch_sizes
            ],
        }

    def __str__(self) -> str:
        from rowwise.shapes.as_text import text

        with use_language(self.lang):
            return text(self)

    def to_html(self) -> str:
        """A page of its own, which asks the network for nothing; light or dark as the reader's system is."""
        from rowwise.shapes.as_html import page

        with use_language(self.lang):
            return page(self)

    def to_svg(self) -> str:
        """A picture of its own, the matrices of Dense layers drawn to scale."""
        from rowwise.shapes.as_svg import svg

        with use_language(self.lang):
            return svg(self)

    def _repr_html_(self) -> str:
        from rowwise.shapes.as_html import fragment

        with use_language(self.lang):
            return fragment(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the ledger as its name says: `.html`, `.svg`, `.json` or `.txt`; whole or not at all.

        Raises:
            UsageError: another suffix. SaveError: the file system refused.
        """
        path = Path(path)
        faces = {".html": self.to_html, ".svg": self.to_svg, ".json": self._json, ".txt": self.__str__}
        if (face := faces.get(path.suffix.lower())) is None:
            raise UsageError("faces.unsaved", path=path)
        atomic_write(path, f"{face().rstrip()}\n".encode())

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
            of layers, as `rowwise.shapes.facts.course` gives them; None for the course's, 784 → 100 → 30 → 10.
        batch_size: records in a batch; None for shapes as designed; several to compare them.
        lang: "en" or "ko"; None for the language in force.
        convention: "keras", "torch" (weight `(units, features)`), "columns" (records in columns) or "all".

    Raises:
        ModelError: no Keras model. UsageError: an argument that makes no sense.
    """
    if lang not in (None, *LANGUAGES):
        raise UsageError("ledger.lang", found=lang, known=", ".join(LANGUAGES))
    if convention not in (*CONVENTIONS, "all"):
        raise UsageError("ledger.convention", found=convention, known=", ".join((*CONVENTIONS, "all")))
    sizes = tuple(batch_size) if isinstance(batch_size, (tuple, list)) else (batch_size,)
    for size in sizes:
        if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
            raise UsageError("ledger.batch_size", found=repr(size))
    name, layers = _layers(model)
    return Ledger(name, tuple(map(Row, layers)), sizes or (None,), convention, lang or language())


def _layers(model: Any) -> tuple[str, tuple[LayerFacts, ...]]:
    from rowwise.data.dataset import Dataset

    if model is None:
        return "dense", course()
    if isinstance(model, tuple):
        return "dense", model
    if isinstance(model, Dataset):
        scaled = model.x.dtype.kind in "iu"
        return "dense", course(model.shape, classes=len(model.classes), rescaled=scaled)
    import keras

    if not isinstance(model, keras.Model):
        raise ModelError("model.kind", found=type(model).__name__)
    return model.name, read(model)
