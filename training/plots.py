"""Plots for the model cards, as PNG bytes.

Names come from the user's data: `$25K_to_$50K` is a name and no formula.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from training.fitted import Curve
from training.metrics import BINS

_INK = "#1f3a5f"
# Characters of a name that a plot shows.
_LONGEST = 28


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
    shown = [_short(name) for name in names]
    axes.set_xticks(range(len(names)), shown, parse_math=False)
    axes.set_yticks(range(len(names)), shown, parse_math=False)
    axes.set_xlabel("answered")
    axes.set_ylabel("true")
    return png(figure)


def learning_curve(title: str, curve: Curve) -> bytes:
    """The curve of a measure during training."""
    figure = Figure(figsize=(5, 3), layout="constrained")
    axes = figure.subplots()
    marker = "o" if len(curve.x) <= 20 else ""
    axes.plot(curve.x, curve.y, color=_INK, marker=marker, label="validation")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(curve.unit, parse_math=False)
    axes.set_ylabel(curve.measure, parse_math=False)
    axes.set_title(title, fontsize=9, parse_math=False)
    axes.grid(alpha=0.3)
    return png(figure)


def calibration(probabilities: NDArray[np.floating], truth: NDArray[np.int64]) -> bytes:
    """Accuracy by confidence: a calibrated model lies on the diagonal."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    which = np.minimum((confidence * BINS).astype(int), BINS - 1)
    bins = [b for b in range(BINS) if np.any(which == b)]
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8)
    sizes = [20 + 180 * float(np.mean(which == b)) for b in bins]
    axes.scatter(
        [confidence[which == b].mean() for b in bins],
        [right[which == b].mean() for b in bins],
        s=sizes,
        color=_INK,
    )
    axes.set_xlabel("confidence")
    axes.set_ylabel("accuracy")
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.05)
    axes.grid(alpha=0.3)
    return png(figure)


def importance(losses: Mapping[str, float], what: str, most: int = 20) -> bytes:
    """How much worse the model gets without each column, the most important first.

    Args:
        losses: by column. what: the measure, for the axis.
    """
    names = sorted(losses, key=lambda name: -losses[name])[:most][::-1]
    figure = Figure(figsize=(5, 0.6 + 0.22 * len(names)), layout="constrained")
    axes = figure.subplots()
    shown = [_short(name) for name in names]
    axes.barh(range(len(names)), [losses[name] for name in names], color=_INK)
    axes.set_yticks(range(len(names)), shown, fontsize=8, parse_math=False)
    axes.set_xlabel(what, parse_math=False)
    axes.grid(alpha=0.3, axis="x")
    return png(figure)


def _short(name: str) -> str:
    """A name on one line, cut where it is too long to show."""
    line = " ".join(name.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def png(figure: Figure) -> bytes:
    """The figure as PNG; equal figures give equal bytes."""
    buffer = io.BytesIO()
    # Without a software or date stamp.
    figure.savefig(buffer, format="png", dpi=90, metadata={"Software": None})
    return buffer.getvalue()
