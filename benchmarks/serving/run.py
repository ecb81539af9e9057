"""Run the parts of the benchmark and write their results."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.models import processor
from benchmarks.serving import closed, overload, tails
from benchmarks.serving.bars import PARTS, bars
from benchmarks.serving.subject import NAME, subject


def main(results: Path, parts: Sequence[str], rounds: int, seconds: int) -> int:
    """Measure the parts into one JSON file each under `results`; returns 1 if a bar is missed."""
    measured = subject()
    # SIGTERM must raise, so that a finally clause stops the running server.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for part in parts:
        document: dict[str, Any] = {
            "processor": processor(),
            "cores": os.cpu_count(),
            "model": NAME,
        }
        if part == "closed":
            document |= _sized(rounds, seconds, closed.measure(measured, rounds, seconds))
        elif part == "tails":
            document |= _sized(rounds, seconds, tails.measure(measured, rounds, seconds))
            document["steady"] = tails.steady(measured)
        else:
            document |= overload.measure(measured, rounds)
        target = results / f"serving_{part}.json"
        target.write_text(json.dumps(document, indent=1) + "\n")
        print(f"{target} is written")
    return _report(results)


def _report(results: Path) -> int:
    """Print every bar if all parts have results; returns 1 if a bar is missed."""
    files = [results / f"serving_{part}.json" for part in PARTS]
    if not all(file.exists() for file in files):
        return 0
    found = bars(*(json.loads(file.read_text()) for file in files))
    for bar in found:
        verdict = "met" if bar.held else "MISSED"
        print(f"{verdict:<7}{bar.measured:>10.3f} {bar.relation} {bar.limit:g}: {bar.what}")
    return 0 if all(bar.held for bar in found) else 1


def _sized(rounds: int, seconds: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"rounds": rounds, "seconds": seconds, "rows": rows}
