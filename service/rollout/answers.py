"""What the answers of two versions of a model are compared by."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from contract.answers import compare
from contract.batch import Batch
from service.errors import ModelError
from service.serving.served import Served

Floats = NDArray[np.float64]
# A latency ratio beyond this counts as this, and so does its inverse.
MOST_RATIO = 100.0
# Added to each latency: what a request takes besides the model, so that of 0.1 ms and 0.2 ms
# neither is twice the other to a client.
BASE_SECONDS = 0.001
# Latencies are told apart from BASE_SECONDS to this.
MOST_SECONDS = 100.0
# Values this many spreads from the middle of the golden answers count as this far.
MOST_SPREADS = 4.0


class Answers:
    """Compares outputs, and turns what is compared into numbers in [0, 1].

    Args:
        stable: the version whose answers are the measure.
        tolerance: of a regression, how many spreads apart two values are still the same answer.
    """

    def __init__(self, stable: Served, tolerance: float) -> None:
        manifest = stable.manifest
        self.labels = manifest.labels
        self._index = {label: i for i, label in enumerate(self.labels)}
        self._encoder = stable.encoder
        self._outputs = manifest.outputs
        self._exactness = manifest.golden.tolerance
        self._tolerance = tolerance
        probabilities = manifest.output("probabilities")
        self._probabilities = probabilities.name if probabilities else ""
        value = manifest.output("value")
        self._value = value.name if value else ""
        roles = ("label", "probabilities", "scores", "value")
        self._observed = [output.name for output in manifest.outputs if output.role in roles]
        self._middle, self._spread = 0.0, 1.0
        if self._value:
            golden = stable.session.predict(stable.session.samples)[self._value]
            self._middle = float(np.mean(golden, dtype=np.float64))
            # Golden answers that are all alike say nothing of the scale.
            self._spread = float(np.std(golden, dtype=np.float64)) or abs(self._middle) or 1.0

    @property
    def has_confidence(self) -> bool:
        """True if a probability comes with each label."""
        return bool(self._probabilities)

    @property
    def has_value(self) -> bool:
        """True for a regression."""
        return bool(self._value)

    def usable(self, outputs: Batch) -> bool:
        """True if every row has an answer: finite numbers, and a label of the manifest."""
        if self._encoder.without_answer(outputs):
            return False
        try:
            return set(self._encoder.labels(outputs) or ()) <= self._index.keys()
        except ModelError:
            return False

    def agreement(self, stable: Batch, candidate: Batch) -> NDArray[np.bool_]:
        """Where two usable outputs for the same rows are the same answer: bool [rows]."""
        ours, theirs = self._encoder.labels(stable), self._encoder.labels(candidate)
        if ours is not None and theirs is not None:
            return np.array([one == other for one, other in zip(ours, theirs, strict=True)])
        if self._value:
            return np.abs(self._spreads(stable, candidate)) <= self._tolerance
        rows = range(len(stable))
        return np.array(
            [self._same(stable.slice(i, i + 1), candidate.slice(i, i + 1)) for i in rows]
        )

    def confidence_change(self, stable: Batch, candidate: Batch) -> float:
        """Mean change of the probability of the label that the stable version gives, in [-1, 1]."""
        places = self._places(stable)
        rows = np.arange(len(places))
        before, after = stable[self._probabilities], candidate[self._probabilities]
        change = after[rows, places].astype(float) - before[rows, places]
        return float(np.clip(change, -1, 1).mean())

    def value_change(self, stable: Batch, candidate: Batch) -> float:
        """Mean change of a regression's value in spreads, in [-1, 1]."""
        return float(np.clip(self._spreads(stable, candidate), -1, 1).mean())

    def join(self, answers: Sequence[Batch]) -> Batch:
        """What is observed of several outputs, as one batch."""
        parts = [
            Batch.aligned({name: one[name] for name in self._observed}, len(one)) for one in answers
        ]
        return Batch.join(parts)

    def confidence(self, outputs: Batch) -> Floats:
        """The probability of the label that is given: float64 [rows] in [0, 1]."""
        places = self._places(outputs)
        given = outputs[self._probabilities][np.arange(len(places)), places]
        return np.clip(given.astype(np.float64), 0, 1)

    def label_shares(self, outputs: Batch, sizes: NDArray[np.intp]) -> Floats:
        """The share of rows with each label, for each request: float64 [requests, labels].

        Args:
            sizes: rows of each request.
        """
        requests, labels = np.repeat(np.arange(len(sizes)), sizes), len(self.labels)
        places = requests * labels + self._places(outputs)
        counts = np.bincount(places, minlength=len(sizes) * labels).reshape(-1, labels)
        shares: Floats = counts / sizes[:, None]
        return shares

    def level(self, outputs: Batch) -> Floats:
        """The value of a regression as spreads from the middle: float64 [rows], 0 to 1 for -4 to 4.

        Several values count as their mean.
        """
        values = outputs[self._value].astype(np.float64).reshape(len(outputs), -1).mean(axis=1)
        spreads: Floats = (values - self._middle) / self._spread
        spreads = np.clip(spreads, -MOST_SPREADS, MOST_SPREADS)
        return (spreads + MOST_SPREADS) / (2 * MOST_SPREADS)

    def _places(self, outputs: Batch) -> NDArray[np.intp]:
        labels = self._encoder.labels(outputs) or ()
        return np.array([self._index[label] for label in labels], np.intp)

    def _spreads(self, stable: Batch, candidate: Batch) -> Floats:
        """The largest change of each row's values in spreads, with its sign: float64 [rows]."""
        before = stable[self._value].astype(np.float64).reshape(len(stable), -1)
        after = candidate[self._value].astype(np.float64).reshape(len(stable), -1)
        change: Floats = (after - before) / self._spread
        largest: Floats = change[np.arange(len(change)), np.abs(change).argmax(axis=1)]
        return largest

    def _same(self, stable: Batch, candidate: Batch) -> bool:
        try:
            return compare(stable, candidate, self._outputs).within(self._exactness)
        except ValueError:  # outputs whose rows may have any length
            return False


def request_means(values: Floats, sizes: NDArray[np.intp]) -> Floats:
    """The mean of each request's rows: float64 [requests].

    Args:
        values: float64 [rows].
        sizes: rows of each request, none of them 0.
    """
    means: Floats = np.add.reduceat(values, sizes.cumsum() - sizes) / sizes
    return means


def latency(seconds: float) -> float:
    """The logarithm of a latency, scaled to [0, 1]; see `latency_ratio` for the way back."""
    span = math.log((MOST_SECONDS + BASE_SECONDS) / BASE_SECONDS)
    return min(1.0, math.log((seconds + BASE_SECONDS) / BASE_SECONDS) / span)


def latency_ratio(difference: float) -> float:
    """The ratio of two geometric means of latencies whose scaled logarithms differ by so much."""
    return math.exp(difference * math.log((MOST_SECONDS + BASE_SECONDS) / BASE_SECONDS))


def paired_latency(stable: float, candidate: float) -> float:
    """The logarithm of the ratio of two latencies in seconds, scaled to [0, 1]."""
    ratio = math.log((candidate + BASE_SECONDS) / (stable + BASE_SECONDS)) / math.log(MOST_RATIO)
    return (min(1.0, max(-1.0, ratio)) + 1) / 2


def paired_latency_ratio(mean: float) -> float:
    """The geometric mean of the ratios whose scaled logarithms have this mean."""
    return math.exp((2 * mean - 1) * math.log(MOST_RATIO))
