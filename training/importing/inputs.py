"""What the inputs of a graph are, and the samples as arrays for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from onnx import ModelProto

from contract.batch import Array, Batch
from contract.graph import TensorType
from contract.tensors import DTYPES, Content, Datatype, Input, Layout
from training.errors import ImportModelError
from training.importing.rewrite.graph import all_nodes
from training.importing.tables import Samples

# What a graph does with a text says what it is.
_TEXT_OPERATORS = frozenset(
    {"RegexFullMatch", "StringNormalizer", "StringSplit", "TfIdfVectorizer"}
)
_CATEGORY_OPERATORS = frozenset({"CategoryMapper", "Equal", "LabelEncoder", "OneHotEncoder"})
_CONTENTS: tuple[Content, ...] = ("number", "category", "text")


class InputReader:
    """Describes each input, and reads its array from the samples.

    Args:
        contents: what `--input` says, by input.
        columns: what `--columns` says, by input.
        layouts: of the inputs that are images.
        reserved: columns of the samples that are true or expected answers.
    """

    def __init__(
        self,
        model: ModelProto,
        samples: Samples,
        contents: Mapping[str, str],
        columns: Mapping[str, Sequence[str]],
        layouts: Mapping[str, Layout],
        reserved: Sequence[str],
    ) -> None:
        self._model = model
        self._samples = samples
        self._contents = contents
        self._columns = columns
        self._layouts = layouts
        self._free = tuple(name for name in samples.names if name not in reserved)

    def read(self, declared: Mapping[str, TensorType]) -> tuple[tuple[Input, ...], Batch]:
        """The inputs and the samples.

        Raises:
            ImportModelError: an input is named that the graph does not have, has an open size, or
                the samples hold nothing that fits it.
        """
        for option, told in (("--input", self._contents), ("--columns", self._columns)):
            if unknown := sorted(set(told) - set(declared)):
                raise ImportModelError(
                    f"{option} {unknown[0]}: the graph has no such input; it has "
                    f"{', '.join(declared)}"
                )
        specs, arrays = [], {}
        for name, tensor in declared.items():
            spec = self._describe(name, tensor, alone=len(declared) == 1)
            specs.append(spec)
            arrays[name] = self._array(spec)
        return tuple(specs), Batch(arrays)

    def _describe(self, name: str, tensor: TensorType, *, alone: bool) -> Input:
        row = self._row(name, tensor)
        datatype = _datatype(name, tensor)
        layout = self._layouts.get(name)
        columns = () if layout else self._named(name, row, alone=alone)
        content = "image" if layout else self._content(name, datatype)
        return Input(
            name=name,
            datatype=datatype,
            shape=(-1, *row),
            content=content,
            layout=layout,
            columns=columns,
        )

    def _row(self, name: str, tensor: TensorType) -> tuple[int, ...]:
        """Shape of one row; an open size is no guess."""
        if tensor.shape == ():
            raise ImportModelError(
                f"input {name!r} is one value for all rows, and a served input has one per row; "
                "export the graph with that value as a constant"
            )
        if tensor.shape is None or -1 in tensor.shape[1:]:
            raise ImportModelError(
                f"input {name!r} is {tensor}, with open sizes beyond the batch; fix them, for "
                f"example --shape {name}={self._example(name)}"
            )
        return tensor.shape[1:]

    def _example(self, name: str) -> str:
        """The row's shape that the samples have, as `--shape` takes it."""
        if name in self._samples.names and (row := self._samples.values(name).shape[1:]):
            return ",".join(map(str, row))
        return str(len(self._columns.get(name, self._free)))

    def _named(self, name: str, row: tuple[int, ...], *, alone: bool) -> tuple[str, ...]:
        """Names of the columns in this input; none for a plain array."""
        if name in self._columns:
            return tuple(self._columns[name])
        if row in ((), (1,)):
            return (self._column(name),)
        if name in self._samples.names:
            return ()
        if alone and len(row) == 1 and len(self._free) == row[0]:
            return self._free
        raise ImportModelError(
            f"{self._samples.path} has the columns {_listed(self._free)}, which do not say what "
            f"input {name!r} with rows of shape {list(row)} takes; name them in order with "
            f"--columns {name}=..."
        )

    def _column(self, name: str) -> str:
        """The column of an input of one column: of its name, as skl2onnx may have written it."""
        if name in self._samples.names:
            return name
        written = [c for c in self._free if re.sub(r"[^\w+]", "_", c) == name]
        return written[0] if len(written) == 1 else name

    def _content(self, name: str, datatype: Datatype) -> Content:
        told = self._contents.get(name)
        if (content := next((c for c in _CONTENTS if c == told), None)) is not None:
            return content
        if datatype != "BYTES":
            return "number"
        operators = _operators_after(self._model, name)
        if operators & _TEXT_OPERATORS:
            return "text"
        if operators & _CATEGORY_OPERATORS:
            return "category"
        raise ImportModelError(
            f"input {name!r} takes text, and the graph does not show whether that is a category; "
            f"give --input {name}=category or --input {name}=text"
        )

    def _array(self, spec: Input) -> Array:
        """The samples of one input, [rows, *row]."""
        sources = spec.columns or (spec.name,)
        missing = [name for name in sources if name not in self._samples.names]
        if missing and spec.name in self._samples.names:  # one array, whose columns have names
            sources, missing = (spec.name,), []
        if missing:
            raise ImportModelError(
                f"{self._samples.path} has no column {missing[0]!r} for input {spec.name!r}; it "
                f"has {_listed(self._samples.names)}; name others with --columns {spec.name}=..."
            )
        arrays = [self._samples.array(name, spec.datatype) for name in sources]
        array = arrays[0] if len(arrays) == 1 else _stacked(spec, arrays)
        if array.shape[1:] in ((), (1,)) and spec.row in ((), (1,)):
            array = array.reshape(-1, *spec.row)
        if array.shape[1:] != spec.row:
            raise ImportModelError(
                f"the samples of input {spec.name!r} have rows of shape {list(array.shape[1:])}; "
                f"the graph takes {list(spec.row)}"
            )
        return array


def _stacked(spec: Input, arrays: Sequence[Array]) -> Array:
    if any(array.ndim > 1 for array in arrays):
        raise ImportModelError(f"the columns of input {spec.name!r} must have one value a row")
    return np.stack(arrays, axis=1)


def _datatype(name: str, tensor: TensorType) -> Datatype:
    found = next((known for known in DTYPES if known == tensor.datatype), None)
    if found is None:
        raise ImportModelError(
            f"input {name!r} is {tensor.datatype}, which cannot be served; export the graph with a "
            "tensor there"
        )
    return found


def _operators_after(model: ModelProto, name: str) -> set[str]:
    """Operators of the nodes that an input reaches."""
    reached, operators = {name}, set[str]()
    nodes = list(all_nodes(model.graph))
    grown = True
    while grown:
        size = len(reached)
        for node in nodes:
            if reached.intersection(node.input):
                operators.add(node.op_type)
                reached.update(filter(None, node.output))  # an output left out has no name
        grown = len(reached) > size
    return operators


def _listed(names: Sequence[str], most: int = 20) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
