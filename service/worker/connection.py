"""An HTTP connection that can move to another worker between two requests."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from service.worker.guarded import GuardedConnection, Stage
from service.worker.state import State

# Time between two attempts, while a slow client reads its response or no other worker has room.
_RETRY_SECONDS = 0.01
# How long an idle connection is kept when the server stops, since a request may be on its way: HTTP
# has no lossless way to close it. Clients that use it all the time send the next one by then.
_LAST_REQUEST_SECONDS = 1.0


class Connection(GuardedConnection):
    """A connection which knows when it is between two requests.

    When the worker is replaced, each connection moves as soon as it is idle: at once, or when its
    response is written. When the server stops, each is closed after its next response, or after a
    moment without a request.

    Args:
        moved: the connection comes from another worker.
    """

    def __init__(
        self, config: Config, state: State, app_state: dict[str, Any], moved: bool = False
    ) -> None:
        super().__init__(config, state, app_state)
        self._closing: RequestResponseCycle | None = None  # `_close_after_answer`
        if moved:  # as idle as after a response
            self._stage = Stage.BETWEEN

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called before anything is read."""
        super().connection_made(transport)
        # It may have been accepted just before draining.
        if self._shared.handover is not None:
            self.loop.call_soon(self.move)

    def on_headers_complete(self) -> None:
        """Called by the parser at the end of the headers."""
        super().on_headers_complete()
        if self._shared.leaving:
            self._close_after_answer()

    def _close_after_answer(self) -> None:
        """Close the connection after the last request that has come, and not after one before it.

        An answer that announces the end of the connection leaves those that were sent after it
        unanswered.
        """
        if self._closing is not None and not self._closing.response_started:
            self._closing.keep_alive = True
        self._closing = self.cycle if self.cycle.keep_alive else None
        self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Called by the parser at the last byte of a request."""
        super().on_message_complete()
        if self._shared.handover is not None:
            self.loop.call_soon(self.move)  # the next request may follow in the same segment

    def on_response_complete(self) -> None:
        """Called when a response is complete."""
        super().on_response_complete()
        if self._shared.handover is not None:
            self.move()

    def move(self) -> None:
        """Pass the connection on if it is idle and the worker drains."""
        handover = self._shared.handover
        if handover is None or self.transport.is_closing() or not self._is_idle():
            return
        self.transport.pause_reading()  # the next worker reads on
        number = self.transport.get_extra_info("socket").fileno()
        if self.transport.get_write_buffer_size() or not handover.send(number):
            self.loop.call_later(_RETRY_SECONDS, self.move)
        else:
            # The other worker has a copy of the socket, so this closes nothing for the client.
            self.transport.abort()

    def shutdown(self) -> None:
        """Called when the worker stops: close after the last answer, or soon without a request."""
        if self._is_answering() and not self.cycle.response_started:
            self._close_after_answer()
        elif self._is_answering() or self._shared.handover is None:
            self.loop.call_later(_LAST_REQUEST_SECONDS, self._close_at_end)
        else:  # it was not idle in all the time for draining
            self.transport.close()

    def _close_at_end(self) -> None:
        """Close the connection once it has neither an answer to send nor a request to read."""
        if self.transport.is_closing() or self._stage is Stage.HEAD:
            return
        if self._is_answering():  # its answer had begun, and could not announce the end
            self.loop.call_later(_LAST_REQUEST_SECONDS, self._close_at_end)
        elif self._stage is not Stage.BODY and self._has_unread():
            self.loop.call_later(_RETRY_SECONDS, self._close_at_end)
        else:
            self._close_at_once()

    def _is_idle(self) -> bool:
        between = self._stage in (Stage.NEW, Stage.BETWEEN)
        return between and self._refusal is None and not self._is_answering()
