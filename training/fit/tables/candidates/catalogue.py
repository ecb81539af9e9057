"""Every kind of model that `fit` tries, clearest first.

The learners import their libraries late: `--help` needs no torch.
"""

from __future__ import annotations

import importlib

from contract.manifest import Family
from training.fit.candidate import Candidate, Clarity, Data, Learned, Learner, Task


def _late(module: str, function: str) -> Learner:
    def learn(data: Data, *, seed: int, seconds: float) -> Learned:
        learner: Learner = getattr(
            importlib.import_module(f"training.fit.tables.candidates.{module}"), function
        )
        return learner(data, seed=seed, seconds=seconds)

    return learn


def _candidate(
    name: str,
    title: str,
    algorithm: str,
    family: Family,
    clarity: Clarity,
    share: float,
    where: tuple[str, str],
) -> Candidate:
    return Candidate(name, title, algorithm, family, clarity, share, _late(*where))


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
    return (LINEAR if task == "classification" else RIDGE, *_COMMON)


NAMES = tuple(candidate.name for candidate in candidates_for("classification"))
