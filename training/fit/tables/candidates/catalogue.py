"""Every kind of model that `fit` tries, clearest first."""

from __future__ import annotations

from dataclasses import replace

from contract.manifest import Family
from training.fit.candidate import Candidate, Clarity, Task, late
from training.fit.tables.candidates.standardised import standardised

_TABLES = "training.fit.tables.candidates"


def _candidate(
    name: str,
    title: str,
    algorithm: str,
    family: Family,
    clarity: Clarity,
    share: float,
    where: tuple[str, str],
) -> Candidate:
    return Candidate(
        name, title, algorithm, family, clarity, share, late(f"{_TABLES}.{where[0]}", where[1])
    )


LINEAR = _candidate(
    "linear", "Logistic regression", "logistic_regression", "classical_ml", "weights", 1,
    ("linear", "learn"),
)  # fmt: skip
RIDGE = _candidate(
    "linear", "Ridge regression", "ridge_regression", "classical_ml", "weights", 1,
    ("linear", "learn"),
)  # fmt: skip
_COMMON = (
    _candidate(
        "random-forest", "Random forest", "random_forest", "classical_ml", "trees", 3,
        ("forests", "random_forest"),
    ),
    _candidate(
        "extra-trees", "Extremely randomised trees", "extra_trees", "classical_ml", "trees", 2,
        ("forests", "extra_trees"),
    ),
    _candidate(
        "xgboost", "Gradient-boosted trees", "gradient_boosting", "classical_ml", "trees", 3,
        ("boosting", "learn"),
    ),
    _candidate(
        "additive", "Explainable boosting machine", "explainable_boosting", "classical_ml",
        "curves", 6, ("additive", "learn"),
    ),
    _candidate(
        "mlp", "Multilayer perceptron", "mlp", "deep_learning", "opaque", 4,
        ("network", "single"),
    ),
    _candidate(
        "mlp-ensemble", "Ensemble of multilayer perceptrons", "mlp_ensemble", "deep_learning",
        "opaque", 5, ("network", "ensemble"),
    ),
)  # fmt: skip


def candidates_for(task: Task) -> tuple[Candidate, ...]:
    """The candidates of a task, in the order in which they are fitted."""
    if task == "classification":
        return (LINEAR, *_COMMON)
    return tuple(replace(c, learner=standardised(c.learner)) for c in (RIDGE, *_COMMON))
