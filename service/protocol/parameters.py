"""Decode the `parameters` of a request, an input or an output: names with simple values.

The code that uses a parameter checks its value. Unknown parameters are ignored, as the
specification allows, except those of shared memory: they would change where tensors are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.messages import describe, short
from service.errors import InvalidError

_NONE: dict[str, Any] = {}
_SIMPLE = (str, int, float)


def decode_parameters(owner: dict[str, Any], where: str) -> dict[str, Any]:
    """The parameters of an object; empty if it has none.

    Raises:
        InvalidError: `parameters` is not an object, a value is not a string, number or boolean,
            or the request refers to shared memory.
    """
    parameters = owner.get("parameters")
    if parameters is None:
        return _NONE
    if type(parameters) is not dict:
        raise InvalidError(f"{where} is {describe(parameters)}; it must be an object")
    for name, value in parameters.items():
        if not isinstance(value, _SIMPLE):
            raise InvalidError(
                f"{where}[{short(name)}] is {describe(value)}; a parameter is a string, number or "
                "boolean"
            )
        if name.startswith("shared_memory"):
            raise InvalidError(
                f"{where} has the parameter {short(name)}; there is no shared memory here, send "
                "tensors in the body"
            )
    return parameters


def flag(parameters: Mapping[str, Any], name: str, where: str) -> bool | None:
    """The value of a boolean parameter; None if it is absent.

    Raises:
        InvalidError: it is not a boolean.
    """
    value = parameters.get(name)
    if value is None or type(value) is bool:
        return value
    raise InvalidError(f"{where}.{name} is {describe(value)}; it must be true or false")
