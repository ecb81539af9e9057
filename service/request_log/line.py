"""A request and its answer as one line of JSON.

    {"time", "model", "version", "rows", "milliseconds",
     "instances", "omitted", "predictions" or "error"}

`instances` are as `/predict` takes them, without the inputs that `omitted` names, so that a line
without omissions can be sent again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from contract.batch import Array, Batch
from contract.tensors import Input
from service.errors import ServiceError
from service.instances.predictions import PredictionEncoder
from service.instances.rows import instances

# Rows of one request that are written; a request may have a thousand.
MOST_ROWS = 16


@dataclass(frozen=True)
class Line:
    """What is known of a request.

    Attributes:
        inputs: those that are logged.
        omitted: names of the columns and inputs that are not.
        rows: rows of the request, of which `MOST_ROWS` are kept.
        batch: the logged inputs; None if there are none.
        outputs: None if the request failed.
        error: the kind of its failure, or None.
    """

    time: float
    model: str
    version: str
    seconds: float
    rows: int
    inputs: Sequence[Input]
    omitted: Sequence[str]
    batch: Batch | None
    outputs: Batch | None
    encoder: PredictionEncoder
    error: str | None = None

    def __call__(self) -> bytes:
        """The line, with its end."""
        document: dict[str, Any] = {
            "time": datetime.fromtimestamp(self.time, UTC).isoformat(timespec="milliseconds"),
            "model": self.model,
            "version": self.version,
            "rows": self.rows,
            "milliseconds": round(self.seconds * 1000, 3),
        }
        if self.batch is not None:
            document["instances"] = instances(self.inputs, self.batch.arrays)
        if self.omitted:
            document["omitted"] = list(self.omitted)
        document |= self._answer()
        return orjson.dumps(
            document, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE, default=_plain
        )

    def _answer(self) -> dict[str, Any]:
        if self.outputs is None:
            return {"error": self.error}
        try:
            return {"predictions": self.encoder.encode(self.outputs)}
        except ServiceError as error:  # its client got the same
            return {"error": type(error).__name__}


def _plain(value: Any) -> Any:
    """What orjson does not write: arrays that are not contiguous, or of float16."""
    return value.tolist()


def kept(array: Array) -> Array:
    """The first rows, as a copy unless they are all."""
    return array if len(array) <= MOST_ROWS else array[:MOST_ROWS].copy()


def size_of(batch: Batch | None) -> int:
    """About how many bytes a batch holds."""
    if batch is None:
        return 0
    return sum(
        sum(len(str(text)) for text in array.ravel().tolist())
        if array.dtype == object
        else array.nbytes
        for array in batch.arrays.values()
    )
