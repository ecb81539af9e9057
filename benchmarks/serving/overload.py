"""Overload: ten times more than the service can do, for half a minute.

Requests of 64 images, so that the model is what is short and not the reading of requests: a core
that answers an image in 0.1 ms and reads a request in 0.1 ms cannot be sent ten times more requests
of one image by the other core. Every answer must be right, or an honest 429 or 503; what is
accepted must be answered in about the time it takes without load; health must answer throughout.
"""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from typing import Any

from benchmarks.open_loop import open_loop
from benchmarks.serving.contenders import ours
from benchmarks.serving.process import Running, ask, running
from benchmarks.serving.questions import question
from benchmarks.serving.subject import Subject
from benchmarks.serving.tails import ask_at, capacity

TIMES = 10
SECONDS = 30
UNLOADED_SHARE, UNLOADED_SECONDS = 0.1, 40
HONEST = ("200", "429", "503")
_HEALTH = ("/livez", "/readyz", "/v2/health/live")


def measure(subject: Subject) -> dict[str, Any]:
    """One run: without load, then under ten times the capacity, with memory and health."""
    contender = ours()
    with running(contender, subject.model) as server:
        asked = question("binary-64", contender.asked["binary-64"], subject.golden)
        ask(server, asked)
        most = capacity(server, asked)
        unloaded = ask_at(server, asked, UNLOADED_SHARE * most, UNLOADED_SECONDS)
        with _Watch(server) as watch:
            loaded = open_loop(server.port, asked.http, asked.right, TIMES * most, SECONDS)
        ask(server, asked)
    dishonest = sum(n for status, n in loaded.statuses.items() if status not in HONEST)
    ratio = loaded.percentile(99) / unloaded.percentile(99)
    return {
        "capacity": round(most, 1),
        "times": TIMES,
        "unloaded": unloaded.summary(),
        "overloaded": loaded.summary(),
        "accepted_share_of_capacity": round(loaded.statuses["200"] / SECONDS / most, 3),
        "dishonest": dishonest,
        "p99_ratio": round(ratio, 2),
        **watch.summary(),
    }


class _Watch:
    """Asks for health ten times a second, and looks at memory once a second, in a thread."""

    def __init__(self, server: Running) -> None:
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._health: Counter[str] = Counter()
        self._slowest = 0.0
        self._resident: list[int] = []

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def summary(self) -> dict[str, Any]:
        """Memory in MiB, per second; statuses of health and the slowest answer."""
        return {
            "health": dict(self._health),
            "health_slowest_ms": round(self._slowest * 1e3, 1),
            "resident_mib": [round(held / 2**20) for held in self._resident],
        }

    def _watch(self) -> None:
        turn = 0
        while not self._over.wait(0.1):
            if turn % 10 == 0:
                self._resident.append(self._server.resident())
            self._ask(_HEALTH[turn % len(_HEALTH)])
            turn += 1

    def _ask(self, path: str) -> None:
        started = time.perf_counter()
        try:
            with urllib.request.urlopen(self._server.url(path), timeout=5) as answer:
                status = str(answer.status)
        except urllib.error.HTTPError as error:
            status = str(error.code)
        except OSError:
            status = "none"
        self._health[status] += 1
        self._slowest = max(self._slowest, time.perf_counter() - started)
