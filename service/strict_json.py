"""Strict parsing of JSON bodies: duplicate and unknown fields are errors."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import orjson

from contract.messages import describe, kind, short
from service.errors import InvalidError, MalformedError

_NO_MEMORY = "Not enough memory"  # how orjson's error begins where it could allocate none


def parse_object(
    body: bytes, example: str = '{"instances": [...]}', what: str = "the body"
) -> dict[str, Any]:
    """Parse a JSON object.

    Args:
        example: a valid object, for messages.
        what: names `body` in messages.

    Raises:
        MalformedError: it is not valid JSON (NaN and Infinity are not), not an object, has a
            duplicate key, or is nested too deeply.
        MemoryError: there is no memory to parse it.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if _NO_MEMORY in str(error):
            raise MemoryError from error
        raise MalformedError(
            f"{what} is not valid JSON: {error}; send an object such as {example}" if body else
            f"{what} is empty; send a JSON object such as {example}"
        ) from error  # fmt: skip
    if not isinstance(document, dict):
        raise MalformedError(f"{what} is a JSON {kind(document)}; send a JSON object")
    # orjson drops duplicate keys silently. Each key has one colon, so more colons than keys mean a
    # duplicate key or a colon inside a string; only then is the slower parser needed.
    if body.count(b":") != _keys(document, depth=4):
        try:
            json.loads(body, object_pairs_hook=_unique)
        except RecursionError as error:
            raise MalformedError(f"{what} is nested too deeply; send it flatter") from error
    return document


def refuse_unknown(document: dict[str, Any], known: Collection[str], where: str = "") -> None:
    """Check the fields of an object.

    Args:
        where: the object's own field, for messages; empty for the body.

    Raises:
        InvalidError: a field is unknown.
    """
    for field in document:
        if field not in known:
            raise InvalidError(
                f"field {short(field)}{where and f' of {where}'} is unknown; the fields are "
                f"{', '.join(sorted(known))}",
                loc=[field[:100]],
            )


def may_hold_booleans(body: bytes) -> bool:
    """True if JSON text may hold true or false."""
    return holds(body, b"true", b"u") or holds(body, b"false", b"f")


def holds(body: bytes, text: bytes, rare: bytes) -> bool:
    """True if JSON text holds a text.

    Args:
        rare: a letter of it that numbers and the names of fields seldom have; a look for one byte
            is several times as fast as that for the text.
    """
    return rare in body and text in body


def optional_string(document: dict[str, Any], field: str) -> str | None:
    """The string in a field, or None if it is absent or null.

    Raises:
        InvalidError: it is another value.
    """
    value = document.get(field)
    if value is None or isinstance(value, str):
        return value
    raise InvalidError(
        f"{field} is {describe(value)}; it must be a string, or be left out", loc=[field]
    )


def _keys(document: dict[str, Any], depth: int) -> int:
    """Number of keys in an object and the objects inside it, down to `depth`.

    An array is searched only if its first element is an object; other arrays hold data.
    """
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
