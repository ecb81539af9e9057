"""Answers to requests that do not reach the application: the service's one error body."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import httptools
import orjson


class RefusedError(Exception):
    """A request is refused while it is being parsed.

    Args:
        status: of the answer.
        sentence: for the client.
        headers: extra headers of the answer.
    """

    def __init__(
        self, status: HTTPStatus, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = dict(headers or {})


def refusal_of(error: httptools.HttpParserError) -> RefusedError:
    """The refusal that an error of the parser stands for."""
    if isinstance(error.__context__, RefusedError):  # raised in a callback of the parser
        return error.__context__
    if isinstance(error.__context__, MemoryError):
        return RefusedError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "the service has no memory left for this request; send less, or try again in a moment",
            headers={"retry-after": "1"},
        )
    reason = "" if isinstance(error, httptools.HttpParserCallbackError) else f" ({error})"
    return RefusedError(
        HTTPStatus.BAD_REQUEST, f"the request is not valid HTTP/1.1{reason}; mend the client"
    )


def late(seconds: float) -> RefusedError:
    """The refusal of a request whose headers take too long."""
    return RefusedError(
        HTTPStatus.REQUEST_TIMEOUT,
        f"the headers of the request did not arrive within {seconds:g} s; send them faster",
    )


def too_long(limit: int) -> RefusedError:
    """The refusal of a request line and headers over the limit."""
    return RefusedError(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        f"the request line and headers have more than {limit} bytes, which is the limit; send less",
    )


def unsupported_version(version: str) -> RefusedError:
    """The refusal of a version of HTTP."""
    return RefusedError(
        HTTPStatus.BAD_REQUEST, f"the version of HTTP is {version}; send HTTP/1.1 or HTTP/1.0"
    )


def hosts(count: int) -> RefusedError:
    """The refusal of a request whose host is missing or ambiguous (RFC 9112, section 3.2)."""
    return RefusedError(
        HTTPStatus.BAD_REQUEST, f"the request has {count} host headers; send exactly one"
    )


def unsupported_expectation(value: bytes) -> RefusedError:
    """The refusal of an `Expect` header."""
    return RefusedError(
        HTTPStatus.EXPECTATION_FAILED,
        f"expect is {value.decode('latin-1')[:100]!r}; send 100-continue or leave it out",
    )


def upgrade_with_body() -> RefusedError:
    """The refusal of a request that asks for another protocol and has a body.

    The parser skips the body, and without it the request would be another one.
    """
    return RefusedError(
        HTTPStatus.BAD_REQUEST,
        "the request has a body and asks for an upgrade to another protocol; send it as HTTP/1.1 "
        "without the header Upgrade",
    )


def response(error: RefusedError, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The bytes of the answer, after which the connection is closed; `headers` are the server's."""
    body = orjson.dumps({"error": str(error)})
    lines = [
        b"HTTP/1.1 %d %b" % (error.status, error.status.phrase.encode()),
        *(b"%b: %b" % header for header in headers),
        *(f"{name}: {value}".encode("latin-1") for name, value in error.headers.items()),
        b"x-request-id: %b" % secrets.token_hex(8).encode(),
        b"content-type: application/json",
        b"content-length: %d" % len(body),
        b"connection: close",
    ]
    return b"\r\n".join([*lines, b"", body])
