"""A long run at half the capacity: every answer is checked, memory and open files are watched.

The load is an open loop over all models and routes (`soak_requests`). The memory of supervisor and
workers is sampled once a second. Its slope is that of the least-squares line after a warm-up, in
which caches and allocators fill. With CUDA the memory of the GPU is read at both ends, of the whole
device: nothing else may run there.
"""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.connection import Ask
from benchmarks.devices import card, memory_used
from benchmarks.models import processor
from benchmarks.open_loop import open_loop_of
from benchmarks.serving.contenders import ROOT, ours
from benchmarks.serving.process import Running, running
from benchmarks.serving.subject import subject
from benchmarks.soak_requests import mix

WORKERS = 2
SHARE = 0.5
SLOPE_LIMIT = 1.0  # MB in 10 minutes
FILES_LIMIT = 0  # more open files at the end than after the warm-up, without connections
_CAPACITY_SECONDS, _CAPACITY_CONNECTIONS = 5.0, 16
_CONNECTIONS = 64
# Caches and allocators fill in the first minutes.
_WARM_UP_SHARE, _LONGEST_WARM_UP = 0.25, 300.0
# Until idle connections are closed and threads have ended.
_SETTLE_SECONDS = 8.0


def main(out: Path | None, minutes: float, provider: str = "cpu") -> int:
    """Run, write the figures unless `out` is None; 1 if a bar is missed or there is no GPU to read.

    Args:
        minutes: of load, the warm-up included.
        provider: where graphs run, `cpu` or `cuda`.
    """
    try:
        _gpu_memory(provider)  # now, not after half an hour of load
    except RuntimeError as error:
        print(f"{error}; --provider cpu needs none")
        return 1
    document = soak(60 * minutes, provider)
    if out is not None:
        out.write_text(json.dumps(document, indent=1) + "\n")
    print(
        json.dumps(
            {key: document[key] for key in ("rate", "statuses", "processes", "bars")}, indent=1
        )
    )
    return 0 if all(bar["met"] for bar in document["bars"]) else 1


def soak(seconds: float, provider: str = "cpu") -> dict[str, Any]:
    """The figures of a run of so many seconds."""
    own = {"ROSENBLATT_WORKERS": str(WORKERS), "ROSENBLATT_PROVIDER": provider}
    contender = replace(ours(), environment={**ours().environment, **own})
    asks = mix(ROOT / "models")
    warm_up = min(_WARM_UP_SHARE * seconds, _LONGEST_WARM_UP)
    with running(contender, subject().model) as server:
        _wait_for_workers(server)
        capacity = _capacity(server, asks)
        rate = SHARE * capacity
        _say(
            f"{rate:,.0f} requests a second, half of the capacity; caches fill until {warm_up:g} s"
        )
        # Until caches are full.
        warming = open_loop_of(server.port, asks, rate, warm_up, _CONNECTIONS)
        time.sleep(_SETTLE_SECONDS)
        before, gpu_mb = _files(server), _gpu_memory(provider)
        _say(f"memory is watched for {(seconds - warm_up) / 60:.1f} minutes")
        with _Samples(server) as samples:
            outcome = open_loop_of(server.port, asks, rate, seconds - warm_up, _CONNECTIONS)
        time.sleep(_SETTLE_SECONDS)
        after = _files(server)
        gpu_mb += _gpu_memory(provider)
    processes = [
        {**figures, "files_before": before[pid], "files_after": after[pid]}
        for pid, figures in samples.figures().items()
        if pid in before and pid in after
    ]
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "provider": provider,
        "device": card()[0] if provider == "cuda" else None,
        "gpu_mb": gpu_mb,
        "minutes": round(seconds / 60, 2),
        "warm_up_minutes": round(warm_up / 60, 2),
        "capacity": round(capacity, 1),
        **outcome.summary(),
        "warm_up_statuses": dict(warming.statuses),
        "processes": processes,
        "bars": _bars(outcome.statuses + warming.statuses, processes, gpu_mb),
    }


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _bars(
    statuses: Mapping[str, int], processes: list[dict[str, Any]], gpu_mb: list[int]
) -> list[dict[str, Any]]:
    """The bars.

    Args:
        processes: those that lived through the run.
        gpu_mb: memory of the GPU after the warm-up and at the end; empty on the CPU.
    """
    slope = max((one["slope_mb_per_10_min"] for one in processes), default=math.nan)
    files = max((one["files_after"] - one["files_before"] for one in processes), default=math.nan)
    wrong = sum(number for status, number in statuses.items() if status not in ("200", "lost"))
    lost = statuses.get("lost", 0)
    lived = sum(one["role"] == "worker" for one in processes)
    bars = [
        _bar("wrong answers, and requests without one", wrong, 0, wrong == 0),
        _bar("connections that were closed before their answer", lost, 0, lost == 0),
        _bar("MB in 10 minutes, of any process", slope, SLOPE_LIMIT, slope < SLOPE_LIMIT),
        _bar("more open files than after the warm-up", files, FILES_LIMIT, files <= FILES_LIMIT),
        _bar("workers that lived through it", lived, WORKERS, lived == WORKERS),
    ]
    if gpu_mb:
        more = gpu_mb[-1] - gpu_mb[0]
        bars.append(_bar("MB of the GPU more than after the warm-up", more, 0, more <= 0))
    return bars


