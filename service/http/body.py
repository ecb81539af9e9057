"""JSON bodies: parse strictly, name what is wrong."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import orjson

from service.errors import InvalidError, MalformedError
from service.wording import describe, kind, short


def parse_object(
    body: bytes, example: str = '{"instances": [...]}', what: str = "the body"
) -> dict[str, Any]:
    """A JSON object without duplicate keys; `example` is shown to whom sent none.

    Raises:
        MalformedError: no JSON (NaN and Infinity are none), no object, or a key given twice.
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
    # Each key of a flat object has one colon. More colons mean a string that holds one, a
    # nested object or a repeated key, which orjson would drop in silence: look closely then.
    if body.count(b":") != len(document):
        try:
            json.loads(body, object_pairs_hook=_unique)
        except RecursionError as error:
            raise MalformedError(f"{what} is nested too deeply; send a flat object") from error
    return document


def refuse_unknown(document: dict[str, Any], known: Collection[str]) -> None:
    """Raise InvalidError for the first field that is not known."""
    for field in document:
        if field not in known:
            raise InvalidError(
                f"field {short(field)} is unknown; the fields are {', '.join(sorted(known))}",
                loc=[field[:100]],
            )


def optional_string(document: dict[str, Any], field: str) -> str | None:
    """The string in a field, or None if it is absent or null."""
    value = document.get(field)
    if value is None or isinstance(value, str):
        return value
    raise InvalidError(
        f"{field} is {describe(value)}; it must be a string, or be left out", loc=[field]
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise MalformedError(
                f"field {short(key)} is given twice; give it once", loc=[key[:100]]
            )
        result[key] = value
    return result
