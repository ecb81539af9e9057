"""Clients that ask without a pause, and count every request that fails."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tests.server import Server

# As long as it is, a connection is kept; then the next request opens another.
_PER_CONNECTION = 50


class Load:
    """What the clients of a server have seen."""

    def __init__(self, server: Server, body: dict[str, Any]) -> None:
        self.answered = 0
        self.failures: list[str] = []
        self.versions: set[str] = set()
        self._address = server.url.removeprefix("http://")
        self._body = json.dumps(body)
        self._end = threading.Event()
        self._lock = threading.Lock()

    def ask(self) -> None:
        """Ask on connections that are kept for a while, until told to end."""
        connection, left = http.client.HTTPConnection(self._address, timeout=60), _PER_CONNECTION
        while not self._end.is_set():
            try:
                version = self._one(connection)
            except Exception as error:  # each kind is a failure
                self._note(f"{type(error).__name__}: {error}")
                left = 0
            else:
                with self._lock:
                    self.answered += 1
                    self.versions.add(version)
            left -= 1
            if left <= 0:
                connection.close()
                left = _PER_CONNECTION
        connection.close()

    def _one(self, connection: http.client.HTTPConnection) -> str:
        connection.request("POST", "/predict", self._body, {"content-type": "application/json"})
        with connection.getresponse() as answer:
            body = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {body[:200]!r}")
        version: str = json.loads(body)["version"]
        return version

    def _note(self, failure: str) -> None:
        with self._lock:
            self.failures.append(failure)

    def end(self) -> None:
        self._end.set()


@contextmanager
def load(server: Server, model: str = "alpha", clients: int = 4) -> Iterator[Load]:
    """Clients of a tiny model while the block runs."""
    images = np.random.default_rng(0).integers(0, 256, (1, 28, 28), np.uint8)
    found = Load(server, {"model": model, "instances": images.tolist()})
    threads = [threading.Thread(target=found.ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        found.end()
        for thread in threads:
            thread.join()
