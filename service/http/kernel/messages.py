"""What a handler takes and returns: Request and Reply."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import orjson

from service.http.kernel.asgi import Receive, Scope, Send
from service.http.kernel.disconnect import cancel_on_disconnect

JSON = "application/json"
_NOT_MODIFIED = 304

T = TypeVar("T")
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Request(NamedTuple):
    """One request.

    Attributes:
        body: all of it; empty for GET.
        parameters: the named parts of the path.
        content_type: as sent, or "".
        receive: ASGI's, to notice that the client disconnects.
        headers: names in lower case.
        query: the parameters after the path, each once.
    """

    body: bytes
    parameters: Mapping[str, str]
    content_type: str = ""
    receive: Receive | None = None
    headers: Sequence[tuple[bytes, bytes]] = ()
    query: Mapping[str, str] = _NOTHING

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header, or None if it is absent; `name` is in lower case."""
        for candidate, value in self.headers:
            if candidate == name:
                return value
        return None

    async def cancel_on_disconnect(self, work: Coroutine[Any, Any, T]) -> T:
        """Await the work, and cancel it if the client disconnects first.

        Raises:
            ClientDisconnected: the client left before the work was done.
        """
        if self.receive is None:
            return await work
        return await cancel_on_disconnect(self.receive, work)


class Reply(NamedTuple):
    """One answer; its body is JSON unless `content_type` is another."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = _NOTHING
    content_type: str = JSON


def reply(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply with a JSON body; NumPy arrays are written as JSON arrays."""
    body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return Reply(body, status, headers or _NOTHING)


async def send_reply(answer: Reply, scope: Scope, send: Send) -> None:
    """Send a reply as ASGI messages; an answer to HEAD has no body, and 304 tells of none."""
    headers = []
    if answer.status != _NOT_MODIFIED:
        headers = [
            (b"content-type", answer.content_type.encode()),
            (b"content-length", str(len(answer.body)).encode()),
        ]
    headers += [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = b"" if scope["method"] == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body})
