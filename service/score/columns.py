"""Which column of a frame holds images, and its cells as an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from contract.messages import short
from service.errors import InvalidError

if TYPE_CHECKING:
    import polars as pl

_WHAT = "images (PNG or JPEG bytes, or lists of {} integers)"


def image_column(schema: pl.Schema, named: str | None, shape: tuple[int, ...], source: str) -> str:
    """The column of images: the one named, or the only one of a fitting type.

    Raises:
        InvalidError: no such column, none that fits, or several.
    """
    what = _WHAT.format(shape[0] * shape[1])
    if named is not None:
        if named not in schema:
            raise InvalidError(
                f"{source} has no column {short(named)}; --column may name {_listed(list(schema))}"
            )
        if not _fits(schema[named], shape):
            raise InvalidError(
                f"column {short(named)} of {source} is of type {schema[named]}, "
                f"which cannot hold {what}; name another with --column"
            )
        return named
    fitting = [name for name, dtype in schema.items() if _fits(dtype, shape)]
    if len(fitting) != 1:
        found = f"{len(fitting)} columns of {what}: {_listed(fitting)}; name one with --column"
        if not fitting:
            found = f"no column of {what}; its columns are {_listed(list(schema))}"
        raise InvalidError(f"{source} has {found}")
    return fitting[0]


def cells(series: pl.Series) -> NDArray[Any]:
    """A column as `service.score.cells.decode` takes it, without a copy where the type allows."""
    import polars as pl

    dtype = series.dtype
    if isinstance(dtype, pl.Struct):
        series = series.struct.field("bytes")
    elif isinstance(dtype, pl.Array | pl.List) and (regular := _regular(series)) is not None:
        return regular
    out = np.empty(len(series), object)
    out[:] = series.to_list()
    return out


def _fits(dtype: pl.DataType, shape: tuple[int, ...]) -> bool:
    """Bytes, or integers in at most two levels of lists; fixed sizes must be the model's."""
    import polars as pl

    if isinstance(dtype, pl.Struct):
        return any(field.name == "bytes" and field.dtype == pl.Binary for field in dtype.fields)
    if isinstance(dtype, pl.Array):
        return dtype.shape in (shape, (shape[0] * shape[1],)) and _inner(dtype).is_integer()
    if isinstance(dtype, pl.List):
        inner = dtype.inner.inner if isinstance(dtype.inner, pl.List | pl.Array) else dtype.inner
        return isinstance(inner, pl.DataType) and inner.is_integer()
    return dtype == pl.Binary


def _inner(dtype: pl.DataType) -> pl.DataType:
    import polars as pl

    while isinstance(dtype, pl.Array | pl.List):
        dtype = dtype.inner  # type: ignore[assignment]
    return dtype


def _regular(series: pl.Series) -> NDArray[Any] | None:
    """Lists of one size without nulls as one array; None where they are not."""
    import polars as pl

    sizes = [len(series)]
    while isinstance(series.dtype, pl.List | pl.Array):
        if series.null_count() or not len(series):
            return None
        lengths = series.arr.len() if isinstance(series.dtype, pl.Array) else series.list.len()
        if lengths.min() != lengths.max() or not lengths[0]:
            return None
        sizes.append(int(lengths[0]))
        series = series.explode()
    if series.null_count():
        return None
    return series.to_numpy().reshape(sizes)


def _listed(names: list[str]) -> str:
    shown = ", ".join(map(short, names[:10]))
    return f"{shown}, ..." if len(names) > 10 else shown or "none"
