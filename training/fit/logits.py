"""scikit-learn's logistic regression as weights that give a logit for every class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Of a class that no training row has: all but impossible, and finite.
IMPOSSIBLE = -30.0


def logits_of(model: Any, classes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights [classes, features] and bias [classes] of a fitted `LogisticRegression`.

    Args:
        model: fitted on class numbers below `classes`, of which some may be absent.
    """
    weights, bias = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # one margin, the log odds of the second class
        weights = np.concatenate([-weights / 2, weights / 2])
        bias = np.concatenate([-bias / 2, bias / 2])
    if len(model.classes_) == classes:
        return weights, bias
    every, offsets = np.zeros((classes, weights.shape[1])), np.full(classes, IMPOSSIBLE)
    every[model.classes_], offsets[model.classes_] = weights, bias
    return every, offsets
