"""`python -m benchmarks fit-images`: accuracy by labels a class, of what `fit` tries on images.

Every candidate sees the same labels, of which a sixth chooses and calibrates, and is tested on the
same images, which no candidate sees. Each seed draws both anew.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.fit import pictures
from training.fit import scores
from training.fit.images.read import read_images
from training.fit.images.weights import MISSING, weights_file
from training.fit.options import Options
from training.fit.predictor import Calibrated
from training.fit.problem import Problem
from training.provenance import processor

SECONDS = 30.0
SEEDS = (0, 1, 2)
CANDIDATES = ("backbone", "forest", "cnn")
# The backbone must lead these with the fewest labels.
RIVALS = ("forest", "cnn")
_VALIDATION = 6


class Set(NamedTuple):
    """Pictures, the labels a class to learn from, and most test images a class."""

    title: str
    package: str
    fetch: Callable[[Path], Path]
    labels: tuple[int, ...]
    tested: int


SETS = {
    "fashion": Set(
        "Fashion-MNIST", pictures.FASHION, pictures.fashion, (10, 30, 100), 80
    ),
    "stamps": Set("Tux Paint's stamps", pictures.TUX, pictures.stamps, (10, 20), 30),
}  # fmt: skip


def main(out: Path, names: list[str], data: Path) -> int:
    """Measure, write; 1 if the backbone does not lead with ten labels a class."""
    if weights_file() is None:
        raise SystemExit(MISSING)
    found = json.loads(out.read_text())["sets"] if out.exists() else {}
    for name in names or list(SETS):
        found[name] = _measure(SETS[name], data)
        document = {
            "processor": processor(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "seconds": SECONDS,
            "seeds": len(SEEDS),
            "sets": found,
        }
        out.write_text(json.dumps(document, indent=2) + "\n")
    missed = [name for name, one in found.items() if not one["bar"]["reached"]]
    print("missed:", ", ".join(missed) or "none")
    return int(bool(missed))


def _measure(given: Set, data: Path) -> dict[str, Any]:
    folder = given.fetch(data)
    problem = read_images(Options(file=folder, target="class", name="measured"))
    runs: dict[str, dict[str, list[dict[str, float]]]] = {}
    for labels in given.labels:
        runs[str(labels)] = {name: [] for name in CANDIDATES}
        for seed in SEEDS:
            train, test = draw(problem, labels, given.tested, seed)
            for name in CANDIDATES:
                run = _run(problem, name, train, test, seed)
                runs[str(labels)][name].append(run)
                print(given.title, labels, seed, name, run, flush=True)
    return {
        "title": given.title,
        "package": given.package,
        "images": len(problem),
        "classes": list(problem.labels),
        "size": list(problem.rows.store.pixels.shape[1:]),
        "left_out": dict(problem.left_out),
        "tested": len(test),
        "runs": runs,
        "bar": bar(runs),
    }


def draw(
    problem: Problem, labels: int, tested: int, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Images to learn from, so many of each class, and others to test on.

    Of equal images only the first takes part.
    """
    generator = np.random.default_rng([seed, 1])
    _, first = np.unique(problem.twins, return_index=True)
    train, test = [], []
    for k in range(len(problem.labels)):
        own = generator.permutation(first[problem.target[first] == k])
        # The test images do not depend on the number of labels.
        most = min(tested, len(own) - max(labels, 20))
        test.append(own[:most])
        train.append(own[len(own) - labels :])
    return np.concatenate(train), np.concatenate(test)


def _run(
    problem: Problem, name: str, train: NDArray[np.intp], test: NDArray[np.intp], seed: int
) -> dict[str, float]:
    """Accuracy, log loss and seconds of one candidate."""
    target = problem.target
    each = len(train) // len(problem.labels)
    place = np.arange(len(train)) % each  # within the class
    validation = place < -(-each // _VALIDATION)
    data = problem.kind.prepare(
        problem.rows, target, len(problem.labels), train[~validation], train[validation]
    )
    (candidate,) = (c for c in problem.kind.candidates("classification") if c.name == name)
    # Features that an earlier run computed are not computed again.
    started = time.perf_counter()
    learned = candidate.learner(data, seed=seed, seconds=SECONDS if name != "backbone" else 1e9)
    seconds = time.perf_counter() - started
    predictions = Calibrated.of(learned, data).predict(problem.rows.take(test))
    values = scores.classification(predictions, target[test]).values
    return {
        "accuracy": round(values["accuracy"], 4),
        "log_loss": round(values["log_loss"], 4),
        "seconds": round(seconds, 2),
    }


def bar(runs: dict[str, dict[str, list[dict[str, float]]]]) -> dict[str, Any]:
    """Whether the backbone leads forest and scratch with the fewest labels, by mean accuracy."""
    fewest = runs[min(runs, key=int)]
    mean = {
        name: float(np.mean([run["accuracy"] for run in fewest[name]]))
        for name in ("backbone", *RIVALS)
    }
    rival = max(RIVALS, key=lambda name: mean[name])
    return {
        "labels": int(min(runs, key=int)),
        "backbone": round(mean["backbone"], 4),
        "rival": rival,
        "theirs": round(mean[rival], 4),
        "reached": mean["backbone"] > mean[rival],
    }
