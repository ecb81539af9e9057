from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from service.errors import InvalidError, MalformedError
from service.strict_json import may_hold_booleans, optional_string, parse_object, refuse_unknown


def test_an_object_is_parsed() -> None:
    assert parse_object(b'{"a": [1], "b": "x:y"}') == {"a": [1], "b": "x:y"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is empty"),
        (b"{", "not valid JSON"),
        (b"hello", "not valid JSON"),
        (b'{"a": NaN}', "not valid JSON"),
        (b'{"a": Infinity}', "not valid JSON"),
        (b'{"a": 1,}', "not valid JSON"),
        (b'{"a": "\xff"}', "not valid JSON"),
        (b"[1]", "the body is a JSON array"),
        (b"null", "the body is a JSON null"),
        (b"3", "the body is a JSON number"),
        (b'{"a": 1, "a": 2}', 'field "a" is given twice'),
        (b'{"a": 1, "\\u0061": 2}', 'field "a" is given twice'),
        (b'{"a": {"b": 1, "b": 2}}', 'field "b" is given twice'),
        (b'{"a": [{"b": 1}, {"b": 1, "b": 2}]}', 'field "b" is given twice'),
        (b"[" * 2000, "not valid JSON"),
        (b'{"a":' * 1030 + b"1" + b"}" * 1030, "not valid JSON"),
    ],
)  # fmt: skip
def test_what_is_no_plain_object_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_object(body)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":' * 1010 + b"1" + b"}" * 1010,
        *(b'{"a": 1, "b": ":", "c": ' + b"[" * n + b"]" * n + b"}" for n in (990, 1000, 1010)),
    ],
)
def test_what_is_nested_deeply_is_parsed_or_refused(body: bytes) -> None:
    """Python 3.11's parser goes less deep than orjson; later ones do not."""
    if sys.version_info >= (3, 12):
        assert parse_object(body) == json.loads(body)
        return
    with pytest.raises(MalformedError, match="the body is nested too deeply; send it flatter"):
        parse_object(body)


def test_an_unknown_field_is_named_with_the_known_ones() -> None:
    with pytest.raises(InvalidError, match='field "instance" is unknown; the fields are a, b'):
        refuse_unknown({"a": 1, "instance": 2}, {"a", "b"})
    with pytest.raises(InvalidError, match=r'field "c" of inputs\[0\] is unknown'):
        refuse_unknown({"c": 1}, {"a"}, "inputs[0]")


@pytest.mark.parametrize(
    ("body", "may"),
    [(b"[1]", False), (b"[true]", True), (b"[false]", True), (b'["untrue"]', True), (b"", False)],
)
def test_booleans_are_never_overlooked(body: bytes, may: bool) -> None:
    assert may_hold_booleans(body) is may


def test_nested_objects_are_parsed_once() -> None:
    """A string with a colon costs a second look and nothing else."""
    for text in (b'{"a": [{"b": {"c": 1}}, {"b": 2}]}', b'{"a": {"b": "x:y"}}'):
        assert parse_object(text) == json.loads(text)


@pytest.mark.parametrize("document", [{}, {"model": None}])
def test_a_missing_string_is_none(document: dict[str, Any]) -> None:
    assert optional_string(document, "model") is None


@pytest.mark.parametrize(
    ("value", "shown"), [(3, "3"), ([1], "an array"), (True, "true"), ({}, "an object")]
)
def test_what_is_no_string_is_refused(value: Any, shown: str) -> None:
    with pytest.raises(InvalidError, match=f"model is {shown}; it must be a string"):
        optional_string({"model": value}, "model")
