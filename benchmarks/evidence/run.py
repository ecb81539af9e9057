"""`python -m benchmarks evidence`: learning curves on MNIST into docs/results/evidence.json."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from benchmarks.evidence.digits import SEEDS, SIZES, curves
from training.datasets import load
from training.provenance import libraries, processor


def main(out: Path, sizes: tuple[int, ...] = SIZES, seeds: int = SEEDS) -> int:
    """Measure every point and write after each, so that nothing is lost."""
    points = []
    for point in curves(load("mnist"), sizes, seeds):
        points.append(point)
        sys.stdout.write(f"{json.dumps(point)}\n")
        sys.stdout.flush()
        document = {
            "processor": processor(),
            "cores": os.cpu_count(),
            "libraries": libraries(("torch", "sklearn", "xgboost")),
            "digits": points,
        }
        out.write_text(json.dumps(document, indent=1) + "\n")
    return 0
