"""Which route answers a path."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Generic, NamedTuple, Protocol, TypeVar

_REMEMBERED_PATHS = 1024
_REMEMBERED_LENGTH = 256


class Routed(Protocol):
    """What is found; `path` may hold named parts: `/models/{name}`."""

    @property
    def method(self) -> str:
        """The HTTP method."""

    @property
    def path(self) -> str:
        """The pattern of its path."""


R = TypeVar("R", bound=Routed)


class Found(NamedTuple, Generic[R]):
    """The routes of a path by method, their pattern, and the named parts."""

    methods: Mapping[str, R]
    pattern: str
    parameters: Mapping[str, str]


class Table(Generic[R]):
    """Routes by path. Clients repeat their paths, so short ones are remembered."""

    def __init__(self, routes: Sequence[R]) -> None:
        self._patterns: list[tuple[re.Pattern[str], str, dict[str, R]]] = []
        for path in dict.fromkeys(route.path for route in routes):
            methods = {route.method: route for route in routes if route.path == path}
            if "GET" in methods:
                methods.setdefault("HEAD", methods["GET"])
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
            self._patterns.append((re.compile(pattern), path, methods))
        # Those without parts first: `/models/stats` is no model.
        self._patterns.sort(key=lambda found: "{" in found[1])
        self._remembered = lru_cache(_REMEMBERED_PATHS)(self._search)

    def find(self, path: str) -> Found[R] | None:
        """What is routed at a path."""
        return self._remembered(path) if len(path) <= _REMEMBERED_LENGTH else self._search(path)

    def _search(self, path: str) -> Found[R] | None:
        for pattern, written, methods in self._patterns:
            if match := pattern.fullmatch(path):
                return Found(methods, written, match.groupdict())
        return None
