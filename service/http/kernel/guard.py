"""ASGI middleware in front of everything: who may ask, and what every answer carries.

It reads headers alone, before a body is read, and answers for routes of BentoML as for the
product's.
"""

from __future__ import annotations

import copy
import itertools
import re
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
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
    is_allowed,
    is_foreign_page,
    is_local_name,
    is_local_only,
    is_loopback,
)
from service.logs import request_id, trace_id

# A client's own id is kept only if it has this form, since it is logged.
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_TRACE_PARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_UNIX_SOCKET = "/"
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
    """Takes note of every request."""

    def note(self, method: str, path: str, status: int, seconds: float) -> None:
        """Note a request; `request_id` and `trace_id` are set.

        Args:
            status: of the answer, or 0 if none was begun: the client has left, or the application
                has failed.
        """


@dataclass
class Rules:
    """Who may ask.

    Attributes:
        keys: accepted API keys, replaced by a reload; if none, loopback addresses need none.
        allow_anonymous: without keys, others may ask as well.
        hosts: names that a Host header may have beside this machine's own.
        origins: of pages that may use the service beside its own; `*` is any.
    """

    keys: Sequence[ApiKey] = ()
    allow_anonymous: bool = False
    hosts: Collection[str] = ()
    origins: Collection[str] = ()


class Guard:
    """Checks each request, and gives each answer its id and the headers that browsers need.

    Args:
        app: what answers.
        rules: who may ask.
        access: what a path asks for, by method and path.
        log: takes note of every request, if there is one.
    """

    def __init__(
        self,
        app: ASGIApp,
        rules: Rules,
        access: Callable[[str, str], Access],
        log: RequestLog | None = None,
    ) -> None:
        self.app = app
        self._rules = rules
        self._access = access
        self._log = log
        self._prefix = secrets.token_hex(6)
        self._numbers = itertools.count()

    def around(self, app: ASGIApp) -> Guard:
        """The same rules, ids and log around another application."""
        guard = copy.copy(self)
        guard.app = app
        return guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        found = dict(scope["headers"])  # of several with one name, the last
        headers = [(b"x-request-id", self._identify(found))]
        if self._rules.origins:
            headers += self._cross_origin(found.get(b"origin"))
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *headers]
            await send(message)

        try:
            refusal = self._refusal(scope, found)
            if refusal is None:
                await self.app(scope, receive, answer)
            else:
                await send_reply(refusal, scope, answer)
        finally:  # also if the application raises, or is cancelled
            if self._log is not None:
                seconds = time.perf_counter() - started
                self._log.note(scope["method"], scope["path"], status, seconds)

    def _identify(self, found: Headers) -> bytes:
        """The request's id: the client's own, if it is fit to be logged, or a new one."""
        given = found.get(b"x-request-id")
        if given is not None and _REQUEST_ID.fullmatch(given):
            own = given.decode()
        else:
            own = f"{self._prefix}-{next(self._numbers):x}"
        request_id.set(own)
        parent = found.get(b"traceparent")
        trace = None if parent is None else _TRACE_PARENT.fullmatch(parent)
        trace_id.set(trace[1].decode() if trace else None)  # or a pipelined request has another's
        return own.encode()

    def _cross_origin(self, origin: bytes | None) -> list[tuple[bytes, bytes]]:
        """What lets a page of an allowed origin read the answer."""
        if origin is None or not is_allowed(origin, self._rules.origins):
            return [(b"vary", b"origin")]
        return [
            (b"vary", b"origin"),
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", _EXPOSED),
        ]

    def _refusal(self, scope: Scope, found: Headers) -> Reply | None:
        """The answer to a request that may not be passed on; None if it may."""
        rules = self._rules
        try:
            if b"origin" in found or b"sec-fetch-site" in found:
                self._check_page(scope, found)
            if rules.hosts or not rules.keys:
                self._check_host(scope, found)
            if scope["method"] == "OPTIONS" and b"access-control-request-method" in found:
                return Reply(b"", 204, _PREFLIGHT)
            if rules.keys or not (rules.allow_anonymous or is_local_only(_address(scope))):
                self._check_caller(scope, found)
        except ServiceError as error:
            return reply(error.body(), error.status, error.headers)
        return None

    def _check_page(self, scope: Scope, found: Headers) -> None:
        """Raise ForbiddenError for a page of another origin that is not allowed."""
        origin = found.get(b"origin")
        if is_foreign_page(found, scope["method"]) and not is_allowed(origin, self._rules.origins):
            page = origin or found.get(b"sec-fetch-site", b"")
            raise ForbiddenError(
                f"a page of {short(page.decode('latin-1'))} may not use this service; send the "
                "request from a program or a page of this service, or allow the origin in "
                "ROSENBLATT_CORS_ORIGINS"
            )

    def _check_host(self, scope: Scope, found: Headers) -> None:
        """Raise MisdirectedError for a name that a stranger's DNS record may have redirected here.

        Without a list of names the check is for loopback addresses only: on others, a service
        without keys runs only where its settings say that every client is trusted.
        """
        host, hosts = found.get(b"host"), self._rules.hosts
        if host is None or is_local_name(host) or not (hosts or is_loopback(_address(scope))):
            return
        name = host_name(host)
        if name not in hosts:
            raise MisdirectedError(
                f"this service does not answer for the host {short(name)}; use its address, or "
                "add the name to ROSENBLATT_ALLOWED_HOSTS"
            )

    def _check_caller(self, scope: Scope, found: Headers) -> None:
        """Raise a ServiceError unless the request has the key that its route needs."""
        access = self._access(scope["method"], scope["path"])
        if access.public:
            return
        if not self._rules.keys:
            raise ForbiddenError(
                "without API keys this service answers on loopback addresses only; set "
                "ROSENBLATT_API_KEYS, or ROSENBLATT_ALLOW_ANONYMOUS=true in a closed network"
            )
        key = self._key(found.get(b"authorization"))
        if access.admin and not key.admin:
            raise ForbiddenError(
                "the API key may not load or unload models; send one that was made with "
                "`rosenblatt key --admin`"
            )

    def _key(self, authorization: bytes | None) -> ApiKey:
        """The accepted key in an Authorization header (RFC 6750, section 2.1).

        Raises:
            UnauthorizedError: there is none.
        """
        if authorization is None or authorization[: len(_BEARER)].lower() != _BEARER:
            raise UnauthorizedError(
                "the request has no API key; send it as the header Authorization: Bearer KEY",
                headers={"www-authenticate": "Bearer"},
            )
        key = find_key(self._rules.keys, authorization[len(_BEARER) :].strip())
        if key is None:
            raise UnauthorizedError(
                "the API key is not accepted; send one whose SHA-256 the service was given",
                headers={"www-authenticate": 'Bearer error="invalid_token"'},
            )
        return key


def _address(scope: Scope) -> str:
    """The address of this machine that the client is connected to.

    uvicorn gives none for a Unix socket, of which it does not know the path.
    """
    server = scope.get("server")
    return server[0] if server else _UNIX_SOCKET
