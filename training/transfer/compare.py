"""Transfer, a network from scratch and a forest on the same labels, by their number and seed.

Every seed draws other labels of the pool; the test part is always the same.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from training import provenance
from training.datasets import Dataset
from training.metrics import accuracy
from training.transfer.approaches import Approach
from training.transfer.data import Given, draw
from training.transfer.figures import Comparison, Point
from training.transfer.source import Source

# Called before each point with what comes next, and the points done and to do.
Report = Callable[[str, int, int], None]
# What the validation rows choose, or what follows from the number of labels.
_SETTINGS = ("peak_learning_rate", "epochs", "batch_size", "max_features")


def compare(
    source: Source,
    given: Given,
    approaches: Sequence[Approach],
    labels: Sequence[int],
    seeds: int,
    report: Report,
) -> Comparison:
    """Fit every approach on every draw; Ctrl+C ends it early and keeps what is done."""
    sizes = [each for each in labels if each <= given.most_labels]
    left_out = {
        each: f"the rarest class has {given.most_labels} images that are not for testing"
        for each in labels
        if each > given.most_labels
    }
    points: list[Point] = []
    total, interrupted = len(sizes) * seeds * len(approaches), False
    try:
        for each, seed, approach, data in _runs(given, approaches, sizes, seeds):
            what = f"{approach.title}, {each} labels a class, seed {seed}"
            report(what, len(points), total)
            points.append(_point(approach, each, seed, data))
    except KeyboardInterrupt:
        interrupted = True
    titles = {one.name: one.title for one in approaches}
    return Comparison(titles, tuple(points), as_it_is(source, given), left_out, interrupted)


def as_it_is(source: Source, given: Given) -> float | None:
    """Test accuracy of the source with its own head; None where the data has other labels."""
    names = source.manifest.labels
    if not set(given.parts.labels) <= set(names):
        return None
    places = np.array([names.index(label) for label in given.parts.labels])
    test = given.parts.test
    answered = source.scores(test.images).argmax(axis=1)
    return round(accuracy(answered, places[test.labels]), 5)


def document(comparison: Comparison, source: Source, given: Given) -> dict[str, Any]:
    """The figures as JSON keeps them."""
    parts = given.parts
    return {
        "data": parts.name,
        "classes": list(parts.labels),
        "pool": len(given.pool),
        "test": len(parts.test),
        "split": parts.split,
        "source": {
            "name": source.manifest.name,
            "version": source.manifest.version,
            "sha256": source.sha256,
            "accuracy_as_it_is": comparison.as_it_is,
        },
        "titles": comparison.titles,
        "points": [asdict(point) for point in comparison.points],
        "left_out": {str(labels): why for labels, why in comparison.left_out.items()},
        "interrupted": comparison.interrupted,
        "processor": provenance.processor(),
        "cores": os.cpu_count(),
        "libraries": provenance.libraries(("torch", "sklearn")),
    }


def _runs(
    given: Given, approaches: Sequence[Approach], sizes: Sequence[int], seeds: int
) -> Iterator[tuple[int, int, Approach, Dataset]]:
    """Labels a class, seed, approach and draw of every point."""
    for each in sizes:
        for seed in range(seeds):
            data = draw(given, each, seed)
            for approach in approaches:
                yield each, seed, approach, data


def _point(approach: Approach, each: int, seed: int, data: Dataset) -> Point:
    started = time.perf_counter()
    learned = approach.learn(data, seed)
    seconds = time.perf_counter() - started
    answered = learned.scores(data.test.images).argmax(axis=1)
    settings = {name: v for name, v in learned.hyperparameters.items() if name in _SETTINGS}
    found = round(accuracy(answered, data.test.labels), 5)
    return Point(approach.name, each, seed, found, round(seconds, 2), settings)
