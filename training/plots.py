"""Plots for the model cards, as PNG bytes."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from training.fitted import Curve

_INK = "#1f3a5f"


def confusion(labels: NDArray[np.int64], truth: NDArray[np.int64], names: tuple[str, ...]) -> bytes:
    """Confusion matrix; the diagonal is left pale, so that the mistakes stand out."""
    counts = confusion_matrix(truth, labels, labels=np.arange(len(names)))
    shade = counts.astype(float)
    np.fill_diagonal(shade, 0)
    figure = Figure(figsize=(5, 4.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shade, cmap="Blues")
    for row, column in np.ndindex(*counts.shape):
        if count := counts[row, column]:
            dark = shade[row, column] > 0.6 * shade.max()
            axes.text(
                column, row, str(count), ha="center", va="center", fontsize=7,
                color="white" if dark else "black",
            )  # fmt: skip
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("answered")
    axes.set_ylabel("true")
    return _png(figure)


def learning_curve(title: str, curve: Curve) -> bytes:
    """Validation accuracy during training."""
    figure = Figure(figsize=(5, 3), layout="constrained")
    axes = figure.subplots()
    marker = "o" if len(curve.x) <= 20 else ""
    axes.plot(curve.x, curve.validation_accuracy, color=_INK, marker=marker, label="validation")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(curve.unit)
    axes.set_ylabel("validation accuracy")
    axes.set_title(title, fontsize=9)
    axes.grid(alpha=0.3)
    return _png(figure)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    # Without a software or date stamp, equal figures give equal bytes.
    figure.savefig(buffer, format="png", dpi=90, metadata={"Software": None})
    return buffer.getvalue()
