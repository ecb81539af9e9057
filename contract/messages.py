"""Formatting of a client's values in error messages."""

from __future__ import annotations

import json


def kind(value: object) -> str:
    """The JSON name of a value's type."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object")


def describe(value: object) -> str:
    """A value for a message: a short scalar, or the type of an array or object."""
    if value is None or isinstance(value, bool | int | float | str):
        return short(value)
    return f"an {kind(value)}"


def short(value: object) -> str:
    """A value as JSON, truncated to 60 characters."""
    text = json.dumps(value[:61] if isinstance(value, str) else value, ensure_ascii=True)
    if len(text) <= 60:
        return text
    return f'{text[:56]}..."' if isinstance(value, str) else f"{text[:57]}..."
