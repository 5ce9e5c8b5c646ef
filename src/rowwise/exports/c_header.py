"""A Program → one C header that computes it, in C99 and C++, with nothing but the standard library."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from rowwise.exports.arithmetic import BINARY, UNARY
from rowwise.exports.program import DOUBLE, WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from rowwise.exports.program import Array, Program, Step

LINE = 110  # columns of what is written
# One number of `a`, and of `b`; truths are 1 and 0.
OF_ONE = {
    "isnan": "({a} != {a})",
    "not": "({a} == 0)",
    "exp": "expf({a})",
    "log": "logf({a})",
    "sqrt": "sqrtf({a})",
    "sin": "sinf({a})",
    "cos": "cosf({a})",
    "abs": "fabsf({a})",
    "negative": "-{a}",
    "tanh": "tanhf({a})",
    "erf": "erff({a})",
    "relu": "({a} > 0 || {a} != {a} ? {a} : 0)",
    "sigmoid": "({a} >= 0 ? 1.0f / (1.0f + expf(-{a})) : expf({a}) / (1.0f + expf({a})))",
    "softplus": "(({a} > 0 ? {a} : 0.0f) + log1pf(expf(-fabsf({a}))))",
}
OF_TWO = {
    "add": "{a} + {b}",
    "subtract": "{a} - {b}",
    "multiply": "{a} * {b}",
    "divide": "{a} / {b}",
    "maximum": "({a} > {b} || {a} != {a} ? {a} : {b})",
    "minimum": "({a} < {b} || {a} != {a} ? {a} : {b})",
    "equal": "({a} == {b})",
    "less": "({a} < {b})",
    "greater": "({a} > {b})",
    "greater_equal": "({a} >= {b})",
    "and": "({a} != 0 && {b} != 0)",
}


def c_header(
    program: Program, name: str, about: Sequence[str], inputs: Sequence[Mapping[str, Any]], outputs: Mapping[str, Any]
) -> str:
    """The header.

    Args:
        name: what all names in it begin with.
        about: lines of the comment at its top.
        inputs, outputs: as `about.inputs` and `about.outputs` give them.
    """
    writer = _Writer(program, name)
    steps = [line for step in program.steps for line in writer.step(step)]
    answers = [line for role, array in program.outputs.items() for line in writer.answer(role, array)]
    (given,) = program.inputs
    floats, doubles = writer.sizes
    rooms = [f"    float work[{max(floats, 1)}];", *([f"    double exact[{doubles}];"] if doubles else [])]
    head, count = name.upper(), f"{name.upper()}_INPUTS"
    fields = "".join(_field(role, array) for role, array in program.outputs.items())
    parts = [
        "/* " + "\n   ".join(map(_harmless, about)) + " */",
        f"#ifndef {head}_H\n#define {head}_H",
        "#include <math.h>\n#include <stddef.h>\n#include <string.h>",
        f"#define {count} {given.columns}",
        f"/* A record has {count} of these; NAN where a value is missing. */\ntypedef {_c_type(given)} {name}_input;",
        f"typedef struct {{\n{fields}}} {name}_answer;",
        *_names(name, inputs, outputs),
        *(_constant(writer.constants[key], value) for key, value in program.constants.items()),
        f"/* What the model says of one record. */\n"
        f"static inline void {name}_predict(const {name}_input *record, {name}_answer *answer)\n"
        + "\n".join(["{", *rooms, "    int i, j;", "    (void)j;", *steps, *answers, "}"]),
        f"#endif /* {head}_H */",
    ]
    return "\n\n".join(parts) + "\n"


def _harmless(text: str) -> str:
    """Text within a comment, which it neither ends nor begins anew."""
    return text.replace("*/", "* /").replace("/*", "/ *")


def identifier(text: str) -> str:
    """A name that C takes."""
    name = re.sub(r"\W", "_", text, flags=re.ASCII).lower()
    return name if name[:1].isalpha() else f"m_{name}"


class _Writer:
    """The lines of a program's steps; arrays that nobody needs any more give their room to others."""

    def __init__(self, program: Program, name: str) -> None:
        self.program, self.name = program, name
        self.constants: dict[str, str] = {}  # how each is called in C
        for key in program.constants:
            called = f"{name}_{identifier(key)}"
            while called in self.constants.values():
                called += "_"
            self.constants[key] = called
        self.arrays = {array.name: array for array in program.inputs}
        self.places: dict[str, int] = {}
        self._last: dict[str, int] = {array.name: len(program.steps) for array in program.outputs.values()}
        for number, step in enumerate(program.steps):
            self._last.update({taken: max(number, self._last.get(taken, 0)) for taken in step.takes})
        self._taken: dict[bool, list[tuple[int, int, str]]] = {
            False: [],
            True: [],
        }  # by whether double: first, end, whose
        self._sizes = {False: 0, True: 0}
        self._number = -1

    @property
    def sizes(self) -> tuple[int, int]:
        """How many floats and doubles there must be room for."""
        return self._sizes[False], self._sizes[True]

    def step(self, step: Step) -> Iterator[str]:
        """Its lines."""
        self._number += 1
        self._place(step.gives)
        self.arrays[step.gives.name] = step.gives
        out, columns = self._start(step.gives.name), step.gives.columns
        first, *others = step.takes
        operation, options = step.operation, step.options
        comment = f" /* {_harmless(step.layer)}: {operation} */"
        loop = f"    for (i = 0; i < {columns}; ++i)"
        if operation in OF_ONE and operation in UNARY:
            text = OF_ONE[operation].format(a=self._at(first, columns))
            yield f"{loop} {out}[i] = {self._cast(step.gives)}{text};{comment}"
        elif operation in OF_TWO and operation in BINARY:
            text = OF_TWO[operation].format(a=self._at(first, columns), b=self._at(others[0], columns))
            yield f"{loop} {out}[i] = {self._cast(step.gives)}({text});{comment}"
        elif operation == "where":
            this, other = (self._at(name, columns) for name in others)
            yield f"{loop} {out}[i] = {self._at(first, columns)} != 0 ? {this} : {other};{comment}"
        elif operation == "take":
            yield f"{loop} {out}[i] = {self._start(first)}[{self._start(others[0])}[i]];{comment}"
        elif operation == "columns":
            yield f"{loop} {out}[i] = {self._start(first)}[{options['first']} + i];{comment}"
        elif operation == "cast":
            yield f"{loop} {out}[i] = {self._cast(step.gives)}{self._at(first, columns)};{comment}"
        elif operation == "concatenate":
            start = 0
            for part in step.takes:
                width = self.arrays[part].columns
                yield f"    for (i = 0; i < {width}; ++i) {out}[{start} + i] = {self._start(part)}[i];{comment}"
                start += width
        elif operation == "matmul":
            inputs = self.program.constants[others[0]].shape[0]
            yield f"{loop} {out}[i] = 0;{comment}"
            yield f"    for (i = 0; i < {inputs}; ++i)"
            kernel = f"{self._start(others[0])}[i * {columns} + j]"
            yield f"        for (j = 0; j < {columns}; ++j) {out}[j] += {self._at(first, inputs)} * {kernel};"
        elif operation == "rows":
            row = f"(int){self._start(first)}[0] * {columns} + i"
            yield f"{loop} {out}[i] = {self._start(others[0])}[{row}];{comment}"
        elif operation == "column_of":
            yield f"    {out}[0] = {self._start(first)}[0];{comment}"
        else:
            yield from self._along(operation, first, out, comment)

    def answer(self, role: str, array: Array) -> Iterator[str]:
        """The lines that hand an output over."""
        whole = "(int)" if array.type == WHOLE else ""
        target, source = f"answer->{_c_name(role)}[i]", f"{whole}{self._start(array.name)}[i]"
        yield f"    for (i = 0; i < {array.columns}; ++i) {target} = {source};"

    def _along(self, operation: str, first: str, out: str, comment: str) -> Iterator[str]:
        """What needs all columns of a record."""
        taken, columns = self._start(first), self.arrays[first].columns
        if operation == "row_sum":
            yield f"    {out}[0] = 0;{comment}"
            yield f"    for (i = 0; i < {columns}; ++i) {out}[0] += {taken}[i];"
        elif operation == "row_max":
            yield f"    {out}[0] = {taken}[0];{comment}"
            yield f"    for (i = 1; i < {columns}; ++i) if ({taken}[i] > {out}[0]) {out}[0] = {taken}[i];"
        elif operation == "argmax":
            yield f"    {out}[0] = 0;{comment}"
            yield f"    for (i = 1; i < {columns}; ++i) if ({taken}[i] > {taken}[(int){out}[0]]) {out}[0] = (float)i;"
        elif operation == "softmax":
            yield f"    {{ float most = {taken}[0], sum = 0;{comment}"
            yield f"      for (i = 1; i < {columns}; ++i) if ({taken}[i] > most) most = {taken}[i];"
            yield f"      for (i = 0; i < {columns}; ++i) sum += {out}[i] = expf({taken}[i] - most);"
            yield f"      for (i = 0; i < {columns}; ++i) {out}[i] /= sum; }}"
        else:
            raise KeyError(operation)

    def _place(self, array: Array) -> None:
        """Room for an array: the first gap among those that are still needed."""
        double = array.type == DOUBLE
        taken = sorted(entry for entry in self._taken[double] if self._last.get(entry[2], 0) >= self._number)
        start = 0
        for first, end, _ in taken:
            if start + array.columns <= first:
                break
            start = max(start, end)
        self._taken[double] = [*taken, (start, start + array.columns, array.name)]
        self._sizes[double] = max(self._sizes[double], start + array.columns)
        self.places[array.name] = start

    def _start(self, name: str) -> str:
        """The C expression of an array's, or a constant's, first number."""
        if name in self.program.constants:
            return self.constants[name]
        if name not in self.places:
            return "record"
        room = "exact" if self.arrays[name].type == DOUBLE else "work"
        return f"({room} + {self.places[name]})" if self.places[name] else room

    def _at(self, name: str, columns: int) -> str:
        """One number of it, beside others of `columns`."""
        known = self.program.constants
        width = math.prod(known[name].shape) if name in known else self.arrays[name].columns
        return f"{self._start(name)}[{'i' if width == columns and columns > 1 else '0'}]"

    @staticmethod
    def _cast(array: Array) -> str:
        return "" if array.type == DOUBLE else "(float)"


