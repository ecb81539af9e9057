"""An HTTP connection that refuses broken, endless and slow requests."""

from __future__ import annotations

import asyncio
import os
import select
import socket
from contextlib import suppress
from enum import Enum
from time import monotonic
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.worker.pipeline import MOST_WAITING, PART_BYTES, PipelineFlow
from service.worker.refusal import (
    RefusedError,
    hosts,
    late,
    refusal_of,
    response,
    too_long,
    unsupported_expectation,
    unsupported_version,
    upgrade_with_body,
)
from service.worker.state import State

# How long and how much is still read after a refusal: closing at once would reset the connection
# of a client that is still sending, which might then never see the refusal.
_LINGER_SECONDS, _LINGER_BYTES = 2.0, 16 * 2**20


class Stage(Enum):
    """How far the parser is."""

    NEW = "nothing has come yet"
    HEAD = "within the request line and headers"
    BODY = "within the body"
    BETWEEN = "a whole request has come, and nothing of the next"


class GuardedConnection(HttpToolsProtocol):
    """uvicorn's protocol within limits of time and size, with one JSON error body.

    It has no timers: `enforce_limits` checks all connections twice a second, which costs less than
    a timer for each request.
    """

    def __init__(self, config: Config, state: State, app_state: dict[str, Any]) -> None:
        super().__init__(config, state, app_state)
        self._shared = state
        self._limits = state.limits
        self._stage = Stage.NEW
        self._since = monotonic()  # when the wait for the client began
        self._expects: bytes | None = None
        # Bytes since headers were last complete, or a part of a body was last found.
        self._overhead = 0
        self._received = 0  # bytes that are being parsed
        self._advanced = False
        self._body_left = 0  # bytes of a body with a length that have not come yet
        self._unparsed = b""  # received, but not parsed while `MOST_WAITING` requests wait
        self._refusal: RefusedError | None = None
        self._refused = False  # the refusal is written
        self._upgraded = False  # what follows is of another protocol
        self._discarded = 0
        self._unsent, self._unsent_since = 0, 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called before anything is read."""
        super().connection_made(transport)
        self.flow = PipelineFlow(transport, self.pipeline)
        excess = len(self.connections) - self._limits.connections
        if excess > self._limits.connections:
            transport.abort()
        elif excess > 0:
            self.app = self._shared.overload_app

    def data_received(self, data: bytes) -> None:
        """Called with what the client sends."""
        if self._is_over():
            self._discard(len(data))
        elif self._unparsed or self.pipeline or len(data) > max(PART_BYTES, self._body_left):
            self._parse(self._unparsed + data)
        else:
            self._feed(data)

    def _is_over(self) -> bool:
        """True if nothing more is parsed."""
        return self._refusal is not None or self._upgraded

    def _parse(self, data: bytes) -> None:
        """Parse until `MOST_WAITING` requests wait; the rest is parsed as they are answered."""
        parts, start = memoryview(data), 0
        while start < len(data) and not self._is_over() and len(self.pipeline) < MOST_WAITING:
            end = start + max(PART_BYTES, self._body_left)  # the rest of a body holds no request
            self._feed(parts[start:end])
            start = end
        if self._is_over():
            self._unparsed = b""
            self._discard(max(0, len(data) - start))
        else:
            self._unparsed = data[start:]

    def _feed(self, part: bytes | memoryview) -> None:
        self._received, self._advanced = len(part), False
        try:
            self.parser.feed_data(part)
        except httptools.HttpParserUpgrade:  # the parser has skipped the rest of the part
            self._upgraded, self.cycle.keep_alive = True, False
        except httptools.HttpParserError as error:
            self._refuse(refusal_of(error))
            return
        self._overhead = 0 if self._advanced else self._overhead + len(part)
        if self._overhead > self._limits.header_bytes:
            self._refuse(too_long(self._limits.header_bytes))

    def on_message_begin(self) -> None:
        """Called by the parser at the first byte of a request."""
        self._stage, self._since, self._expects = Stage.HEAD, monotonic(), None
        self._body_left = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser with each header, and with each trailer of a body in chunks."""
        if self._stage is not Stage.BODY:  # else a trailer, which must not pass for a header
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Called by the parser at the end of the headers."""
        self._check_head()
        super().on_headers_complete()
        self._stage, self._advanced = Stage.BODY, True
        if self._expects is not None or self.app is self._shared.overload_app:
            # Where 100-continue is expected, an answer may come without the body having been sent.
            self.cycle.keep_alive = False

    def _check_head(self) -> None:
        """Raise RefusedError if the request cannot be served, whatever it asks for."""
        version = self.parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise unsupported_version(version)
        headers = dict(self.headers)
        if b"host" not in headers or len(headers) < len(self.headers):
            self._check_host(version)
        self._body_left = int(headers.get(b"content-length", 0))  # the parser takes digits only
        limit = self._limits.header_bytes
        if self._overhead + self._received > limit and self._head_bytes() > limit:
            raise too_long(limit)
        if self.parser.should_upgrade() and (self._body_left or b"transfer-encoding" in headers):
            raise upgrade_with_body()
        self._expects = headers.get(b"expect")
        if self._expects is not None:
            if self._expects.lower() != b"100-continue":
                raise unsupported_expectation(self._expects.lower())
            self.expect_100_continue = True

    def _check_host(self, version: str) -> None:
        """Raise RefusedError unless there is one host, or none where the version allows that."""
        count = sum(name == b"host" for name, _ in self.headers)
        if count != 1 and (count or version == "1.1"):
            raise hosts(count)

    def _head_bytes(self) -> int:
        """Bytes of the request line and headers without separators, a lower bound."""
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def on_body(self, body: bytes) -> None:
        """Called by the parser with each part of a body."""
        self._advanced = True
        self._body_left -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Called by the parser at the last byte of a request."""
        self._stage, self._advanced = Stage.BETWEEN, True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Called when a response is complete; replaces uvicorn's, which starts a timer."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self._since = monotonic()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            self._parse(self._unparsed)
        elif self._refusal is not None:
            self._send_refusal()
        self.flow.resume_reading()

    def enforce_limits(self, now: float) -> None:
        """Close the connection if the client takes too long; `now` is of `time.monotonic`."""
        waited, limits = now - self._since, self._limits
        if self._is_stalled(now) or (self._refused and waited > _LINGER_SECONDS):
            self.transport.abort()
        elif self._refusal is not None or self._is_answering() or self.transport.is_closing():
            pass
        elif self._stage is Stage.NEW:
            if waited > limits.header_seconds:
                self._close_unused()
        elif self._stage is Stage.HEAD:
            if waited > limits.header_seconds:
                self._refuse(late(limits.header_seconds))
        elif waited > limits.keep_alive_seconds:
            self._close_unused()

    def _close_unused(self) -> None:
        """Close a connection on which no request came in time, unless one is still unread."""
        if self._stage is Stage.BODY or not self._has_unread():
            self._close_at_once()

    def _close_at_once(self) -> None:
        """Close the connection, and tell the client now.

        The transport closes the socket a turn of the event loop later, and a request that the
        client sent meanwhile would have no answer.
        """
        if not self.transport.get_write_buffer_size():  # else the rest of an answer would be lost
            number = self.transport.get_extra_info("socket").fileno()
            with suppress(OSError), socket.socket(fileno=os.dup(number)) as own:
                own.shutdown(socket.SHUT_WR)
        self.transport.close()

    def _has_unread(self) -> bool:
        """True if the client has sent something that the event loop has not read yet."""
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def _is_stalled(self, now: float) -> bool:
        """True if the client reads nothing of its answers for longer than the limit."""
        unsent = self.transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._unsent, self._unsent_since = unsent, now
        return unsent > 0 and now - self._unsent_since > self._limits.stall_seconds

    def _is_answering(self) -> bool:
        """True if a request is being answered, or waits for its turn."""
        cycle: RequestResponseCycle | None = self.cycle
        answered = cycle is None or cycle.response_complete or cycle.disconnected
        return bool(self.pipeline) or not answered

    def _refuse(self, error: RefusedError) -> None:
        """Refuse what is being parsed, after the answers to what came before it."""
        self._refusal = error
        if self._stage is Stage.BODY and not self._withdraw():
            self.transport.close()  # its answer has begun already
        elif not self._is_answering():
            self._send_refusal()

    def _withdraw(self) -> bool:
        """Give up the request whose body is broken; False if its answer has begun."""
        cycle = self.cycle
        if cycle.response_started:
            return False
        if self.pipeline and self.pipeline[0][0] is cycle:
            self.pipeline.popleft()
        else:
            # The application learns that its client has left.
            cycle.disconnected = True
            cycle.message_event.set()
        return True

    def _send_refusal(self) -> None:
        if self._refusal is None or self.transport.is_closing():
            return
        self._refused, self._since = True, monotonic()
        self.transport.write(response(self._refusal, self.server_state.default_headers))
        self.transport.write_eof()
        self.flow.resume_reading()

    def _discard(self, received: int) -> None:
        """Drop what follows a refused request or an upgrade."""
        self._discarded += received
        if self._discarded > _LINGER_BYTES:
            self.transport.abort()
