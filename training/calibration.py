"""Temperature scaling (Guo et al., 2017): one number that makes stated confidence honest.

Probabilities are softmax(logits / T). T is the one that minimises the log loss on the
validation set; it cannot change a label.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

# Perceptron margins are in the hundreds, vote logits below ten: search over magnitudes.
_LOG_BOUNDS = (np.log(1e-3), np.log(1e5))


def fit_temperature(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The temperature with the least log loss on (logits [n, classes], labels [n])."""
    found = minimize_scalar(
        lambda log_t: log_loss(logits / np.exp(log_t), labels), bounds=_LOG_BOUNDS
    )
    return float(np.exp(found.x))


def probabilities(logits: NDArray[np.float64], temperature: float = 1.0) -> NDArray[np.float64]:
    """softmax(logits / temperature), row by row."""
    result: NDArray[np.float64] = softmax(logits / temperature, axis=1)
    return result


def log_loss(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Mean negative log-likelihood in nats."""
    return float(-np.mean(log_softmax(logits, axis=1)[np.arange(len(labels)), labels]))
