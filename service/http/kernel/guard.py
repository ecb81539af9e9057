"""ASGI middleware in front of everything: who may ask, and what every answer carries.

It reads headers alone, before a body is read, and answers for routes of BentoML as for the
product's.
"""

from __future__ import annotations

import itertools
import re
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from contract.messages import short
from service.api_keys import ApiKey, find_key
from service.errors import (
    ForbiddenError,
    MisdirectedError,
    ServiceError,
    UnauthorizedError,
)
from service.http.kernel.asgi import ASGIApp, Message, Receive, Scope, Send
from service.http.kernel.messages import Reply, reply, send_reply
from service.http.kernel.origins import (
    host_name,
    is_address,
    is_allowed,
    is_foreign_page,
    is_local_name,
    is_loopback,
)
from service.logs import request_id, trace_id

_READ = frozenset(
    (b"host", b"origin", b"authorization", b"sec-fetch-site", b"sec-fetch-mode",
     b"x-request-id", b"traceparent", b"access-control-request-method")
)  # fmt: skip
# A client's own id is kept if it is no longer and of nothing else, since it is logged.
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_TRACE_PARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_BEARER = b"bearer "
_PREFLIGHT = {
    "access-control-allow-methods": "GET, HEAD, POST",
    "access-control-allow-headers": "authorization, content-type, inference-header-content-length, "
    "traceparent, x-request-id",
    "access-control-max-age": "600",
}
_EXPOSED = b"inference-header-content-length, retry-after, x-request-id"
Headers = dict[bytes, bytes]


@dataclass(frozen=True)
class Access:
    """Who may ask for a path: everybody (`public`), holders of a key, or those of an admin key."""

    public: bool = False
    admin: bool = False


class RequestLog(Protocol):
    """Takes note of every answered request."""

    def note(self, method: str, path: str, status: int, seconds: float) -> None:
        """Note a request; `request_id` and `trace_id` are set."""


@dataclass(frozen=True)
class Rules:
    """Who may ask.

    Attributes:
        keys: accepted API keys; none lets everybody ask who reaches a loopback address.
        allow_anonymous: without keys, others may ask as well.
        hosts: names that a Host header may have beside this machine's own.
        origins: of pages that may use the service beside its own; `*` is any.
    """

    keys: Sequence[ApiKey] = ()
    allow_anonymous: bool = False
    hosts: Collection[str] = ()
    origins: Collection[str] = ()


