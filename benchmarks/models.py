"""Load time and single-image latency of every committed model, in process, on this machine."""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Any

from contract.batch import Batch
from contract.repository import Entry, audit, entries
from service.inference.session import Session, load
from service.settings import Settings

LOADS = 5
CALLS = 2_000
ROUNDS = 5


def main(target: Path) -> None:
    settings = Settings(provider="cpu")
    found = entries(settings.models_dir)
    document = {
        "processor": processor(),
        "intra_op_threads": settings.intra_op_threads,
        "models": [measure(entry, settings) for entry in found],
    }
    target.write_text(json.dumps(document, indent=2) + "\n")
    for model in document["models"]:  # type: ignore[attr-defined]
        print(model)


def measure(entry: Entry, settings: Settings) -> dict[str, Any]:
    sessions = [load(entry, settings) for _ in range(LOADS)]
    golden = audit(entry).golden.inputs
    return {
        "name": entry.name,
        "version": str(entry.version),
        "load_seconds": round(statistics.median(s.load_seconds for s in sessions), 3),
        "single_image_microseconds": round(single_image(sessions[0], golden) * 1e6, 1),
    }


def single_image(session: Session, images: Batch) -> float:
    """Seconds per call with one image: the median over rounds of the mean of a round."""
    rounds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for call in range(CALLS):
            i = call % len(images)
            session.predict(images.slice(i, i + 1))
        rounds.append((time.perf_counter() - started) / CALLS)
    return statistics.median(rounds)


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"
