"""Checks answers against the OpenAPI document of the application that gave them."""

from __future__ import annotations

import re
from typing import Any

import httpx
import jsonschema_rs

# An operation and one of its statuses.
Answer = tuple[str, str, int]


class Described:
    """The document, and which of its answers were seen.

    Objects must not have fields that the document does not name: for clients the document leaves
    that open.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.seen: set[Answer] = set()
        self._paths = document["paths"]
        # As the router does: paths without named parts come first.
        self._patterns = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path)
            for path in sorted(self._paths, key=lambda path: "{" in path)
        ]
        self._responses = document["components"]["responses"]
        self._components = _closed(document["components"])

    @property
    def answers(self) -> set[Answer]:
        """Every documented answer of a route; what stands in front of them has its own tests."""
        return {
            (method.upper(), path, int(status))
            for path, item in self._paths.items()
            for method, operation in item.items()
            for status, response in operation["responses"].items()
            if "$ref" not in response
        }

    def check(self, method: str, path: str, answer: httpx.Response) -> None:
        """Raise AssertionError if an answer is not as documented."""
        pattern = next((known for match, known in self._patterns if match.fullmatch(path)), None)
        if pattern is None:
            assert answer.status_code == 404, f"{path} is not documented"
            return
        operation = self._paths[pattern].get("get" if method == "HEAD" else method.lower())
        if operation is None:
            assert answer.status_code == 405, f"{method} {pattern} is not documented"
            return
        status = str(answer.status_code)
        where = f"{method} {pattern} {status}"
        assert status in operation["responses"], f"{where} is not documented: {answer.text}"
        self.seen.add((method, pattern, answer.status_code))
        response = operation["responses"][status]
        if "$ref" in response:  # to components/responses
            response = self._responses[response["$ref"].rpartition("/")[2]]
        if not response["content"]:
            assert not answer.content, f"{where}: no body is documented"
            return
        media = answer.headers["content-type"].split(";")[0]
        assert media in response["content"], f"{where}: {media} is not documented"
        if media == "application/json" and method != "HEAD":
            self._check_json(response["content"][media]["schema"], answer, where)
        if "retry-after" in answer.headers:
            assert "Retry-After" in response["headers"], f"{where}: Retry-After"

    def _check_json(self, schema: dict[str, Any], answer: httpx.Response, where: str) -> None:
        whole = {**_closed(schema), "components": self._components}
        validator = jsonschema_rs.Draft202012Validator(whole)
        errors = [
            f"{'/'.join(map(str, error.instance_path))}: {error.message[:300]}"
            for error in validator.iter_errors(answer.json())
        ]
        assert not errors, f"{where}: {errors[:3]}"


def _closed(schema: Any) -> Any:
    """The schema, its objects without further fields."""
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
