"""What requests ask and responses are, named as the specification names them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from contract.batch import Batch
from contract.manifest import Manifest
from contract.tensors import Output
from service.protocol.datatypes import Datatype


class RequestOutput(NamedTuple):
    """One output as the response shall hold it.

    Attributes:
        binary: after the JSON instead of in it.
        classification: this many best classes instead of the tensor; 0 for the tensor.
    """

    name: str
    binary: bool = False
    classification: int = 0


class RequestInput(NamedTuple):
    """One input as the JSON describes it.

    Attributes:
        where: its place, for messages: `inputs[0]`.
        binary_size: the bytes of the tensor after the JSON; None where `data` holds it.
    """

    name: str
    datatype: Datatype
    shape: Sequence[int]
    where: str
    binary_size: Any
    data: Any


class RequestHeader(NamedTuple):
    """The JSON of a request; `booleans` says whether any may be among its values."""

    inputs: Sequence[RequestInput]
    outputs: Sequence[RequestOutput]
    id: str | None
    booleans: bool


class InferenceRequest(NamedTuple):
    """A decoded request: every input of the model, and what to answer."""

    inputs: Batch
    outputs: Sequence[RequestOutput]
    id: str | None = None


class InferenceResponse(NamedTuple):
    """A response's bytes; `header_length` is that of the JSON where binary tensors follow it."""

    body: bytes
    header_length: int | None = None


class Signature:
    """What a model takes and gives, at hand for every request.

    Args:
        manifest: of the model.
        max_rows: most rows of a request.
    """

    def __init__(self, manifest: Manifest, max_rows: int) -> None:
        self.name = manifest.name
        self.version = manifest.version
        self.labels = manifest.labels
        self.max_rows = max_rows
        self.inputs = {spec.name: spec for spec in manifest.inputs}
        self.outputs = {spec.name: spec for spec in manifest.outputs}
        self._all = {
            binary: tuple(RequestOutput(name, binary) for name in self.outputs)
            for binary in (False, True)
        }

    def all_outputs(self, binary: bool) -> tuple[RequestOutput, ...]:
        """Every output, where a request names none."""
        return self._all[binary]

    def classifies(self, output: Output) -> bool:
        """True if an output has one value per label."""
        return output.role in ("probabilities", "scores")
