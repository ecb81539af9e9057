"""The query string of a request: known parameters, each at most once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl

from contract.messages import short
from service.errors import InvalidError, MalformedError

_NOTHING: Mapping[str, str] = MappingProxyType({})


def parse_query(query: bytes, known: Collection[str]) -> Mapping[str, str]:
    """The parameters of a query string, percent-decoded.

    Args:
        known: names of the parameters that the route reads.

    Raises:
        InvalidError: the route reads none, or not this one.
        MalformedError: the string cannot be read, or a parameter is given twice.
    """
    if not query:
        return _NOTHING
    if not known:
        raise InvalidError("query parameters are not supported; put the fields in the body")
    found: dict[str, str] = {}
    for name, value in _pairs(query, len(known)):
        if name not in known:
            raise InvalidError(
                f"query parameter {short(name)} is unknown; the parameters are {', '.join(known)}"
            )
        if name in found:
            raise MalformedError(f"query parameter {name} is given twice; give it once")
        found[name] = value
    return found


def _pairs(query: bytes, most: int) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=most + 1,
        )
    except ValueError as error:  # UnicodeDecodeError among them
        raise MalformedError(
            "the query string cannot be read; send name=value pairs, percent-encoded, joined by &"
        ) from error
