"""`python -m benchmarks transfer`: transfer learning on scikit-learn's digits, by labels a class.

The committed CNN's convolutions with a new head, the whole network fine-tuned, the same network
from scratch and a random forest, on the same labels and the same test images.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from scipy import stats

from training.transfer.approaches import forest, scratch, transfer
from training.transfer.compare import compare, document
from training.transfer.data import digits
from training.transfer.figures import Comparison, comparison_of
from training.transfer.options import LABELS
from training.transfer.run import one_thread
from training.transfer.source import read_source

SEEDS = 5
# Frozen transfer must lead the network from scratch with so many labels a class.
BAR = 30


def main(out: Path, sizes: Sequence[int], seeds: int = SEEDS) -> int:
    """Measure and write one number of labels after the other; 1 if frozen transfer does not lead.

    Figures of other numbers of labels stay.
    """
    source, given = read_source(Path("models"), "digits-cnn"), digits()
    approaches = (transfer(source, "conv"), transfer(source, "none"), scratch(source), forest())
    found = comparison_of(json.loads(out.read_text())) if out.exists() else None
    for labels in sizes or LABELS:
        with one_thread():
            new = compare(source, given, approaches, (labels,), seeds, _report)
        if new.interrupted:
            return 130
        found = new if found is None else merged(found, new)
        figures = document(found, source, given)
        figures["leads"] = [lead(found, each) for each in found.sizes]
        out.write_text(json.dumps(figures, indent=1) + "\n")
    bar = next((one for one in figures["leads"] if one["labels"] == BAR), None)
    print(json.dumps(bar))
    return int(bar is not None and bar["mean"] <= 0)


def merged(found: Comparison, new: Comparison) -> Comparison:
    """Both, in the order of the labels; what is new replaces the same numbers of labels."""
    again = {*new.sizes, *new.left_out}
    kept = [point for point in found.points if point.labels not in again]
    points = sorted([*kept, *new.points], key=lambda point: point.labels)
    left_out = {k: why for k, why in found.left_out.items() if k not in again} | new.left_out
    return replace(new, points=tuple(points), left_out=left_out)


def _report(what: str, done: int, of: int) -> None:
    sys.stdout.write(f"{done}/{of} {what}\n")
    sys.stdout.flush()


def lead(comparison: Comparison, labels: int) -> dict[str, Any]:
    """By how much frozen transfer leads the network from scratch, paired by seed.

    Returns:
        the mean difference in accuracy, its 95% t interval over the seeds (the mean alone for one
        seed), and the seeds with a lead
    """
    pairs = zip(
        comparison.accuracies("frozen", labels),
        comparison.accuracies("scratch", labels),
        strict=True,
    )
    differences = [frozen - scratch for frozen, scratch in pairs]
    mean, half = statistics.mean(differences), 0.0
    if len(differences) > 1:
        error = statistics.stdev(differences) / len(differences) ** 0.5
        half = float(stats.t.ppf(0.975, len(differences) - 1)) * error
    return {
        "labels": labels,
        "mean": round(mean, 5),
        "low": round(mean - half, 5),
        "high": round(mean + half, 5),
        "seeds": len(differences),
        "leading": sum(difference > 0 for difference in differences),
    }
