"""What the guards of connections and requests cost: throughput against an earlier commit."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.models import processor
from benchmarks.serving.contenders import ROOT
from benchmarks.serving.subject import subject
from benchmarks.sides import CONNECTIONS, Effort, Side, compare
from service.api_keys import new_key

# The last commit without guards of connections.
BASE = "f9c9a99"
BAR = 0.95
KINDS = ("json", "binary", "binary-64")


def main(out: Path, effort: Effort) -> int:
    """Measure, write the figures; 1 if a bar is missed."""
    subject_ = subject()
    key, entry = new_key()
    keyed = Side(
        environment={"ROSENBLATT_API_KEYS": entry}, headers={"authorization": f"Bearer {key}"}
    )
    with _checkout(BASE) as folder:
        sides = {"before": Side(folder), "now": Side(), "now, with a key": keyed}
        rows = compare(KINDS, sides, subject_, effort)
    document: dict[str, Any] = {
        "processor": processor(), "cores": os.cpu_count(), "base": BASE,
        **effort._asdict(), "connections": CONNECTIONS, "bar": BAR, "rows": rows,
    }  # fmt: skip
    out.write_text(json.dumps(document, indent=1) + "\n")
    return 0 if all(row["ratio"] >= BAR for row in rows) else 1


@contextmanager
def _checkout(revision: str) -> Iterator[Path]:
    """The files of a revision in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(
            ["git", "archive", revision, "contract", "guide", "models", "profiler", "service"],
            cwd=ROOT, check=True, capture_output=True,
        ).stdout  # fmt: skip
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        yield Path(folder)
