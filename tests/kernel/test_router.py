"""The routes of a path."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from service.http.kernel.router import Router


class Named(NamedTuple):
    method: str
    path: str


ROUTER = Router(
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
def test_a_path_matches(path: str, pattern: str, parameters: dict[str, str]) -> None:
    for _ in range(2):  # the second time from the cache
        match = ROUTER.find(path)
        assert match is not None
        assert (match.pattern, match.parameters) == (pattern, parameters)


@pytest.mark.parametrize("path", ["", "/models", "/models/", "/models/a/b", "/docsxjson", "//"])
def test_a_path_without_a_route(path: str) -> None:
    assert ROUTER.find(path) is None
    assert ROUTER.find(path) is None


def test_a_path_with_get_has_head() -> None:
    match = ROUTER.find("/models/stats")
    assert match is not None
    assert set(match.methods) == {"GET", "HEAD"}
    assert match.methods["HEAD"] is match.methods["GET"]


def test_the_cache_is_bounded() -> None:
    for i in range(5000):
        ROUTER.find(f"/models/{i}")
    cache = ROUTER._cached.cache_info()
    assert cache.currsize == cache.maxsize
