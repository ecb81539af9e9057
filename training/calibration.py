"""Temperature scaling (Guo et al., 2017): calibration with one parameter.

Probabilities are softmax(logits / T). The temperature T minimises the log loss on the validation
set; it does not change any label.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

# Logits differ in magnitude (the perceptron's are in the hundreds, votes are below ten), so the
# search is over log(T).
_LOG_BOUNDS = (np.log(1e-3), np.log(1e5))


def fit_temperature(
    logits: NDArray[np.float64], labels: NDArray[np.int64], spread: float | None = None
) -> float:
    """The temperature with the least log loss, for logits [n, classes] and labels [n].

    Args:
        spread: standard deviation of a normal prior of log T around 0. Without one, a few rows that
            are all right make T as small as it can be, and one wrong row costs without limit.
    """

    def cost(log_t: float) -> float:
        prior = 0.0 if spread is None else (log_t / spread) ** 2 / (2 * len(labels))
        return log_loss(logits / np.exp(log_t), labels) + prior

    return float(np.exp(minimize_scalar(cost, bounds=_LOG_BOUNDS).x))


def probabilities(logits: NDArray[np.float64], temperature: float = 1.0) -> NDArray[np.float64]:
    """softmax(logits / temperature) of each row, [n, classes]."""
    result: NDArray[np.float64] = softmax(logits / temperature, axis=1)
    return result


def log_loss(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Mean negative log-likelihood in nats, for logits [n, classes] and labels [n]."""
    return float(-np.mean(log_softmax(logits, axis=1)[np.arange(len(labels)), labels]))
