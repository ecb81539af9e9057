"""Workers on threads of this process; the test is their supervisor."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from service.selection import Selection
from service.serving.repository import Models
from service.supervisor import messages as m
from service.supervisor.channel import receive
from service.worker.control import SupervisedControl
from service.worker.handover import Handover
from service.worker.limits import ConnectionLimits
from service.worker.overload import OverloadApp
from service.worker.server import Server, configuration

STOP_SECONDS = 3.0
BIG = 30 * 2**20
PATIENT = ConnectionLimits(keep_alive_seconds=20)


class App:
    """Answers who it is; `/slow` when it is let go, `/big` with much, `/early` before the body."""

    def __init__(self, name: str, failure: str = "") -> None:
        self.name = name
        self.failure = failure
        self.let_go = threading.Event()
        self.waiting = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["path"] != "/early":
            while (await receive()).get("more_body"):
                pass
        if scope["path"] == "/slow":
            self.waiting.set()
            await asyncio.to_thread(self.let_go.wait, 30)
        body = bytes(BIG) if scope["path"] == "/big" else self.name.encode()
        length = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        if self.failure:
            await send({"type": "lifespan.startup.failed", "message": self.failure})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


class Thread:
    """One worker, which has loaded."""

    def __init__(
        self,
        app: App,
        listener: socket.socket,
        pair: tuple[socket.socket, socket.socket],
        limits: ConnectionLimits,
    ) -> None:
        self.app = app
        self.ours, theirs = socket.socketpair()
        self.ours.settimeout(30)
        self.tell(m.Start(1, Selection()))
        self.control = SupervisedControl(theirs)
        self.control.attach(Models("none"))
        self.sockets = [pair[0].dup(), pair[1].dup(), listener.dup()]
        handover = Handover(*self.sockets[:2])
        config = configuration(app, STOP_SECONDS)
        overload = OverloadApp(config.loaded_app, lambda path: False, limits.connections)
        self.server = Server(config, self.control, handover, STOP_SECONDS, limits, overload)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def tell(self, message: m.Message) -> None:
        self.ours.sendall(m.encode(message))

    def hears(self) -> m.Message:
        """The next message of the worker."""
        return receive(self.ours)

    def accept(self) -> None:
        """Let it take connections."""
        assert isinstance(self.hears(), m.Loaded)
        self.tell(m.Accept())
        assert self.hears() == m.Accepting()

    def drain(self) -> None:
        self.tell(m.Drain())
        assert self.hears() == m.Drained()

    def ended(self, seconds: float = 30) -> bool:
        """Whether it ends within the time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        with suppress(SystemExit):
            self.server.run(self.sockets[2:])


class Shared:
    """What the workers of one server share."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.pair = socket.socketpair()
        self.workers: list[Thread] = []

    def worker(self, name: str, limits: ConnectionLimits = PATIENT, failure: str = "") -> Thread:
        """A worker that has been started; not told to accept."""
        app = App(name, failure)
        self.workers.append(Thread(app, self.listener, self.pair, limits))
        return self.workers[-1]

    def connect(self) -> Client:
        return Client(self.listener.getsockname())


class Client:
    """A connection on which every byte is the test's."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=30)
        self.file = self.socket.makefile("rb")

    def send(self, text: str) -> None:
        self.socket.sendall(text.replace("\n", "\r\n").encode())

    def read(self) -> str:
        """The body of the next response, which must leave the connection open."""
        status = self.file.readline()
        assert status == b"HTTP/1.1 200 OK\r\n", status
        headers = {}
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.decode().partition(": ")
            headers[name] = value
        assert "connection" not in headers
        return self.file.read(int(headers["content-length"])).decode()

    def get(self, path: str = "/") -> str:
        self.send(request(path))
        return self.read()

    def closed(self) -> bool:
        """Whether the server closes the connection without a word."""
        return self.file.read(1) == b""

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def request(path: str = "/") -> str:
    return f"GET {path} HTTP/1.1\nhost: test\n\n"


@contextmanager
def shared() -> Iterator[Shared]:
    """Ends all workers after."""
    found = Shared()
    try:
        yield found
    finally:
        for worker in found.workers:
            worker.app.let_go.set()
            worker.ours.close()
        assert all(worker.ended() for worker in found.workers)
        sockets = [end for worker in found.workers for end in worker.sockets]
        for end in (*sockets, found.listener, *found.pair):
            end.close()
