"""Small tables with gaps, rare and unseen categories, skewed numbers, and a target of each kind."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from training.fit.candidate import Task
from training.fit.options import Options
from training.fit.problem import Problem
from training.fit.tables.read import read_problem

ROWS = 400
TASKS = ("binary", "classes", "regression")


def rows(kind: str, n: int = ROWS, seed: int = 0) -> list[dict[str, Any]]:
    """Rows of a table whose `target` depends on numbers and a category."""
    generator = np.random.default_rng(seed)
    age = generator.integers(18, 90, n)
    income = np.round(np.exp(generator.normal(7, 1, n)), 2)
    city = generator.choice(["Bern", "Genf", "Köln", "Ulm"], n, p=[0.4, 0.3, 0.29, 0.01])
    member = generator.integers(0, 2, n)
    score = (
        0.05 * (age - 50) + (city == "Bern") - (city == "Genf") + 0.8 * member
        + 0.5 * np.log(income / 1100) + generator.normal(0, 0.5, n)
    )  # fmt: skip
    target: list[Any] = np.where(score > 0, "yes", "no").tolist()
    if kind == "classes":
        target = np.select([score < -0.7, score < 0.7], ["low", "middle"], "high").tolist()
    if kind == "regression":
        target = np.round(100 + 20 * score, 2).tolist()
    return [
        {
            "age": int(age[i]) if i % 11 else "",
            "income": float(income[i]),
            "member": int(member[i]),
            "city": str(city[i]) if i % 13 else "",
            "label": ["a", "b"][i % 2],
            "target": target[i],
        }
        for i in range(n)
    ]


def write(path: Path, table: list[dict[str, Any]]) -> Path:
    """A CSV file of the rows."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return path


def options(path: Path, **given: Any) -> Options:
    """Options for a table with `target`."""
    return Options(**{"file": path, "target": "target", "name": "made", "budget": 6.0, **given})


def problem(folder: Path, kind: str, **given: Any) -> Problem:
    """A table of that kind, read."""
    task: Task = "regression" if kind == "regression" else "classification"
    return read_problem(options(write(folder / f"{kind}.csv", rows(kind)), task=task, **given))
