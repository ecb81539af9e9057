"""Weights of a logistic regression give a logit for every class, those without rows included."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from training.fit.logits import logits_of


@pytest.mark.parametrize("present", [(0, 1), (0, 2), (1, 2, 3), (0, 1, 2, 3)])
def test_probabilities_are_those_of_the_model(present: tuple[int, ...]) -> None:
    generator = np.random.default_rng(0)
    numbers = generator.normal(size=(200, 5))
    target = np.array(present)[generator.integers(0, len(present), 200)]
    numbers[:, 0] += target
    model = LogisticRegression().fit(numbers, target)
    weights, bias = logits_of(model, 4)
    assert weights.shape == (4, 5)
    found = softmax(numbers @ weights.T + bias, axis=1)
    np.testing.assert_allclose(found[:, list(present)], model.predict_proba(numbers), atol=1e-9)
    absent = [k for k in range(4) if k not in present]
    assert found[:, absent].max(initial=0.0) < 1e-6