def _bar(name: str, measured: float, limit: float, met: bool) -> dict[str, Any]:
    return {"bar": name, "measured": measured, "limit": limit, "met": met}


def _wait_for_workers(server: Running) -> None:
    until = time.monotonic() + 60
    while len(_workers(server)) < WORKERS or len(_listening(server)) < WORKERS:
        if time.monotonic() > until:
            raise RuntimeError(f"{WORKERS} workers did not serve in a minute")
        time.sleep(0.1)


def _workers(server: Running) -> list[psutil.Process]:
    found = []
    for process in server.processes():
        with suppress(psutil.NoSuchProcess):
            if "service.worker" in process.cmdline():
                found.append(process)
    return found


def _listening(server: Running) -> list[psutil.Process]:
    """Workers that have loaded: those whose event loop and models' threads run."""
    return [worker for worker in _workers(server) if worker.num_threads() > 1]


def _capacity(server: Running, asks: list[Ask]) -> float:
    """Answers per second to few connections that are never idle."""
    flood = open_loop_of(server.port, asks, 20_000, _CAPACITY_SECONDS, _CAPACITY_CONNECTIONS)
    return flood.throughput


def _files(server: Running) -> dict[int, int]:
    return {process.pid: process.num_fds() for process in _watched(server)}


def _gpu_memory(provider: str) -> list[int]:
    """MB of the GPU that are in use now; nothing on the CPU."""
    return [memory_used()] if provider == "cuda" else []


def _watched(server: Running) -> list[psutil.Process]:
    """The supervisor and its workers."""
    return [psutil.Process(server.pid), *_workers(server)]


class _Samples:
    """A thread that reads memory and open files of each process once a second."""

    def __init__(self, server: Running) -> None:
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._started = time.monotonic()
        self._memory: dict[int, list[tuple[float, int]]] = defaultdict(list)
        self._most_files: dict[int, int] = defaultdict(int)

    def __enter__(self) -> _Samples:
        self._started = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def figures(self) -> dict[int, dict[str, Any]]:
        """Of each process: memory in MB at the ends, its slope, and the most open files."""
        return {
            pid: {
                "role": "supervisor" if pid == self._server.pid else "worker",
                "mb_first": round(samples[0][1] / 1e6, 1),
                "mb_last": round(samples[-1][1] / 1e6, 1),
                "slope_mb_per_10_min": round(_slope(samples) * 600 / 1e6, 3),
                "mb_by_minute": [round(held / 1e6, 1) for _, held in samples[::60]],
                "most_files": self._most_files[pid],
            }
            for pid, samples in self._memory.items()
        }

    def _sample(self) -> None:
        while not self._over.wait(1.0):
            for process in _watched(self._server):
                with suppress(psutil.NoSuchProcess):
                    now = time.monotonic() - self._started
                    self._memory[process.pid].append((now, process.memory_info().rss))
                    files = max(self._most_files[process.pid], process.num_fds())
                    self._most_files[process.pid] = files


def _slope(samples: list[tuple[float, int]]) -> float:
    """Bytes per second of the least-squares line."""
    times, held = np.array(samples, np.float64).T
    return float(np.polyfit(times, held, 1)[0])
