"""Cells that hold an image or an array -> numbers, with the checks of a request's instances."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from contract.batch import Array
from contract.messages import short
from contract.tensors import Input
from service.errors import InvalidError, ServiceError, TooLargeError
from service.instances import pictures
from service.instances.spec import ImageSpec
from service.score.problems import Problems
from service.settings import Settings

# A flat cell of numbers, where a row has several axes, is in row-major order.
_KINDS = {"FP": "iuf", "BO": "b"}


class Cells:
    """Decodes the cells of one input: an image, or an array of numbers.

    Args:
        tensor: an image or a plain array.
        name: of the column, for messages.
    """

    def __init__(self, tensor: Input, name: str, settings: Settings) -> None:
        self._settings = settings
        self._name = name
        self._row = tensor.row
        self._size = tensor.row_size
        self._dtype = tensor.dtype
        self._spec = ImageSpec.of(tensor) if takes_pictures(tensor) else None
        self._kinds = _KINDS.get(tensor.datatype[:2], "iu")
        self._low, self._high = limits(tensor)
        self._takes = _takes(tensor, self._low, self._high)
        self._what = shapes(tensor)

    def decode(self, cells: NDArray[Any], problems: Problems) -> Array:
        """The numbers of a batch; zeros where there is a problem.

        Args:
            cells: numbers [n, ...]; or objects [n]: nested lists of numbers, None, and for images
                bytes of a PNG or JPEG or a mapping with `bytes`.

        Returns:
            [n, *row] in the datatype of the tensor

        Raises:
            InvalidError: no image, a broken one, or one of another size, if problems are raised.
            TooLargeError: more bytes or pixels than the limits, likewise.
        """
        if self._are_right(cells):
            return cells.astype(self._dtype, copy=False).reshape(-1, *self._row)
        found = np.zeros((len(cells), *self._row), self._dtype)
        for i, cell in enumerate(cells):
            try:
                found[i] = self._one(cell, problems.where(i, self._name))
            except ServiceError as error:
                problems.take(i, error)
        return found

    def _are_right(self, cells: NDArray[Any]) -> bool:
        if cells.dtype.kind not in self._kinds or cells.shape[1:] not in (self._row, (self._size,)):
            return False
        if self._dtype.kind == "f":
            with np.errstate(over="ignore"):
                return bool(np.isfinite(cells.astype(self._dtype, copy=False)).all())
        if cells.dtype == self._dtype:
            return True
        return bool(((cells >= self._low) & (cells <= self._high)).all())

    def _one(self, cell: Any, where: str) -> Array:
        if self._spec and isinstance(cell, dict):
            cell = cell.get("bytes")
        if cell is None:
            noun = "an image" if self._spec else self._what
            raise InvalidError(f"{where} is null; it must hold {noun}")
        if self._spec and isinstance(cell, bytes):
            return self._picture(cell, self._spec, where)
        return self._numbers(cell, where)

    def _picture(self, cell: bytes, spec: ImageSpec, where: str) -> Array:
        if len(cell) > self._settings.max_body_bytes:
            raise TooLargeError(
                f"{where} holds more than {self._settings.max_body_bytes:,} bytes, the limit of "
                "ROSENBLATT_MAX_BODY_BYTES; shrink it or raise the limit"
            )
        most = self._settings.max_image_pixels
        return pictures.decode(cell, spec, most, where, fits=False)

    def _numbers(self, cell: Any, where: str) -> Array:
        """Numbers, flat or nested as the row is."""
        try:
            values = np.asarray(_nested(cell))
        except (TypeError, ValueError) as error:
            raise InvalidError(f"{where} is ragged; it must be {self._what}") from error
        if values.shape not in (self._row, (self._size,)):
            sizes = "x".join(map(str, values.shape)) or short(str(cell))
            raise InvalidError(f"{where} holds {sizes} values; it must be {self._what}")
        flat = values.ravel()
        right = flat.dtype.kind in self._kinds
        if right and self._low <= flat.min() and flat.max() <= self._high:
            return values.astype(self._dtype).reshape(self._row)
        stray = next(value for value in flat.tolist() if not self._is_right(value))
        shown = short(stray if isinstance(stray, bool | int | float | None) else str(stray))
        raise InvalidError(f"{where} holds {shown}; {self._takes}")

    def _is_right(self, value: object) -> bool:
        types = {"iuf": (int, float), "b": (bool,)}.get(self._kinds, (int,))
        return type(value) in types and self._low <= value <= self._high  # type: ignore[operator]


def takes_pictures(tensor: Input) -> bool:
    """True if the images of an input may be encoded: their pixels are bytes."""
    return tensor.content == "image" and tensor.datatype == "UINT8"


def limits(tensor: Input) -> tuple[float, float]:
    """The smallest and the largest number of an input."""
    if tensor.datatype == "BOOL":
        return 0, 1
    if tensor.datatype.startswith("FP"):
        high = float(np.finfo(tensor.dtype).max)
        return -high, high
    info = np.iinfo(tensor.dtype)
    return int(info.min), int(info.max)


def shapes(tensor: Input) -> str:
    """The lists that a cell may hold, as messages name them."""
    noun = "numbers" if tensor.datatype.startswith("FP") else "integers"
    noun = "booleans" if tensor.datatype == "BOOL" else noun
    if not tensor.row:
        return f"one of the {noun}"
    if len(tensor.row) == 1:
        return f"{tensor.row_size} {noun}"
    if len(tensor.row) == 2:
        return f"{tensor.row[0]} rows of {tensor.row[1]} {noun}, or {tensor.row_size} {noun}"
    return f"{noun} of shape {list(tensor.row)}, or {tensor.row_size} {noun}"


def _takes(tensor: Input, low: float, high: float) -> str:
    noun = "a pixel" if tensor.content == "image" else "an element"
    if tensor.datatype == "BOOL":
        return f"{noun} is true or false"
    if tensor.datatype.startswith("FP"):
        return f"{noun} is a number up to {high:g}"
    return f"{noun} is an integer from {low} to {high}"


def _nested(cell: Any) -> Any:
    """Lists of lists where rows are arrays of their own, as they come out of Arrow."""
    if isinstance(cell, np.ndarray):
        cell = cell.tolist()
    if isinstance(cell, list) and any(isinstance(row, np.ndarray) for row in cell):
        return [_nested(row) for row in cell]
    return cell


def cells_of(values: pl.Series | NDArray[Any]) -> NDArray[Any]:
    """A column as `Cells.decode` takes it, without a copy where the type allows."""
    if not isinstance(values, pl.Series):
        return values
    dtype = values.dtype
    if isinstance(dtype, pl.Struct):
        values = values.struct.field("bytes")
    elif dtype.is_numeric() or dtype == pl.Boolean:
        if not values.null_count():
            return values.to_numpy()
    elif isinstance(dtype, pl.Array | pl.List) and (regular := _regular(values)) is not None:
        return regular
    out = np.empty(len(values), object)
    out[:] = values.to_list()
    return out


def _regular(series: pl.Series) -> NDArray[Any] | None:
    """Lists of one size without nulls as one array; None where they are not."""
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
