"""Decoded requests and encoded responses, named as the specification names them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from contract.batch import Batch
from contract.manifest import Manifest
from contract.tensors import Output
from service.protocol.datatypes import Datatype


class RequestOutput(NamedTuple):
    """One output that a request asks for.

    Attributes:
        binary: True if the tensor follows the JSON, False if it is in the JSON.
        classification: number of best classes to return instead of the tensor; 0 for the tensor.
    """

    name: str
    binary: bool = False
    classification: int = 0


class RequestInput(NamedTuple):
    """One input as the JSON describes it.

    Attributes:
        where: its field, for messages: `inputs[0]`.
        binary_size: bytes of the tensor after the JSON, not yet checked; None if the tensor is in
            `data`.
    """

    name: str
    datatype: Datatype
    shape: Sequence[int]
    where: str
    binary_size: Any
    data: Any


class RequestHeader(NamedTuple):
    """The decoded JSON of a request; `booleans` is True if its values may include booleans."""

    inputs: Sequence[RequestInput]
    outputs: Sequence[RequestOutput]
    id: str | None
    booleans: bool


class InferenceRequest(NamedTuple):
    """A decoded request: the model's inputs and the requested outputs."""

    inputs: Batch
    outputs: Sequence[RequestOutput]
    id: str | None = None


class InferenceResponse(NamedTuple):
    """An encoded response.

    Attributes:
        header_length: bytes of the JSON before binary tensors; None if all of it is JSON.
    """

    body: bytes
    header_length: int | None = None


class Signature:
    """The inputs and outputs of a model, in the form that decoding a request needs.

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
        """Every output, for a request that names none."""
        return self._all[binary]

    def classifies(self, output: Output) -> bool:
        """True if an output has one value per label."""
        return output.role in ("probabilities", "scores")
