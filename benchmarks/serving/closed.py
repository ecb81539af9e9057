"""Closed loop: wrk keeps one request in flight per connection."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import onnxruntime as ort

from benchmarks.load import Load, closed_loop
from benchmarks.serving.bars import LOOP
from benchmarks.serving.contenders import OURS, Contender
from benchmarks.serving.process import Running, running
from benchmarks.serving.requests import KINDS, ROWS, Request
from benchmarks.serving.rounds import checked_requests, gather
from benchmarks.serving.subject import Subject

CONNECTIONS = {"json": (1, 8, 32, 64), "v2-json": (1, 8, 32, 64), "binary": (1, 8, 32, 64),
               "binary-64": (1, 4, 8)}  # fmt: skip
WARM_UP_SECONDS = 2


def measure(
    subject: Subject, rounds: int, seconds: int, names: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Measure every contender in turn, `rounds` times.

    Args:
        seconds: duration of each measurement.
        names: contenders to measure; all by default.

    Returns:
        one row per contender, kind and number of connections
    """
    found = gather(rounds, names, lambda one: _round(one, subject, seconds))
    return [_row(*key, each) for key, each in found.items()]


def _round(
    contender: Contender, subject: Subject, seconds: int
) -> list[tuple[tuple[str, str, int], dict[str, Any]]]:
    """All measurements of one contender in one round."""
    made = []
    with running(contender, subject.model) as server:
        for kind, request in checked_requests(server, contender, subject, KINDS):
            _load(server, request, 8, WARM_UP_SECONDS)
            for connections in CONNECTIONS[kind]:
                used = server.cpu_seconds()
                load = _load(server, request, connections, seconds)
                used = server.cpu_seconds() - used
                one = asdict(load) | {"cpu_us": round(used / max(load.requests, 1) * 1e6, 1)}
                made.append(((contender.name, kind, connections), one))
    if contender.name == OURS:  # the floor of our batches, measured right after them
        made.append(((LOOP, "binary-64", 1), _loop(subject, seconds)))
    return made


def _load(server: Running, request: Request, connections: int, seconds: int) -> Load:
    url = server.url(request.path)
    return closed_loop(url, [request.body], connections, seconds, request.headers)


def _loop(subject: Subject, seconds: int) -> dict[str, Any]:
    """The floor of batches: ONNX Runtime in a loop with one thread, without a server."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = ort.InferenceSession(subject.model, options, providers=["CPUExecutionProvider"])
    golden = subject.golden.inputs["images"]
    images = golden[np.arange(ROWS["binary-64"]) % len(golden)]
    taken: list[float] = []
    until = time.perf_counter() + seconds
    started = time.process_time()
    while (now := time.perf_counter()) < until:
        session.run(["label", "probabilities"], {"images": images})
        taken.append(time.perf_counter() - now)
    used = time.process_time() - started
    load = Load(
        round(len(taken) / sum(taken), 2),
        round(float(np.percentile(taken, 50)) * 1e3, 3),
        round(float(np.percentile(taken, 99)) * 1e3, 3),
        0,
        len(taken),
    )
    return asdict(load) | {"cpu_us": round(used / len(taken) * 1e6, 1)}


def _row(name: str, kind: str, connections: int, each: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over the rounds, and the spread of the rate."""
    rates = [one["requests_per_second"] for one in each]
    middle = {what: statistics.median(one[what] for one in each) for what in each[0]}
    return {
        "server": name,
        "kind": kind,
        "connections": connections,
        "requests_per_second": round(middle["requests_per_second"], 1),
        "spread": [min(rates), max(rates)],
        "p50_ms": round(middle["p50"], 3),
        "p99_ms": round(middle["p99"], 3),
        "cpu_us": round(middle["cpu_us"], 1),
        "errors": sum(one["errors"] for one in each),
        "each": each,
    }
