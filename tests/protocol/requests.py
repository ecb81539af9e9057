"""Requests as clients write them, and a model with inputs of several datatypes."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from contract.tensors import TensorSpec
from service.protocol.types import Signature
from tests.repositories import manifest_of

IMAGES = np.random.default_rng(5).integers(0, 256, (3, 28, 28), np.uint8)


def tensor(rows: int = 1, **changes: Any) -> dict[str, Any]:
    """An input without its values; a field set to None is left out."""
    fields = {"name": "images", "shape": [rows, 28, 28], "datatype": "UINT8"} | changes
    return {name: value for name, value in fields.items() if value is not None}


def flat(rows: int = 1, **changes: Any) -> dict[str, Any]:
    return tensor(rows, **{"data": IMAGES[:rows].ravel().tolist()} | changes)


def nested(rows: int = 1, **changes: Any) -> dict[str, Any]:
    return tensor(rows, **{"data": IMAGES[:rows].tolist()} | changes)


def sized(rows: int = 1, **changes: Any) -> dict[str, Any]:
    return tensor(rows, **{"parameters": {"binary_data_size": rows * 784}} | changes)


def body(*inputs: Any, **fields: Any) -> bytes:
    return orjson.dumps({"inputs": list(inputs), **fields})


def binary(header: bytes, *tensors: bytes) -> tuple[bytes, int]:
    """The body of a binary request and the length of its JSON."""
    return b"".join((header, *tensors)), len(header)


def columns() -> Signature:
    """A model of one named input per column, which no committed model is yet."""
    specs = {"age": "INT16", "weight": "FP32", "smoker": "BOOL", "town": "BYTES"}
    inputs = tuple(
        TensorSpec.model_validate({"name": name, "datatype": datatype, "shape": (-1, 2)})
        for name, datatype in specs.items()
    )
    images = manifest_of("people", "1", b"graph", b"golden")
    return Signature(images.model_copy(update={"inputs": inputs}), 8)