def _c_type(array: Array) -> str:
    return {DOUBLE: "double", WHOLE: "int"}.get(array.type, "float")


def _c_name(role: str) -> str:
    return "chosen" if role == "class" else role  # a word of C++


def _field(role: str, array: Array) -> str:
    meaning = " /* the class's number */" if role == "class" else ""
    return f"    {_c_type(array)} {_c_name(role)}[{array.columns}];{meaning}\n"


def _names(name: str, inputs: Sequence[Mapping[str, Any]], outputs: Any) -> Iterator[str]:
    """Names of columns, classes and levels, and the function that gives a level's number."""
    if "shape" not in inputs[0]:
        texts = [str(column["name"]) for column in inputs]
        yield f"static const char *const {name}_input_names[] = {_texts(texts)};"
        yield from _levels(name, inputs)
    for what in ("classes", "targets"):
        if outputs.get(what):
            yield f"static const char *const {name}_{what}[] = {_texts(list(outputs[what]))};"


def _levels(name: str, inputs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    with_levels = [(place, column["levels"]) for place, column in enumerate(inputs) if "levels" in column]
    if not with_levels:
        return
    for place, levels in with_levels:
        yield f"static const char *const {name}_levels_{place}[] = {_texts(list(levels))};"
    cases = "".join(
        f"    case {place}: levels = {name}_levels_{place}; count = {len(levels)}; break;\n"
        for place, levels in with_levels
    )
    yield (
        "/* The number that stands for a text in an input that is a category; NULL is a missing value. */\n"
        f"static inline {name}_input {name}_code(int input, const char *text)\n{{\n"
        "    const char *const *levels = NULL;\n    int count = 0, i;\n    if (text == NULL) return NAN;\n"
        f"    switch (input) {{\n{cases}    }}\n"
        "    for (i = 0; i < count; ++i)\n        if (strcmp(levels[i], text) == 0) return i;\n    return count;\n}"
    )


def _constant(name: str, value: NDArray[Any]) -> str:
    kind = {"f": "float" if value.dtype == np.float32 else "double", "b": "unsigned char"}.get(value.dtype.kind, "int")
    flat = value.ravel()
    texts = [*map(_number, flat.astype(str).tolist())] if flat.dtype.kind == "f" else [str(int(one)) for one in flat]
    return f"static const {kind} {name}[] = {_braced(texts, ',')};"


def _number(text: str) -> str:
    """A fraction's shortest text, as C takes it: `nan`, or such as `-0.25`, which needs no `0`."""
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    return sign + {"nan": "NAN", "inf": "INFINITY"}.get(digits, digits.removeprefix("0"))


def _texts(texts: list[str]) -> str:
    """C strings in UTF-8: what is not ASCII stands as octal escapes, which no digit behind them can change."""
    return _braced([f'"{_escaped(text)}"' for text in texts])


def _escaped(text: str) -> str:
    plain = (chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}" for byte in text.encode())
    return "".join(plain)


def _braced(texts: list[str], between: str = ", ") -> str:
    lines, line = [], ""
    for text in texts:
        if len(line) + len(text) > LINE:
            lines.append(line.rstrip())
            line = ""
        line += text + between
    return "{\n" + "\n".join([*lines, line.rstrip(", ")]) + "\n}"
