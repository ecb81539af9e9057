"""A route: the handler that answers a method of a path, and what documents it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from service.http.kernel.messages import Reply, Request
from service.http.kernel.operation import Operation

Handler = Callable[[Request], Awaitable[Reply]]


@dataclass(frozen=True)
class Route(Operation):
    """An operation with its handler.

    Attributes:
        handler: returns a Reply or raises a ServiceError.
        max_body_bytes: replaces the application's limit.
        admit: called before the body is read; may raise a ServiceError.
    """

    handler: Handler
    max_body_bytes: int | None = field(default=None, kw_only=True)
    admit: Callable[[], None] | None = field(default=None, kw_only=True)
