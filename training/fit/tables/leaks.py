"""Columns that know the answer.

A model that learns from them looks perfect and fails when it is used. Three kinds are looked for:
a column that predicts the target by itself, an identifier (found by the profiler), and a column
whose name says that it is known only afterwards. They are left out unless the user keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from training.fit.problem import Problem
from training.fit.splits import Indices, by_groups
from training.fit.tables.encoding import fit_encoding

# The share of the target's uncertainty that one column must take away to be suspicious.
ALONE = 0.95
MOST_ROWS = 10_000
LEAST_OF_CLASS = 100
_FOLDS = 3
_LEAVES = 256
# Words that name an outcome or what follows it, in the last or first part of a column's name.
_AFTERWARDS = frozenset(
    {
        "outcome", "result", "resolution", "resolved", "closed", "closing", "settled",
        "settlement", "decision", "verdict", "cancelled", "canceled", "cancellation",
        "refunded", "refund", "chargeback", "churned", "churn", "discharge", "discharged",
        "deceased", "death", "died", "recovered", "recovery", "recoveries", "collected",
        "writeoff", "chargedoff", "defaulted", "final", "actual", "actuals", "eventual",
        "subsequent", "future", "after", "afterwards", "post", "next",
    }
)  # fmt: skip
# `churn_date`, `default_reason`: what is told of an event once it has happened.
_OF_AN_EVENT = frozenset({"date", "day", "time", "timestamp", "at", "on", "reason", "cause"})
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_LEAST_STEM = 4


def find_leaks(problem: Problem, seed: int) -> dict[str, str]:
    """Suspicious features, with the reason."""
    found: dict[str, str] = {}
    for name, share in _alone(problem, seed):
        if share >= ALONE:
            found[name] = (
                f"it predicts the target by itself ({100 * share:.0f} % of the uncertainty), so it "
                "may be a copy of the answer"
            )
    for name in problem.rows.names:
        if name not in found and (word := _afterwards(name, problem)):
            found[name] = f"its name ({word}) says that it is known only afterwards"
    return found


def _alone(problem: Problem, seed: int) -> Iterator[tuple[str, float]]:
    """Each feature, and the share of the target's uncertainty that it takes away by itself."""
    rows = _sample(problem, np.random.default_rng(seed))
    columns, target = problem.rows.take(rows), problem.target[rows]
    discrete = bool(problem.labels)
    # Rows of one group are on one side: a column that only tells the group is no leak.
    groups = np.unique(problem.groups[rows], return_inverse=True)[1].astype(np.int64)
    splits = list(by_groups(groups, target, seed, discrete=discrete))[:_FOLDS]
    encoded = []
    for split in splits:
        train = np.concatenate([split.train, split.validation])
        encoding = fit_encoding(columns.take(train), target[train].astype(np.float64))
        encoded.append((train, split.test, encoding.encode(columns).matrix()))
    for i, name in enumerate(columns.names):
        shares = [
            _explained(m[train, i], m[test, i], target[train], target[test], discrete, seed)
            for train, test, m in encoded
        ]
        known = [share for share in shares if share is not None]
        yield name, float(np.mean(known)) if known else 0.0


def _sample(problem: Problem, generator: np.random.Generator) -> Indices:
    """At most `MOST_ROWS` rows, or so many that a rare class keeps `LEAST_OF_CLASS`."""
    rows = np.arange(len(problem))
    if len(rows) <= MOST_ROWS:
        return rows
    chosen = generator.choice(rows, MOST_ROWS, replace=False)
    if not problem.labels:
        return chosen
    shuffled = generator.permutation(rows)
    rare = [
        shuffled[problem.target[shuffled] == k][:LEAST_OF_CLASS] for k in range(len(problem.labels))
    ]
    return np.unique(np.concatenate([chosen, *rare]))


def _explained(
    train: NDArray[np.float32],
    test: NDArray[np.float32],
    train_target: NDArray[np.generic],
    test_target: NDArray[np.generic],
    discrete: bool,
    seed: int,
) -> float | None:
    """1 - error with the column / error without: of squared errors, or of wrong labels.

    None if the test rows hold one class or value, which nothing can explain.
    """
    if len(np.unique(test_target)) < 2:
        return None
    settings = {"max_leaf_nodes": _LEAVES, "random_state": seed}
    if not discrete:
        tree = DecisionTreeRegressor(**settings).fit(train[:, None], train_target)
        without = np.mean((test_target - train_target.mean()) ** 2)
        return float(1 - np.mean((test_target - tree.predict(test[:, None])) ** 2) / without)
    tree = DecisionTreeClassifier(**settings).fit(train[:, None], train_target)
    # Balanced, or a column that tells nothing would look good where one class is rare.
    predicted = tree.predict(test[:, None])
    classes = np.unique(test_target)
    missed = np.mean([np.mean(predicted[test_target == k] != k) for k in classes])
    return float(1 - missed / (1 - 1 / len(classes)))


def _afterwards(name: str, problem: Problem) -> str | None:
    """The part of a name that says it is known only afterwards."""
    words: list[str] = [word.lower() for word in _WORD.findall(name)]
    if len(words) < 2:
        return None
    for word in (words[0], words[-1]):
        if word in _AFTERWARDS:
            return word
    target = {_stem(word.lower()) for word in _WORD.findall(problem.target_name)}
    named = any(len(word) >= _LEAST_STEM and _stem(word) in target for word in words)
    return name if named and words[-1] in _OF_AN_EVENT else None


def _stem(word: str) -> str:
    """The beginning that `churn` and `churned` share."""
    return word[: _LEAST_STEM + 1]
