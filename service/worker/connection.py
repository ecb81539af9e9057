"""An HTTP connection that can move to another worker between two requests."""

from __future__ import annotations

import asyncio
import select
from typing import Any

from uvicorn.config import Config

from service.worker.guarded import GuardedConnection, Stage
from service.worker.state import State

# Until a response that a slow client reads has left, or until another worker has room.
_RETRY_SECONDS = 0.01
# When the server stops: HTTP has no lossless way to close a connection, for a request may be on its
# way. Clients that keep their connections busy send the next one within this time.
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
        if moved:  # as idle as after a response
            self._stage = Stage.BETWEEN

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called before anything is read."""
        super().connection_made(transport)
        # It may have been accepted just before draining.
        if self._shared.handover is not None:
            self.loop.call_soon(self.move)

    def on_message_complete(self) -> None:
        """Called by the parser at the last byte of a request."""
        super().on_message_complete()
        if self._shared.handover is not None:
            self.move()

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
        self.transport.pause_reading()  # what comes from now on is for the next worker
        number = self.transport.get_extra_info("socket").fileno()
        if self.transport.get_write_buffer_size() or not handover.send(number):
            self.loop.call_later(_RETRY_SECONDS, self.move)
        else:
            # The other worker has a copy of the socket, so this closes nothing for the client.
            self.transport.abort()

    def shutdown(self) -> None:
        """Called when the worker stops: close after the next response, or soon without one."""
        if self._is_answering():
            self.cycle.keep_alive = False
        elif self._shared.handover is not None:  # it was not idle in all the time for draining
            self.transport.close()
        else:
            self.loop.call_later(_LAST_REQUEST_SECONDS, self._close_idle)

    def _close_idle(self) -> None:
        """Close the connection, unless a request has begun or has come and was not read yet."""
        if self.transport.is_closing() or self._is_answering() or self._stage is Stage.HEAD:
            return
        if self._stage is not Stage.BODY and self._has_unread():
            self.loop.call_later(_RETRY_SECONDS, self._close_idle)
        else:
            self.transport.close()

    def _is_idle(self) -> bool:
        between = self._stage in (Stage.NEW, Stage.BETWEEN)
        return between and self._refusal is None and not self._is_answering()

    def _has_unread(self) -> bool:
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))
