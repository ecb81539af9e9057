"""Which route answers which path."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from service.http.table import Table


class Named(NamedTuple):
    method: str
    path: str


TABLE = Table(
    [
        Named("GET", "/models/{name}"),
        Named("GET", "/models/stats"),
        Named("POST", "/models/{name}/versions/{version}/infer"),
        Named("POST", "/docs.json"),
        Named("GET", "/"),
    ]
)


@pytest.mark.parametrize(
    ("path", "pattern", "parameters"),
    [
        ("/", "/", {}),
        ("/models/stats", "/models/stats", {}),
        ("/models/cnn", "/models/{name}", {"name": "cnn"}),
        (
            "/models/a.b/versions/2/infer",
            "/models/{name}/versions/{version}/infer",
            {"name": "a.b", "version": "2"},
        ),
        (f"/models/{'x' * 300}", "/models/{name}", {"name": "x" * 300}),
    ],
)
def test_found(path: str, pattern: str, parameters: dict[str, str]) -> None:
    for _ in range(2):  # the second time it is remembered
        found = TABLE.find(path)
        assert found is not None
        assert (found.pattern, found.parameters) == (pattern, parameters)


@pytest.mark.parametrize("path", ["", "/models", "/models/", "/models/a/b", "/docsxjson", "//"])
def test_not_found(path: str) -> None:
    assert TABLE.find(path) is None
    assert TABLE.find(path) is None


def test_what_is_got_has_a_head() -> None:
    found = TABLE.find("/models/stats")
    assert found is not None
    assert set(found.methods) == {"GET", "HEAD"}
    assert found.methods["HEAD"] is found.methods["GET"]


def test_what_is_remembered_is_bounded() -> None:
    for i in range(5000):
        TABLE.find(f"/models/{i}")
    held = TABLE._remembered.cache_info()
    assert held.currsize == held.maxsize
