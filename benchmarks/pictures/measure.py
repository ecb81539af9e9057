"""Accuracy with the fit `mnist`, and warnings without a fit, for every kind of picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from benchmarks.pictures import kinds
from contract.batch import Batch
from contract.repository import entries
from contract.seen import ImageRange
from service.inference.session import load
from service.instances.image import ImageDecoder
from service.instances.spec import ImageSpec
from service.instances.unlike import TrainingRange
from service.settings import Settings
from training.datasets import Dataset

Labels = NDArray[np.int64]
Classify = Callable[[NDArray[np.uint8]], Labels]

DIGITS = 300
MODEL = "digits-cnn"
# Both the pictures and the choice of digits; other seeds were used while the fit was written.
SEED = 2026


class Subject(NamedTuple):
    """The model that is measured, with the decoder and the warnings that the service gives it."""

    classify: Classify
    decoder: ImageDecoder
    training: TrainingRange


@dataclass(frozen=True)
class Kind:
    """One kind of picture, and the accuracy that the CNN must reach on it."""

    name: str
    what: str
    bar: float
    make: kinds.Maker


KINDS = (
    Kind("dark on light", "280x280, dark ink, PNG", 0.95, kinds.dark_on_light),
    Kind("transparent", "RGBA, dark ink on nothing, PNG", 0.95, kinds.transparent),
    Kind("photographed", "320x240, grey, uneven light, noise, JPEG", 0.95, kinds.photographed),
    Kind("8x8", "scikit-learn's digits, 0 to 16, nested lists", 0.90, kinds.sixteen_levels),
)


class Result(NamedTuple):
    """Digits of one kind: how many were read right, and how many drew a warning."""

    kind: Kind
    digits: int
    right_with_fit: int
    right_without: int
    warned_without: int

    @property
    def accuracy(self) -> float:
        """Share of digits read right with the fit."""
        return self.right_with_fit / self.digits

    @property
    def holds(self) -> bool:
        """Whether both bars hold: the accuracy, and a warning for every picture."""
        return self.accuracy >= self.kind.bar and self.warned_without == self.digits


def subject() -> Subject:
    """The committed CNN."""
    settings = Settings(provider="cpu")
    session = load(next(e for e in entries(settings.models_dir) if e.name == MODEL), settings)
    (images,) = session.manifest.inputs
    (seen,) = images.seen
    assert isinstance(seen, ImageRange)

    def classify(pixels: NDArray[np.uint8]) -> Labels:
        labels: Labels = session.predict(Batch({images.name: pixels}))["label"]
        return labels

    decoder = ImageDecoder(images, settings.max_image_pixels)
    return Subject(classify, decoder, TrainingRange(seen, ImageSpec.of(images)))


def results(subject: Subject, dataset: Dataset, digits: int = DIGITS) -> Iterator[Result]:
    """Measure every kind on digits that no training and no tuning has seen."""
    for kind in KINDS:
        instances, labels = pictures(kind, dataset, digits)
        # One at a time: together they have more pixels than one request may have.
        fitted = [subject.decoder.decode([one], ["picture"], "mnist")[0] for one in instances]
        rendered = np.stack([kinds.as_sent_without_fit(instance) for instance in instances])
        yield Result(
            kind,
            digits,
            int((subject.classify(np.concatenate(fitted)) == labels).sum()),
            int((subject.classify(rendered) == labels).sum()),
            len(subject.training.unlike(rendered)),
        )


def pictures(kind: Kind, dataset: Dataset, digits: int) -> tuple[list[Any], Labels]:
    """Instances of a kind and their labels."""
    rng = np.random.default_rng(SEED)
    if kind.make is kinds.sixteen_levels:
        bunch = load_digits()
        # The first 1,197 were used while the fit was written.
        images, labels = bunch.images[1_197:], bunch.target[1_197:]
    else:
        images, labels = dataset.test.images, dataset.test.labels
    chosen = rng.choice(len(images), digits, replace=False)
    return [kind.make(images[i], rng) for i in chosen], labels[chosen]