@dataclass
class Guard:
    """Checks each request, and gives each answer its id and the headers that browsers need.

    Args:
        app: what answers.
        rules: who may ask.
        access: what a path asks for, by method and path.
        log: takes note of every request, if there is one.
    """

    app: ASGIApp
    rules: Rules
    access: Callable[[str, str], Access]
    log: RequestLog | None = None
    _prefix: str = field(default_factory=lambda: secrets.token_hex(6), init=False)
    _numbers: itertools.count[int] = field(default_factory=itertools.count, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        found = {name: value for name, value in scope["headers"] if name in _READ}
        identity = self._identity(found)
        answer = _Answer(send, self._headers(found, identity))
        refusal = self._refusal(scope, found)
        if refusal is None:
            await self.app(scope, receive, answer.send)
        else:
            await send_reply(refusal, scope, answer.send)
        if self.log is not None:
            seconds = time.perf_counter() - started
            self.log.note(scope["method"], scope["path"], answer.status, seconds)

    def _identity(self, found: Headers) -> bytes:
        """The request's id: the client's own, if it is fit to be logged, or a new one."""
        given = found.get(b"x-request-id")
        if given is None or not _REQUEST_ID.fullmatch(given):
            given = f"{self._prefix}-{next(self._numbers):x}".encode()
        request_id.set(given.decode())
        trace = _TRACE_PARENT.fullmatch(found.get(b"traceparent", b""))
        trace_id.set(trace[1].decode() if trace else None)
        return given

    def _headers(self, found: Headers, identity: bytes) -> list[tuple[bytes, bytes]]:
        """What the answer carries beside its own headers."""
        headers = [(b"x-request-id", identity)]
        if self.rules.origins:
            origin = found.get(b"origin")
            headers.append((b"vary", b"origin"))
            if origin is not None and is_allowed(origin, self.rules.origins):
                headers.append((b"access-control-allow-origin", origin))
                headers.append((b"access-control-expose-headers", _EXPOSED))
        return headers

    def _refusal(self, scope: Scope, found: Headers) -> Reply | None:
        """The answer to a request that may not be passed on; None if it may."""
        try:
            self._check_page(scope, found)
            if scope["method"] == "OPTIONS" and b"access-control-request-method" in found:
                return Reply(b"", 204, _PREFLIGHT)
            access = self.access(scope["method"], scope["path"])
            if not access.public:
                self._check_caller(scope, found, access)
        except ServiceError as error:
            return reply(error.body(), error.status, error.headers)
        return None

    def _check_page(self, scope: Scope, found: Headers) -> None:
        """Raise a ServiceError for a page of another origin, or a name that is not this host's."""
        origin = found.get(b"origin")
        if is_foreign_page(found, scope["method"]) and not is_allowed(origin, self.rules.origins):
            page = origin or found.get(b"sec-fetch-site", b"")
            raise ForbiddenError(
                f"a page of {short(page.decode('latin-1'))} may not use this service; send the "
                "request from a program or a page of this service, or allow the origin in "
                "ROSENBLATT_CORS_ORIGINS"
            )
        host = found.get(b"host")
        if host is None or not self._needs_own_name(scope):
            return
        name = host_name(host)
        if name not in self.rules.hosts and not is_local_name(name):
            raise MisdirectedError(
                f"this service does not answer for the host {short(name)}; use its address, or "
                "add the name to ROSENBLATT_ALLOWED_HOSTS"
            )

    def _needs_own_name(self, scope: Scope) -> bool:
        """True if a name that leads here by a stranger's doing could reach what he could not.

        That is what a loopback address without keys is for; elsewhere the setting decides.
        """
        return bool(self.rules.hosts) or (not self.rules.keys and is_loopback(_address(scope)))

    def _check_caller(self, scope: Scope, found: Headers, access: Access) -> None:
        """Raise a ServiceError unless the request has the key that it needs."""
        if not self.rules.keys:
            self._check_anonymous(scope)
            return
        given = found.get(b"authorization")
        if given is None or given[: len(_BEARER)].lower() != _BEARER:
            raise UnauthorizedError(
                "the request has no API key; send it as the header Authorization: Bearer KEY",
                headers={"www-authenticate": "Bearer"},
            )
        key = find_key(self.rules.keys, given[len(_BEARER) :].strip())
        if key is None:
            raise UnauthorizedError(
                "the API key is not accepted; send one whose SHA-256 the service was given",
                headers={"www-authenticate": 'Bearer error="invalid_token"'},
            )
        if access.admin and not key.admin:
            raise ForbiddenError(
                "the API key may not load or unload models; send one that was made with "
                "`rosenblatt key --admin`"
            )

    def _check_anonymous(self, scope: Scope) -> None:
        address = _address(scope)
        if self.rules.allow_anonymous or not is_address(address) or is_loopback(address):
            return
        raise ForbiddenError(
            "without API keys this service answers on loopback addresses only; set "
            "ROSENBLATT_API_KEYS, or ROSENBLATT_ALLOW_ANONYMOUS=true in a closed network"
        )


@dataclass
class _Answer:
    """Passes an answer on with more headers, and keeps its status."""

    _send: Send
    _headers: list[tuple[bytes, bytes]]
    status: int = 0

    async def send(self, message: Message) -> None:
        """Pass on one message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *self._headers]
        await self._send(message)


def _address(scope: Scope) -> str:
    """The address of this machine that the client is connected to; no address in a test."""
    server = scope.get("server")
    return str(server[0]) if server else ""
