"""Rosenblatt's perceptron (1958) for many classes, with averaged weights, in NumPy.

Each class has a weight vector; an image is assigned to the class with the highest w·x. The weights
change only after a mistake: those of the right class move towards the image, those of the predicted
class move away,

    w[y] <- w[y] + x        w[y'] <- w[y'] - x        (learning rate 1; any other only scales w)

Digits are not linearly separable, so the weights never converge, and the last weights depend on the
last few images. The average of the weights over all steps is more stable (Freund and Schapire,
1999). It is computed lazily: u accumulates each update times its step number, and the average after
n steps is w - u / n (Daume, 2006).
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from training.datasets import Dataset, Split
from training.export.linear import linear_graph
from training.fitted import Curve, Fitted, Report, silent


@dataclass(frozen=True)
class Hyperparameters:
    """`passes` over the training split, each in a new random order."""

    passes: int = 10


def train(
    data: Dataset,
    *,
    seed: int = 42,
    hyperparameters: Hyperparameters | None = None,
    report: Report = silent,
) -> Fitted:
    """Fit on the training split; the averaged weights are the model."""
    settings = hyperparameters or Hyperparameters()
    started = time.perf_counter()
    rng = np.random.default_rng(seed)
    x = _with_bias(data.train.images)
    y = data.train.labels
    w = np.zeros((len(data.labels), x.shape[1]))
    u = np.zeros_like(w)
    step = 1
    mistakes: list[int] = []
    averaged_curve: list[float] = []
    last_curve: list[float] = []
    for done in range(settings.passes):
        report(done, settings.passes, f"{mistakes[-1]:,} mistakes" if mistakes else "")
        mistakes.append(0)
        for i in rng.permutation(len(x)):
            predicted, truth = int((w @ x[i]).argmax()), y[i]
            if predicted != truth:
                w[truth] += x[i]
                w[predicted] -= x[i]
                u[truth] += step * x[i]
                u[predicted] -= step * x[i]
                mistakes[-1] += 1
            step += 1
        averaged_curve.append(_accuracy(w - u / step, data.validation))
        last_curve.append(_accuracy(w, data.validation))
    report(settings.passes, settings.passes, f"{mistakes[-1]:,} mistakes")
    average = w - u / step
    return Fitted(
        scores=lambda images: _scores(average, images),
        validation_scores=_scores(average, data.validation.images),
        core=linear_graph(average[:, :-1].T / 255, average[:, -1]),
        link="identity",
        parity_tolerance=1e-5,
        train_samples=len(data.train),
        seconds=time.perf_counter() - started,
        device="1 CPU core",
        hyperparameters=asdict(settings),
        curve=Curve("passes", tuple(range(1, settings.passes + 1)), tuple(averaged_curve)),
        libraries=(),
        notes={
            "mistakes_per_pass": mistakes,
            "validation_accuracy_of_last_weights_per_pass": last_curve,
        },
        rivals={"last_weights": lambda images: _scores(w, images)},
    )


def _with_bias(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Pixels scaled to 0-1 and a constant 1, float64 [n, 785]."""
    pixels = images.reshape(len(images), -1) / 255
    return np.hstack([pixels, np.ones((len(images), 1))])


def _scores(w: NDArray[np.float64], images: NDArray[np.uint8]) -> NDArray[np.float64]:
    scores: NDArray[np.float64] = _with_bias(images) @ w.T
    return scores


def _accuracy(w: NDArray[np.float64], split: Split) -> float:
    return float(np.mean(_scores(w, split.images).argmax(axis=1) == split.labels))
