"""Every kind of model that `fit` tries on images."""

from __future__ import annotations

from contract.manifest import Family
from training.fit.candidate import Candidate, Clarity, late
from training.fit.images.weights import weights_file

BACKBONE = "backbone"
_IMAGES = "training.fit.images.candidates"


def _candidate(
    name: str,
    title: str,
    algorithm: str,
    family: Family,
    clarity: Clarity,
    share: float,
    where: tuple[str, str],
) -> Candidate:
    return Candidate(name, title, algorithm, family, clarity, share, late(*where))


_CANDIDATES = (
    # First, as it takes most of the time and is what few labels call for.
    _candidate(
        BACKBONE, "Frozen EfficientNet-Lite0 with a linear head", "frozen_backbone",
        "deep_learning", "opaque", 10, (f"{_IMAGES}.backbone", "learn"),
    ),
    _candidate(
        "linear", "Logistic regression on pixels", "logistic_regression", "classical_ml",
        "weights", 1, (f"{_IMAGES}.linear", "learn"),
    ),
    # The forest of tables, on pixels: it asks its rows for a matrix alone.
    _candidate(
        "forest", "Random forest on pixels", "random_forest", "classical_ml", "trees", 2,
        ("training.fit.tables.candidates.forests", "random_forest"),
    ),
    _candidate(
        "cnn", "Convolutional network", "cnn", "deep_learning", "opaque", 5,
        (f"{_IMAGES}.cnn", "learn"),
    ),
)  # fmt: skip


def candidates_for() -> tuple[Candidate, ...]:
    """The candidates in the order in which they are fitted; no backbone without its weights."""
    installed = weights_file() is not None
    return tuple(c for c in _CANDIDATES if installed or c.name != BACKBONE)
