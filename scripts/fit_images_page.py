"""Accuracy by labels a class on docs/fit-images.md, from docs/results/fit_images.json."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from scripts.guide_tables import table
from scripts.svg import svg

_TITLES = {
    "backbone": "frozen backbone",
    "forest": "forest on pixels",
    "cnn": "CNN from scratch",
}
_COLOURS = {"backbone": "#0072b2", "forest": "#d55e00", "cnn": "#009e73"}


def section(measured: dict[str, Any]) -> str:
    """The tables, and whether the backbone leads with the fewest labels."""
    parts = [
        f"`python -m benchmarks fit-images`: mean and standard deviation of {measured['seeds']} "
        f"seeds, each with labels and test images of its own; {measured['seconds']:g} s at most "
        f"for a network from scratch, {measured['cores']} cores of {measured['processor']}. A "
        "sixth of the labels chooses and calibrates.",
        "![Accuracy by labels a class](fit_images.svg)",
    ]
    for found in measured["sets"].values():
        parts += [f"### {found['title']}", _about(found), _accuracies(found), _bar(found["bar"])]
    return "\n\n".join(parts)


def _about(found: dict[str, Any]) -> str:
    height, width, *channels = found["size"]
    return (
        f"{len(found['classes'])} classes ({', '.join(found['classes'])}) of Debian's package "
        f"`{found['package']}`: {'RGB' if channels else 'grey'} images of {width}x{height}, "
        f"{found['tested']} of them for testing."
    )


def _accuracies(found: dict[str, Any]) -> str:
    names = [name for name in _TITLES if name in next(iter(found["runs"].values()))]
    header = ("labels a class", *(_TITLES[name] for name in names))
    rows = [
        (labels, *(_cell([run["accuracy"] for run in runs[name]]) for name in names))
        for labels, runs in found["runs"].items()
    ]
    return table(header, rows)


def _cell(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"


def _bar(bar: dict[str, Any]) -> str:
    who = _TITLES[bar["rival"]]
    verb = "leads" if bar["reached"] else "does not lead"
    return (
        f"With {bar['labels']} labels a class the frozen backbone {verb}: {bar['backbone']:.3f} "
        f"against {bar['theirs']:.3f} of the {who}."
    )


def picture(measured: dict[str, Any]) -> str:
    """Accuracy against labels a class, one panel a set, as SVG."""
    sets = list(measured["sets"].values())
    with mpl.rc_context({"font.size": 9}):
        figure = Figure(figsize=(8, 3.2), layout="constrained")
        for axes, found in zip(figure.subplots(1, len(sets), squeeze=False)[0], sets, strict=True):
            _panel(axes, found)
        return svg(figure)


def _panel(axes: Any, found: dict[str, Any]) -> None:
    labels = [int(n) for n in found["runs"]]
    for name, title in _TITLES.items():
        values = [[run["accuracy"] for run in runs[name]] for runs in found["runs"].values()]
        axes.errorbar(
            labels,
            [np.mean(v) for v in values],
            yerr=[np.std(v, ddof=1) for v in values],
            label=title, color=_COLOURS[name], marker="o", capsize=3,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xticks(labels, [str(n) for n in labels])
    axes.minorticks_off()
    axes.set_title(f"{found['title']}, {len(found['classes'])} classes")
    axes.set_xlabel("labels a class")
    axes.set_ylabel("test accuracy")
    axes.legend(frameon=False)
