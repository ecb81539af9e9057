"""The inputs of a table's graph, and the encoding of its columns as nodes.

Each column is a tensor of its own, so that a client sends it by name. Many columns of one content
share a tensor, as every input costs a microsecond.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from onnx import ValueInfoProto

from contract.batch import Array, Batch
from contract.histogram import histogram_of, shares_of
from contract.seen import CategoryRange, NumberRange, Range, Seen
from contract.tensors import Input
from profiler.words import BOOLEAN_PAIRS, MISSING_MARKERS
from training.export.graph import Graph, tensor
from training.fit.tables.encoding import UNSEEN, CategoryCodes, Columns, Encoding

OUTPUTS = ("label", "probabilities", "value", "interval")
MOST_SINGLE = 64
# As NumPy and pandas write them.
_MIXED = ("NaN", "-NaN", "NaT")
_MARKERS = tuple(
    dict.fromkeys(
        (
            *(s for m in sorted(MISSING_MARKERS) for s in (m, m.upper(), m.capitalize())),
            *_MIXED,
        )
    )
)


class InputTensors:
    """The tensors that hold the columns.

    Args:
        columns: of the training rows, whose range the manifest keeps.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        taken = set(OUTPUTS)
        self.number = _names(columns.number_names, "numbers", taken)
        self.category = _names(columns.category_names, "categories", taken)

    def specs(self) -> tuple[Input, ...]:
        """As the manifest describes them."""
        c = self._columns
        numbers = [_number(c.numbers[:, i]) for i in range(c.numbers.shape[1])]
        categories = [_category(c, i) for i in range(c.codes.shape[1])]
        return (
            *_specs(self.number, c.number_names, "number", "FP32", numbers),
            *_specs(self.category, c.category_names, "category", "BYTES", categories),
        )

    def values(self) -> list[ValueInfoProto]:
        """As the graph declares them."""
        return [tensor(spec.name, spec.datatype, spec.row) for spec in self.specs()]

    def features(self, graph: Graph) -> Features:
        """The columns inside a graph."""
        return Features(graph, self, self._columns)

    def batch(self, columns: Columns) -> Batch:
        """Rows as the graph takes them; a missing category is the empty string."""
        texts = np.empty(columns.codes.shape, object)
        for i, categories in enumerate(columns.categories):
            texts[:, i] = np.array([*categories, ""], object)[columns.codes[:, i]]
        return Batch({**_arrays(self.number, columns.numbers), **_arrays(self.category, texts)})


def _names(columns: Sequence[str], together: str, taken: set[str]) -> tuple[str, ...]:
    """A name per column, or one for all; each is added to those that are taken.

    Names within the graph begin with a slash.
    """
    found = []
    for column in columns if len(columns) <= MOST_SINGLE else (together,):
        name = column
        while name in taken or name.startswith("/") or not name:
            name = f"column:{name}"
        taken.add(name)
        found.append(name)
    return tuple(found)


def _specs(
    names: Sequence[str], columns: Sequence[str], content: str, datatype: str, seen: Sequence[Seen]
) -> list[Input]:
    row: tuple[int, ...] = ()
    if len(names) < len(columns):
        row, groups = (len(columns),), [(names[0], tuple(columns), tuple(seen))]
    else:
        groups = [
            (name, (column,), (one,))
            for name, column, one in zip(names, columns, seen, strict=True)
        ]
    return [
        Input.model_validate(
            {"name": name, "datatype": datatype, "shape": (-1, *row), "content": content,
             "columns": own, "seen": [one.model_dump() for one in ranges]}
        )
        for name, own, ranges in groups
    ]  # fmt: skip


def _arrays(names: Sequence[str], values: Array) -> dict[str, Array]:
    if len(names) < values.shape[1]:
        return {names[0]: values}
    return {name: np.ascontiguousarray(values[:, i]) for i, name in enumerate(names)}


def _number(values: Array) -> NumberRange:
    present = values[np.isfinite(values)]
    if not len(present):  # no training row has a value
        return NumberRange(content="number", range=Range(low=0.0, high=0.0), missing=1.0)
    return NumberRange(
        content="number",
        range=Range(low=float(present.min()), high=float(present.max())),
        missing=float(1 - len(present) / len(values)),
        histogram=histogram_of(present),
    )


def _category(columns: Columns, i: int) -> CategoryRange:
    codes = columns.codes[:, i]
    present, counts = np.unique(codes[codes >= 0], return_counts=True)
    return CategoryRange(
        content="category",
        categories=tuple(columns.categories[i][k] for k in present),
        missing=float((codes < 0).mean()),
        **shares_of(counts),
    )


