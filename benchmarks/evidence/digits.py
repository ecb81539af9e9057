"""Learning curves on MNIST: test accuracy of every model by the number of labels.

Labels are drawn at random, as many of each digit as of any other. A sixth of them are for
validation, where a model needs it, and count as labels. All settings are those of the trainers; the
networks take at least 600 steps, or a hundred labels would be one step an epoch.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from training import cnn, gradient_boosting, perceptron, random_forest
from training.datasets import Dataset, Split
from training.loop import fit

SIZES = (100, 300, 1_000, 3_000, 10_000, 60_000)
SEEDS = 3
VALIDATION = 6  # one label of so many
LEAST_STEPS = 600
Accuracy = Callable[[Dataset, int], float]


@dataclass(frozen=True)
class Learner:
    """family: as the guide divides them."""

    name: str
    family: str
    accuracy: Accuracy


def curves(data: Dataset, sizes: tuple[int, ...], seeds: int) -> Iterator[dict[str, Any]]:
    """One point per model, size and seed. All labels there are is one draw, so it has one seed."""
    for size in sizes:
        for seed in range(seeds if size < len(data.train) else 1):
            some = subset(data, size, seed)
            for learner in LEARNERS:
                started = time.perf_counter()
                accuracy = learner.accuracy(some, seed)
                yield {
                    "model": learner.name,
                    "family": learner.family,
                    "labels": size,
                    "seed": seed,
                    "accuracy": round(accuracy, 5),
                    "seconds": round(time.perf_counter() - started, 2),
                }


def subset(data: Dataset, size: int, seed: int) -> Dataset:
    """`size` labels, the same number of each digit, split for training and validation."""
    everything = data.train + data.validation
    if size >= len(everything):
        return data
    generator = np.random.default_rng([seed, size])
    digits = [np.flatnonzero(everything.labels == k) for k in range(len(data.labels))]
    each = size // len(digits)
    chosen = [generator.choice(rows, each, replace=False) for rows in digits]
    held = max(1, each // VALIDATION)
    train = generator.permutation(np.concatenate([rows[held:] for rows in chosen]))
    validation = np.concatenate([rows[:held] for rows in chosen])

    def part(rows: np.ndarray) -> Split:
        return Split(everything.images[rows], everything.labels[rows])

    return replace(data, train=part(train), validation=part(validation))


def _accuracy(scores: np.ndarray, test: Split) -> float:
    return float(np.mean(scores.argmax(axis=1) == test.labels))


def _trained(train: Callable[..., Any]) -> Accuracy:
    def accuracy(data: Dataset, seed: int) -> float:
        return _accuracy(train(data, seed=seed).scores(data.test.images), data.test)

    return accuracy


def _logistic(data: Dataset, seed: int) -> float:
    del seed  # it has no random choice
    both = data.train + data.validation
    model = LogisticRegression(C=0.1, max_iter=200)
    model.fit(both.images.reshape(len(both), -1) / 255.0, both.labels)
    pixels = data.test.images.reshape(len(data.test), -1) / 255.0
    return _accuracy(model.predict_proba(pixels), data.test)


def _network(recipe: cnn.Guide | cnn.Fast) -> Accuracy:
    def accuracy(data: Dataset, seed: int) -> float:
        both = data.train + data.validation
        batch = min(recipe.batch_size, max(16, len(both) // 8))
        epochs = max(recipe.epochs, math.ceil(LEAST_STEPS * batch / len(both)))
        sized = replace(recipe, batch_size=batch, epochs=epochs)
        if isinstance(sized, cnn.Guide):
            sized = replace(sized, held_out=0.0)
        outcome = fit(sized, both, seed=seed)
        return _accuracy(outcome.scores(data.test.images), data.test)

    return accuracy


LEARNERS = (
    Learner("random forest", "classical_ml", _trained(random_forest.train)),
    Learner("XGBoost", "classical_ml", _trained(gradient_boosting.train)),
    Learner("perceptron", "classical_ml", _trained(perceptron.train)),
    Learner("logistic regression", "classical_ml", _logistic),
    Learner("CNN of the guide", "deep_learning", _network(cnn.Guide())),
    Learner("CNN with distorted images", "deep_learning", _network(cnn.Fast())),
)
