"""Examples of requests for a model that is served: rows of zeros, as its inputs want them."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from contract.manifest import Manifest
from contract.tensors import Input
from service.serving.repository import Models

# An example of more values than this would be most of the document.
_MOST_VALUES = 1024


def with_example(type_: Any, example: Any) -> Any:
    """A type that is documented with an example, if there is one."""
    return type_ if example is None else Annotated[type_, Field(examples=[example])]


def predict_example(models: Models) -> dict[str, Any] | None:
    """A request of one instance for the default model; None if there is none to show."""
    manifest = _manifest(models)
    return None if manifest is None else {"instances": [_instance(manifest)]}


def infer_example(models: Models) -> dict[str, Any] | None:
    """The same for the Open Inference Protocol."""
    manifest = _manifest(models)
    if manifest is None:
        return None
    return {"inputs": [_tensor(tensor) for tensor in manifest.inputs]}


def _manifest(models: Models) -> Manifest | None:
    """The manifest of the default model, if it serves and a row of it is not too long to show."""
    if not models.ready():
        return None
    manifest = models.get().manifest
    values = sum(tensor.row_size for tensor in manifest.inputs)
    return manifest if values <= _MOST_VALUES else None


def _instance(manifest: Manifest) -> Any:
    arrays = {t.name: _zeros(t).tolist() for t in manifest.inputs if not t.columns}
    columns = {
        column: _value(tensor, i)
        for tensor in manifest.inputs
        for i, column in enumerate(tensor.columns)
    }
    if columns or len(arrays) > 1:
        return arrays | columns
    return next(iter(arrays.values()))


def _tensor(tensor: Input) -> dict[str, Any]:
    shape = [1, *tensor.row]
    data = _zeros(tensor).ravel().tolist()
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": shape, "data": data}


def _zeros(tensor: Input) -> np.ndarray[Any, Any]:
    """One row of zeros, or of empty texts."""
    return np.full(tensor.row, "" if tensor.datatype == "BYTES" else 0, tensor.dtype)


def _value(tensor: Input, column: int) -> Any:
    """A value of one column: a category that training saw, if any, zero, or the empty text."""
    seen = tensor.seen[column] if tensor.seen else None
    if seen is not None and seen.content == "category" and tensor.datatype == "BYTES":
        return next(iter(seen.categories), "")
    return "" if tensor.datatype == "BYTES" else np.zeros((), tensor.dtype).tolist()
