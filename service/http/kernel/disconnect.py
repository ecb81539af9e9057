"""Stop work when the client closes the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from service.http.kernel.asgi import Receive

T = TypeVar("T")


class ClientDisconnected(Exception):  # noqa: N818 - the term of the field, as in Starlette
    """The client closed the connection, so no answer is sent."""


async def cancel_on_disconnect(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Await the work, and cancel it if the client disconnects first.

    The request's body must have been read: the next message is then `http.disconnect`. Watching
    costs a task, so it pays only for work that may wait.

    Raises:
        ClientDisconnected: the client left before the work was done.
    """
    task = asyncio.current_task()
    if task is None:
        return await work
    disconnected = False

    async def watch() -> None:
        nonlocal disconnected
        await receive()
        disconnected = True
        task.cancel()

    watcher = asyncio.ensure_future(watch())
    try:
        return await work
    except asyncio.CancelledError:
        # The server may cancel the task in the same turn: its cancellation must go on.
        if disconnected and task.uncancel() == 0:
            raise ClientDisconnected from None
        raise
    finally:
        watcher.cancel()
