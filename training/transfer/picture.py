"""Accuracy by labels a class, one line an approach, with the spread over the seeds."""

from __future__ import annotations

import statistics

from matplotlib.figure import Figure

from training.plots import png
from training.transfer.figures import Comparison, spread

_COLOURS = {
    "frozen": "#1f3a5f",
    "fine-tuned": "#2a7f62",
    "scratch": "#b0413e",
    "forest": "#8c6d31",
}


def figure_of(comparison: Comparison) -> Figure:
    """Means with the standard deviation over the seeds, against labels a class."""
    figure = Figure(figsize=(5.6, 3.6), layout="constrained")
    axes = figure.subplots()
    for name, title in comparison.titles.items():
        values = {each: comparison.accuracies(name, each) for each in comparison.sizes}
        values = {each: some for each, some in values.items() if some}
        axes.errorbar(
            list(values),
            [statistics.mean(some) for some in values.values()],
            yerr=[spread(some) for some in values.values()],
            label=title, color=_COLOURS[name], marker="o", markersize=4, capsize=3,
        )  # fmt: skip
    if comparison.as_it_is is not None:
        axes.axhline(
            comparison.as_it_is, color="grey", linestyle="--", linewidth=0.8,
            label="the source as it is",
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xticks(comparison.sizes, [str(each) for each in comparison.sizes])
    axes.minorticks_off()
    axes.set_xlabel("labels a class")
    axes.set_ylabel("test accuracy")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return figure


def picture(comparison: Comparison) -> bytes:
    """The figure as PNG."""
    return png(figure_of(comparison))
