"""Back-pressure for clients that send requests ahead of their answers."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl

# Requests of one connection that wait for the answers to those before them. More are not parsed
# until one of them is answered.
MOST_WAITING = 16
# Bytes that are parsed at a time: some 200 of the shortest requests, which may exceed the limit.
PART_BYTES = 4096


class PipelineFlow(FlowControl):
    """Reads from the connection only while no request waits for its turn.

    uvicorn reads on whenever a request is answered, so a client that sends faster than it is
    answered would fill the memory.

    Args:
        transport: of the connection.
        pipeline: the requests that wait.
    """

    def __init__(self, transport: asyncio.Transport, pipeline: deque[Any]) -> None:
        super().__init__(transport)
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        """Read on, unless a request waits."""
        if self.read_paused and not self._pipeline:
            super().resume_reading()
