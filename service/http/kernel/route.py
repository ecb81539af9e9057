"""A route: which handler answers a method and a path, and which bodies it takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from service.http.kernel.messages import JSON, Reply, Request

Handler = Callable[[Request], Awaitable[Reply]]


@dataclass(frozen=True)
class Route:
    """One method of one path.

    Attributes:
        method: HTTP method.
        path: may have named parts: `/models/{name}`.
        handler: returns a Reply or raises a ServiceError.
        media_types: accepted content types of a POST's body.
        max_body_bytes: replaces the application's limit.
        admit: called before the body is read; may raise a ServiceError.
        summary: one line for the index.
    """

    method: str
    path: str
    handler: Handler
    media_types: tuple[str, ...] = (JSON,)
    max_body_bytes: int | None = None
    admit: Callable[[], None] | None = None
    summary: str = ""