class Features:
    """The columns inside a graph, in the forms that candidates read; each is written once."""

    def __init__(self, graph: Graph, tensors: InputTensors, columns: Columns) -> None:
        self.graph = graph
        self._tensors = tensors
        self._widths = (columns.numbers.shape[1], columns.codes.shape[1])
        self._known: dict[tuple[str, int], str] = {}

    def numbers(self) -> str:
        """FP32 [n, F], NaN where missing."""
        return self._once("numbers", 0, lambda: self._stacked(self._tensors.number, "numbers"))

    def codes(self, encoding: Encoding) -> str:
        """INT64 [n, C], the codes of `Encoding`."""
        return self._once("codes", id(encoding), lambda: self._codes(encoding, ordinal=False))

    def matrix(self, encoding: Encoding) -> str:
        """FP32 [n, F + C], what trees take."""
        return self._once("matrix", id(encoding), lambda: self._matrix(encoding))

    def _once(self, form: str, which: int, write: Callable[[], str]) -> str:
        key = (form, which)
        if key not in self._known:
            self._known[key] = write()
        return self._known[key]

    def _matrix(self, encoding: Encoding) -> str:
        numbers, categories = self._widths
        if not categories:
            return self.numbers()
        ordinals = self._codes(encoding, ordinal=True)
        if not numbers:
            return ordinals
        return self.graph.add("Concat", self.numbers(), ordinals, axis=1)

    def _stacked(self, names: Sequence[str], form: str) -> str:
        if len(names) < self._widths[0]:
            return names[0]
        axis = self._axis()
        parts = [self.graph.add("Unsqueeze", name, axis) for name in names]
        return parts[0] if len(parts) == 1 else self.graph.add("Concat", *parts, axis=1)

    def _axis(self) -> str:
        return self._once("axis", 1, lambda: self.graph.constant(np.array([1], np.int64)))

    def _codes(self, encoding: Encoding, *, ordinal: bool) -> str:
        parts = [
            self._encoded(name, column, ordinal=ordinal)
            for name, column in zip(self._texts(), encoding.columns, strict=True)
        ]
        return parts[0] if len(parts) == 1 else self.graph.add("Concat", *parts, axis=1)

    def _texts(self) -> list[str]:
        """BYTES [n, 1] of each category column."""
        names = self._tensors.category
        return [
            self._once("text", i, partial(self._text, names, i)) for i in range(self._widths[1])
        ]

    def _text(self, names: Sequence[str], i: int) -> str:
        if len(names) == self._widths[1]:
            return self.graph.add("Unsqueeze", names[i], self._axis())
        index = self.graph.constant(np.array([i], np.int64))
        return self.graph.add("Gather", names[0], index, axis=1)

    def _encoded(self, texts: str, column: CategoryCodes, *, ordinal: bool) -> str:
        """Codes of one column [n, 1]; as numbers with NaN for a missing one if `ordinal`."""
        keys, codes = label_keys(column)
        if not ordinal:
            return self.graph.add(
                "LabelEncoder", texts, keys_strings=keys, values_int64s=codes, default_int64=0
            )
        missing = float("nan") if column.has_missing else 0.0
        gap = len(column.known) + 1
        values = [missing if code in (gap, -1) else float(code) for code in codes]
        return self.graph.add(
            "LabelEncoder", texts, keys_strings=keys, values_floats=values, default_float=0.0
        )


def label_keys(column: CategoryCodes) -> tuple[list[str], list[int]]:
    """Every text that has a code of its own, and the codes.

    The profiler takes the white space around a cell away, reads `NA` and the like as missing, and
    booleans in any case. Batch scoring does so too, but clients of `/predict` send cells as they
    are, so the graph knows the usual spellings of a gap and of a boolean, and a category after a
    space, as files with ", " between fields have it.
    """
    spelled = {category: code for code, category in enumerate(column.known, 1)}
    boolean = {category.lower() for category in column.known} in BOOLEAN_PAIRS
    for code, category in enumerate(column.known, 1):
        spelled.setdefault(f" {category}", code)
        if boolean:
            for other in (category.lower(), category.upper(), category.capitalize()):
                spelled.setdefault(other, code)
    if column.has_missing:
        for marker in _MARKERS:
            spelled.setdefault(marker, column.missing)
    if not spelled:  # a LabelEncoder has at least one key
        spelled[""] = UNSEEN
    return list(spelled), list(spelled.values())
