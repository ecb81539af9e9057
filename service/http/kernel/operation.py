"""What documents a route: the bodies it takes, and the answers it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.errors import (
    BusyError,
    ErrorBody,
    InvalidError,
    MediaTypeError,
    ServiceError,
    SlowBodyError,
    TooLargeError,
)
from service.http.kernel.messages import JSON

# Raised before the handler of any POST is called.
BODY_ERRORS = (SlowBodyError, TooLargeError, MediaTypeError, InvalidError, BusyError)


@dataclass(frozen=True)
class Response:
    """One answer.

    Attributes:
        description: one sentence.
        content: the Python type of the body by media type; `bytes` for binary data.
        headers: description by name, of the headers that may be sent.
    """

    description: str
    content: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One method of one path. Types are whatever pydantic makes a JSON schema of.

    Attributes:
        method: HTTP method.
        path: may have named parts: `/models/{name}`.
        summary: one line.
        body: the Python type of a POST's body by accepted content type.
        body_required: False if the body may be empty.
        parameters: types of the named parts, `str` unless given.
        headers: types of the request headers that are read, by name.
        query: types of the query parameters that are read, by name.
        responses: answers by status, other than errors.
        errors: what the handler may raise.
        error_body: type of the body of an error.
        public: needs no API key.
        admin: needs an API key that may change what serves.
        monitoring: is answered on connections over the limit too.
        media_types: accepted content types of a POST's body.
    """

    method: str
    path: str
    summary: str = field(default="", kw_only=True)
    body: Mapping[str, Any] = field(default_factory=lambda: {JSON: dict[str, Any]}, kw_only=True)
    body_required: bool = field(default=True, kw_only=True)
    parameters: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    headers: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    query: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    responses: Mapping[int, Response] = field(default_factory=dict, kw_only=True)
    errors: Sequence[type[ServiceError]] = field(default=(), kw_only=True)
    error_body: Any = field(default=ErrorBody, kw_only=True)
    public: bool = field(default=False, kw_only=True)
    admin: bool = field(default=False, kw_only=True)
    monitoring: bool = field(default=False, kw_only=True)
    media_types: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        # Not a cached_property, which slows down every other attribute of the hot path's routes.
        object.__setattr__(self, "media_types", tuple(self.body))


def ok(body: Any, description: str = "The answer.") -> Mapping[int, Response]:
    """The responses of a route that answers 200 with JSON."""
    return {200: Response(description, {JSON: body})}
