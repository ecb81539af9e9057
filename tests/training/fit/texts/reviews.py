"""Made reviews: words that tell the answer among words that do not, with every nuisance of text."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from training.fit.candidate import Task
from training.fit.options import Options
from training.fit.problem import Problem
from training.fit.tables.read import read_problem

ROWS = 240
TASKS = ("binary", "classes", "regression")
_GOOD = ("great", "lovely", "superb", "crème")
_BAD = ("awful", "boring", "broken", "fade")
_FILL = (
    "the", "a", "film", "was", "and", "so", "it", "plot", "actor", "ÉCOLE", "naïve", "😀", "seen",
    "twice",
)  # fmt: skip
_MARKS = ("", "", ".", ",", "!", "?!", "\n", '"')


def reviews(kind: str, n: int = ROWS, seed: int = 0) -> list[dict[str, Any]]:
    """Rows of `text` and `target`; some texts are missing, some repeat, some differ in case."""
    generator = np.random.default_rng(seed)
    found = []
    for i in range(n):
        words = list(generator.choice(_FILL, 8))
        good = int(generator.integers(0, 3))
        told = generator.choice(_GOOD, good).tolist() + generator.choice(_BAD, 2 - good).tolist()
        words[2:2] = told
        text = " ".join(f"{w}{generator.choice(_MARKS)}" for w in words)
        text = text.upper() if i % 5 == 0 else text
        target: Any = {"binary": "yes" if good + i % 2 > 1 else "no", "classes": "abc"[good]}.get(
            kind, round(good + float(generator.normal(0, 0.1)), 3)
        )
        found.append({"text": text if i % 40 else "", "target": target})
    found[2], found[3] = dict(found[1]), {**found[1], "text": found[1]["text"].upper()}
    return found


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A CSV file of the rows."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def options(path: Path, **given: Any) -> Options:
    """Options for reviews with `target`."""
    return Options(**{"file": path, "target": "target", "name": "made", "budget": 6.0, **given})


def problem(folder: Path, kind: str, **given: Any) -> Problem:
    """Reviews of that kind, read."""
    task: Task = "regression" if kind == "regression" else "classification"
    path = write(folder / f"{kind}.csv", reviews(kind))
    return read_problem(options(path, task=task, **given))
