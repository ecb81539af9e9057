"""JSON bodies: parse strictly, name what is wrong."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import orjson

from contract.messages import describe, kind, short
from service.errors import InvalidError, MalformedError


def parse_object(
    body: bytes, example: str = '{"instances": [...]}', what: str = "the body"
) -> dict[str, Any]:
    """A JSON object without duplicate keys; `example` is shown to whom sent none.

    Raises:
        MalformedError: no JSON (NaN and Infinity are none), no object, a key given twice, or
            nested too deep.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedError(
            f"{what} is no JSON: {error}; send an object such as {example}" if body else
            f"{what} is empty; send a JSON object such as {example}"
        ) from error  # fmt: skip
    if not isinstance(document, dict):
        raise MalformedError(f"{what} is a JSON {kind(document)}; send a JSON object")
    # Each key has one colon. More colons mean a string that holds one or a repeated key, which
    # orjson would drop in silence: look closely then.
    if body.count(b":") != _keys(document, depth=4):
        try:
            json.loads(body, object_pairs_hook=_unique)
        except RecursionError as error:
            raise MalformedError(f"{what} is nested too deeply; send it flatter") from error
    return document


def refuse_unknown(document: dict[str, Any], known: Collection[str], where: str = "") -> None:
    """Raise InvalidError for the first field that is not known; `where` is the object's place."""
    for field in document:
        if field not in known:
            raise InvalidError(
                f"field {short(field)}{where and f' of {where}'} is unknown; the fields are "
                f"{', '.join(sorted(known))}",
                loc=[field[:100]],
            )


def may_hold_booleans(body: bytes) -> bool:
    """Whether JSON text may hold true or false; searched backwards, which is thrice as fast."""
    return body.rfind(b"true") >= 0 or body.rfind(b"false") >= 0


def optional_string(document: dict[str, Any], field: str) -> str | None:
    """The string in a field, or None if it is absent or null."""
    value = document.get(field)
    if value is None or isinstance(value, str):
        return value
    raise InvalidError(
        f"{field} is {describe(value)}; it must be a string, or be left out", loc=[field]
    )


def _keys(document: dict[str, Any], depth: int) -> int:
    """The keys of an object and of those inside it; arrays that start with no object are data."""
    count = len(document)
    for value in document.values() if depth else ():
        if type(value) is dict:
            count += _keys(value, depth - 1)
        elif type(value) is list and value and type(value[0]) is dict:
            count += sum(_keys(item, depth - 1) for item in value if type(item) is dict)
    return count


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise MalformedError(
                f"field {short(key)} is given twice; give it once", loc=[key[:100]]
            )
        result[key] = value
    return result
