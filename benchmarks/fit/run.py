"""`python -m benchmarks fit`: every table with the default budget, and the bars it must reach.

A bar is the best single figure that a prototype reached on that table, whatever the candidate,
less one standard error of the figure on the test rows (docs/results/fit.json says which). The
prototype's splits were by distinct rows too.
"""

from __future__ import annotations

import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.fit.uci import TABLES, write_breast_cancer, write_csv
from training.fit.splits import FOLDS
from training.provenance import processor


class Problem(NamedTuple):
    """A table and a task. best: the prototype's figures: accuracy, log loss, AUC; none for RMSE."""

    table: str
    task: str
    best: dict[str, float]
    merge_rare: bool = False


PROBLEMS = {
    "adult": Problem(
        "adult", "classification", {"accuracy": 0.877, "log_loss": 0.269, "auc": 0.932}
    ),
    "german": Problem(
        "german", "classification", {"accuracy": 0.768, "log_loss": 0.491, "auc": 0.801}
    ),
    "mammography": Problem(
        "mammography", "classification", {"accuracy": 0.988, "log_loss": 0.042, "auc": 0.946}
    ),
    "phoneme": Problem(
        "phoneme", "classification", {"accuracy": 0.909, "log_loss": 0.228, "auc": 0.965}
    ),
    "wine-classes": Problem(
        "wine", "classification", {"accuracy": 0.564, "log_loss": 1.01}, merge_rare=True
    ),
    "wine-regression": Problem("wine", "regression", {}),
    "breast-cancer": Problem(
        "breast-cancer", "classification", {"accuracy": 0.975, "log_loss": 0.069}
    ),
}
_LOWER = ("log_loss", "rmse")


def main(out: Path, names: list[str], budget: float) -> int:
    """Fit, compare with the bars, write; 1 if a bar is missed."""
    source = Path(os.environ.get("ROSENBLATT_DATA_DIR", "")) / "tables"
    found = json.loads(out.read_text())["problems"] if out.exists() else {}
    for name in names or list(PROBLEMS):
        found[name] = _measure(PROBLEMS[name], source, budget)
        print(name, json.dumps(found[name]["bars"], indent=1))
    document = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "problems": found,
    }
    out.write_text(json.dumps(document, indent=2) + "\n")
    missed = [
        f"{name}: {bar['metric']}"
        for name in found
        for bar in found[name]["bars"]
        if not bar["reached"]
    ]
    print("missed:", ", ".join(missed) or "none")
    return int(bool(missed))


def _measure(problem: Problem, source: Path, budget: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / f"{problem.table}.csv"
        if problem.table in TABLES:
            target = TABLES[problem.table].target
            write_csv(problem.table, source, data, merge_rare=problem.merge_rare)
        else:
            target = "diagnosis"
            write_breast_cancer(data)
        started = time.perf_counter()
        done = subprocess.run(
            [
                sys.executable, "-m", "training", "fit", str(data), "--target",
                target, "--task", problem.task, "--budget", str(budget),
                "--out", str(Path(folder) / "models"), "--yes", "--json",
            ],
            stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
    record = json.loads(done.stdout)
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "budget": budget,
        "splits": record["splits"],
        "rows": record["rows"],
        "repeated_rows": record["repeated_rows"],
        "chosen": next(
            c["candidate"] for c in record["candidates"] if c["model"] == record["chosen"]
        ),
        "verdict": record["verdict"],
        "families": record["families"],
        "baseline": record["baseline"],
        "candidates": [
            {
                key: candidate[key]
                for key in (
                    "candidate", "figures", "behind", "as_good_as_best", "seconds", "megabytes",
                    "microseconds_per_row", "memory_megabytes", "failed",
                )
            }
            for candidate in record["candidates"]
        ],
        "bars": [_bar(metric, best, record) for metric, best in problem.best.items()],
    }  # fmt: skip


def _bar(metric: str, best: float, record: dict[str, Any]) -> dict[str, Any]:
    figures = {
        c["candidate"]: c["figures"][metric] for c in record["candidates"] if metric in c["figures"]
    }
    lower = metric in _LOWER
    name = (min if lower else max)(figures, key=lambda key: figures[key])
    candidate = next(c for c in record["candidates"] if c["candidate"] == name)
    error = candidate["standard_errors"].get(metric)
    if error is None:
        # Of the rows that were tested: all of them from five splits on.
        tested = record["rows"] * min(1.0, record["splits"] / FOLDS)
        error = _error_of_auc(best, tested, 1 - record["baseline"]["accuracy"])
    limit = best + error if lower else best - error
    reached = figures[name] <= limit if lower else figures[name] >= limit
    return {
        "metric": metric,
        "prototype": best,
        "standard_error": round(error, 5),
        "limit": round(limit, 5),
        "ours": round(figures[name], 5),
        "candidate": name,
        "reached": bool(reached),
    }


def _error_of_auc(value: float, n: float, share: float) -> float:
    """The standard error of an AUC (Hanley and McNeil, 1982); share: of the rarer class."""
    positive, negative = n * share, n * (1 - share)
    q1, q2 = value / (2 - value), 2 * value**2 / (1 + value)
    spread = value * (1 - value)
    spread += (positive - 1) * (q1 - value**2) + (negative - 1) * (q2 - value**2)
    return math.sqrt(spread / (positive * negative))
