"""docs/evidence.md and its picture: what this repository measured of the guide."""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import Any

from matplotlib.figure import Figure

from scripts.guide_tables import table
from scripts.svg import svg

COLOURS = {
    "classical_ml": ("#b0413e", "#d98b6a", "#8c6d31", "#c7a76c"),
    "deep_learning": ("#1f3a5f", "#2a7f62"),
}


def digits(measured: dict[str, Any]) -> str:
    """Mean accuracy by model and number of labels."""
    means = digits_means(measured)
    sizes = sorted({size for one in means.values() for size in one})
    seeds = 1 + max(point["seed"] for point in measured["digits"])
    rows = [
        (model, *(f"{one[size]:.3f}" if size in one else "" for size in sizes))
        for model, one in means.items()
    ]
    header = ("model", *(f"{size:,} labels" for size in sizes))
    return "\n\n".join(
        [
            f"`make evidence`: accuracy on MNIST's 10,000 test images, mean of {seeds} draws of "
            "the labels (one of all 60,000). The validation images count as labels. "
            f"{measured['cores']} cores of {measured['processor']}.",
            table(header, rows),
            "![Accuracy by number of labels](evidence_digits.svg)",
        ]
    )


def digits_means(measured: dict[str, Any]) -> dict[str, dict[int, float]]:
    """Mean accuracy over the seeds, by model and number of labels."""
    found: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for point in measured["digits"]:
        found[point["model"]][point["labels"]].append(point["accuracy"])
    return {
        model: {size: statistics.mean(values) for size, values in one.items()}
        for model, one in found.items()
    }


def digits_picture(measured: dict[str, Any]) -> str:
    """Accuracy over the number of labels, one line per model."""
    families = {point["model"]: point["family"] for point in measured["digits"]}
    left = {family: list(colours) for family, colours in COLOURS.items()}
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    for model, one in digits_means(measured).items():
        sizes = sorted(one)
        dashed = "-" if families[model] == "deep_learning" else "--"
        colour = left[families[model]].pop(0)
        values = [one[size] for size in sizes]
        axes.plot(sizes, values, dashed, marker="o", markersize=3, color=colour, label=model)
    axes.set_xscale("log")
    axes.set_xlabel("labels")
    axes.set_ylabel("test accuracy")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return svg(figure)


def tables(measured: dict[str, Any]) -> str:
    """The best classical candidate beside the best network, on every table."""
    rows = [_row(name, found) for name, found in measured["problems"].items()]
    header = ("table", "rows", "best classical", "best network", "lead of the classical one")
    return "\n\n".join(
        [
            "From [`python -m benchmarks fit`](fit.md#ucis-tables): the best of each family by log "
            "loss or RMSE, and the paired difference with its 95 % interval.",
            table(header, rows),
        ]
    )


def _row(name: str, found: dict[str, Any]) -> tuple[str, ...]:
    families = found["families"]
    lead = families["difference"]
    mean, low, high = lead["mean"], lead["low"], lead["high"]
    if lead["metric"] == "accuracy":
        shown = f"{100 * mean:.1f} points of accuracy ({100 * low:.1f} to {100 * high:.1f})"
    else:  # a lower error is better
        shown = f"{-mean:.3g} of RMSE ({-high:.3g} to {-low:.3g})"
    return (name, f"{found['rows']:,}", families["classical"], families["deep"], shown)
