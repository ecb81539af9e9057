"""Overload: ten times the capacity of the service, for half a minute.

Requests have 64 images, so that the model is the bottleneck and not reading requests. With one
image per request, running the model and reading the request take 0.1 ms each, and the load
generator on the other core cannot send ten times the capacity. Every response must be correct, or
a 429 or 503; accepted requests must take about as long as without load; the health routes must
always respond. A pause of the machine delays many requests at this rate, so there are several
rounds, each with a new server, and the one with the median ratio counts.
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
from benchmarks.serving.process import Running, check, running
from benchmarks.serving.requests import request_of
from benchmarks.serving.subject import Subject
from benchmarks.serving.tails import capacity, load_at

TIMES = 10
SECONDS = 30
UNLOADED_SHARE, UNLOADED_SECONDS = 0.1, 40
ALLOWED = ("200", "429", "503")
_HEALTH = ("/livez", "/readyz", "/v2/health/live")


def measure(subject: Subject, rounds: int) -> dict[str, Any]:
    """The round with the median ratio; what must never happen is added up over all of them."""
    found = []
    for n in range(rounds):
        found.append(_round(subject))
        print(f"overload, round {n + 1} of {rounds}: p99 ratio {found[-1]['p99_ratio']}")
    found.sort(key=lambda one: one["p99_ratio"])
    return {
        **found[rounds // 2],
        "rounds": rounds,
        "p99_ratios": [one["p99_ratio"] for one in found],
        "unexpected": sum(one["unexpected"] for one in found),
        "health": dict(sum((Counter(one["health"]) for one in found), Counter())),
        "health_slowest_ms": max(one["health_slowest_ms"] for one in found),
    }


def _round(subject: Subject) -> dict[str, Any]:
    """Measure without load, then at ten times the capacity, with memory and health."""
    contender = ours()
    with running(contender, subject.model) as server:
        request = request_of("binary-64", contender.paths["binary-64"], subject.golden)
        check(server, request)
        most = capacity(server, request)
        unloaded = load_at(server, request, UNLOADED_SHARE * most, UNLOADED_SECONDS)
        with _Watch(server) as watch:
            loaded = open_loop(server.port, request.http, request.check, TIMES * most, SECONDS)
        check(server, request)
    unexpected = sum(n for status, n in loaded.statuses.items() if status not in ALLOWED)
    ratio = loaded.percentile(99) / unloaded.percentile(99)
    return {
        "capacity": round(most, 1),
        "times": TIMES,
        "unloaded": unloaded.summary(),
        "overloaded": loaded.summary(),
        "accepted_share_of_capacity": round(loaded.throughput / most, 3),
        "unexpected": unexpected,
        "p99_ratio": round(ratio, 2),
        **watch.summary(),
    }


class _Watch:
    """A thread that requests health ten times a second and reads memory once a second."""

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
        """Memory in MiB, per second; statuses of the health routes and their slowest response."""
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
            self._request(_HEALTH[turn % len(_HEALTH)])
            turn += 1

    def _request(self, path: str) -> None:
        started = time.perf_counter()
        try:
            with urllib.request.urlopen(self._server.url(path), timeout=5) as response:
                status = str(response.status)
        except urllib.error.HTTPError as error:
            status = str(error.code)
        except OSError:
            status = "none"
        self._health[status] += 1
        self._slowest = max(self._slowest, time.perf_counter() - started)
