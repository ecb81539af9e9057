"""Looks up the routes of a path."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Generic, NamedTuple, Protocol, TypeVar

_CACHED_PATHS = 1024
_CACHED_LENGTH = 256


class Routed(Protocol):
    """What a router holds."""

    @property
    def method(self) -> str:
        """HTTP method."""

    @property
    def path(self) -> str:
        """Path; may have named parts: `/models/{name}`."""


R = TypeVar("R", bound=Routed)


class Match(NamedTuple, Generic[R]):
    """The routes of a path by method, the pattern they share, and the path's named parts."""

    methods: Mapping[str, R]
    pattern: str
    parameters: Mapping[str, str]


class Router(Generic[R]):
    """Routes by path. Clients repeat their paths, so matches of short paths are cached."""

    def __init__(self, routes: Sequence[R]) -> None:
        self._patterns: list[tuple[re.Pattern[str], str, dict[str, R]]] = []
        for path in dict.fromkeys(route.path for route in routes):
            methods = {route.method: route for route in routes if route.path == path}
            if "GET" in methods:
                methods.setdefault("HEAD", methods["GET"])
            expression = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
            self._patterns.append((re.compile(expression), path, methods))
        # Paths without named parts come first: `/models/stats` is not a model.
        self._patterns.sort(key=lambda entry: "{" in entry[1])
        self._cached = lru_cache(_CACHED_PATHS)(self._search)

    def find(self, path: str) -> Match[R] | None:
        """The routes of a path, or None."""
        return self._cached(path) if len(path) <= _CACHED_LENGTH else self._search(path)

    def _search(self, path: str) -> Match[R] | None:
        for expression, pattern, methods in self._patterns:
            if match := expression.fullmatch(path):
                return Match(methods, pattern, match.groupdict())
        return None
