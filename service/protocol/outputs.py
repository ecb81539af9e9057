"""Decode `$request_output`: the outputs of a response, their order and their form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contract.messages import describe, short
from contract.tensors import Output
from service.errors import InvalidError
from service.protocol import schema
from service.protocol.parameters import decode_parameters, flag
from service.protocol.types import RequestOutput, Signature
from service.strict_json import refuse_unknown

_OUTPUT = frozenset(schema.RequestOutput.__annotations__)


def decode_outputs(outputs: Any, binary: bool, signature: Signature) -> Sequence[RequestOutput]:
    """The requested outputs; all outputs if the request names none.

    Args:
        outputs: the field `outputs` of the request.
        binary: the request's `binary_data_output`; an output's `binary_data` overrides it.

    Raises:
        InvalidError: an output is unknown, repeated or has a wrong parameter.
    """
    if outputs is None or outputs == []:
        return signature.all_outputs(binary)
    if type(outputs) is not list:
        raise InvalidError(f"outputs is {describe(outputs)}; it must be an array of outputs")
    found: dict[str, RequestOutput] = {}
    for i, output in enumerate(outputs):
        decoded = _output(output, binary, signature, f"outputs[{i}]")
        if decoded.name in found:
            raise InvalidError(
                f"outputs[{i}].name is {short(decoded.name)} a second time; ask for it once"
            )
        found[decoded.name] = decoded
    return tuple(found.values())


def _output(output: Any, binary: bool, signature: Signature, where: str) -> RequestOutput:
    if type(output) is not dict:
        raise InvalidError(f"{where} is {describe(output)}; it must be an object with a name")
    refuse_unknown(output, _OUTPUT, where)
    name = output.get("name")
    spec = signature.outputs.get(name) if type(name) is str else None
    if spec is None:
        raise InvalidError(
            f"{where}.name is {describe(name)}; {signature.name} gives "
            f"{', '.join(signature.outputs)}"
        )
    where += ".parameters"
    parameters = decode_parameters(output, where)
    own = flag(parameters, "binary_data", where)
    classes = _classification(parameters, spec, signature, where)
    return RequestOutput(spec.name, binary if own is None else own, classes)


def _classification(
    parameters: dict[str, Any], spec: Output, signature: Signature, where: str
) -> int:
    """Number of best classes to return, at most all; 0 returns the tensor itself."""
    count = parameters.get("classification")
    if count is None:
        return 0
    if not signature.classifies(spec):
        able = ", ".join(s.name for s in signature.outputs.values() if signature.classifies(s))
        raise InvalidError(
            f"{where}.classification is {describe(count)}, but {spec.name} has no value per class; "
            f"leave it out, or ask for it of these outputs: {able or 'none'}"
        )
    if type(count) is not int or count < 1:
        raise InvalidError(
            f"{where}.classification is {describe(count)}; it must be an integer of at least 1"
        )
    return min(count, len(signature.labels))
