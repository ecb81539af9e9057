"""The answers of a model as columns of results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from contract.batch import Array, Batch
from contract.manifest import Manifest
from contract.tensors import Datatype, Output, Role
from service.instances.predictions import PredictionEncoder

_TYPES: Mapping[Datatype, type[pl.DataType]] = {
    "BOOL": pl.Boolean,
    "UINT8": pl.UInt8,
    "UINT16": pl.UInt16,
    "UINT32": pl.UInt32,
    "UINT64": pl.UInt64,
    "INT8": pl.Int8,
    "INT16": pl.Int16,
    "INT32": pl.Int32,
    "INT64": pl.Int64,
    "FP16": pl.Float32,
    "FP32": pl.Float32,
    "FP64": pl.Float64,
    "BYTES": pl.String,
}
_ROLES: tuple[Role, ...] = ("probabilities", "scores", "value", "interval")
_OTHERS = ("other", "attribution", "activation")
_TAKEN = frozenset({"label", *_ROLES, "model", "version", "error"})


@dataclass(frozen=True)
class Column:
    """One column of results.

    Attributes:
        row: shape of one row's value; empty for a single one.
        values: from the outputs of a model, [rows, *row].
    """

    name: str
    dtype: type[pl.DataType]
    row: tuple[int, ...]
    values: Callable[[Batch], Any]

    def array(self, outputs: Batch | None, good: NDArray[np.bool_]) -> Array:
        """The values of all rows: those of the outputs where `good`, else NaN, None or 0."""
        dtype, filler = self._filler()
        found = np.full((len(good), *self.row), filler, dtype)
        if outputs is not None:
            found[good] = np.asarray(self.values(outputs), dtype).reshape(-1, *self.row)
        return found

    def series(self, array: Array, good: NDArray[np.bool_]) -> pl.Series:
        """The values as a column, null where not `good`."""
        dtype = pl.Array(self.dtype, self.row) if self.row else self.dtype()
        values = array.tolist() if array.dtype == object else array
        column = pl.Series(self.name, values, dtype)
        if good.all():
            return column
        nulls = pl.Series(self.name, [None] * len(good), dtype)
        return column.zip_with(pl.Series(good), nulls)

    def _filler(self) -> tuple[Any, Any]:
        if self.dtype == pl.String:
            return object, None
        if self.dtype in (pl.Float32, pl.Float64):
            return (np.float32 if self.dtype == pl.Float32 else np.float64), np.nan
        return pl.Series([], dtype=self.dtype).to_numpy().dtype, 0


def columns_of(manifest: Manifest) -> Sequence[Column]:
    """What a model's answers give: label and probabilities or scores; value and interval; others.

    Other outputs have their own names, after `output_` where a column of results has that name.
    """
    encoder = PredictionEncoder(manifest)
    labels = [Column("label", pl.String, (), encoder.labels)]
    roles = {output.role: _column(output.role, output) for output in manifest.outputs}
    others = [
        _column(f"output_{output.name}" if output.name in _TAKEN else output.name, output)
        for output in manifest.outputs
        if output.role in _OTHERS
    ]
    return [
        *(labels if manifest.task == "classification" else ()),
        *(roles[role] for role in _ROLES if role in roles),
        *others,
    ]


def _column(name: str, output: Output) -> Column:
    single = output.role == "value" and output.row_size == 1
    row = () if single else output.row
    return Column(name, _TYPES[output.datatype], row, lambda outputs: outputs[output.name])
