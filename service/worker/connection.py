"""An HTTP connection that can move to another worker between two requests."""

from __future__ import annotations

import asyncio
import select
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from service.worker.handover import Handover

# Until a response that a slow client reads has left, or until another worker has room.
_RETRY_SECONDS = 0.01


class State(ServerState):
    """What the connections of a server share.

    Attributes:
        handover: where idle connections go once the worker is replaced; None while it serves.
    """

    def __init__(self) -> None:
        super().__init__()
        self.handover: Handover | None = None


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, which knows when it is between two requests.

    When the worker is replaced, each connection moves as soon as it is idle: at once, or when its
    response is written.

    Args:
        moved: the connection comes from another worker.
    """

    def __init__(
        self, config: Config, state: State, app_state: dict[str, Any], moved: bool = False
    ) -> None:
        super().__init__(config, state, app_state)
        self._state = state
        self._moved = moved
        # The parser has seen a whole request, or nothing of the next.
        self._between_messages = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called before anything is read."""
        super().connection_made(transport)
        if self._moved:
            self._wait_for_request()
        # It may have been accepted just before draining.
        if self._state.handover is not None:
            self.loop.call_soon(self.move)

    def on_message_begin(self) -> None:
        """Called by the parser at the first byte of a request."""
        self._between_messages = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Called by the parser at the last byte of a request."""
        super().on_message_complete()
        self._between_messages = True
        if self._state.handover is not None:
            self.move()

    def on_response_complete(self) -> None:
        """Called when a response is complete."""
        super().on_response_complete()
        if self._state.handover is not None:
            self.move()

    def move(self) -> None:
        """Pass the connection on if it is idle and the worker drains."""
        handover = self._state.handover
        if handover is None or self.transport.is_closing() or not self._idle():
            return
        self.transport.pause_reading()  # what comes from now on is for the next worker
        number = self.transport.get_extra_info("socket").fileno()
        if self.transport.get_write_buffer_size() or not handover.send(number):
            self.loop.call_later(_RETRY_SECONDS, self.move)
        else:
            # The other worker has a copy of the socket, so this closes nothing for the client.
            self.transport.abort()

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, unless a request has come that was not read yet."""
        if not self.transport.is_closing() and self._has_unread():
            self._wait_for_request()
        else:
            super().timeout_keep_alive_handler()

    def _wait_for_request(self) -> None:
        """Be as idle as after a response: the client must send something in time."""
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _idle(self) -> bool:
        answered = self.cycle is None or self.cycle.response_complete
        return self._between_messages and answered and not self.pipeline

    def _has_unread(self) -> bool:
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))
