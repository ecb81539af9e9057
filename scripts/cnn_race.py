"""The race of the CNN recipes on docs/benchmarks.md: its section and its plot.

Both are generated from docs/results/cnn_race.json, which `make race` writes;
docs/results/cnn_race_gpu.json, the same race on a GPU, adds a table to the section.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.guide_tables import table
from scripts.svg import svg

TARGET = 0.9921  # the guide's figure for its recipe
COLOURS = {"guide": "#b0413e", "sprint": "#2a7f62", "fast": "#1f3a5f"}


@dataclass(frozen=True)
class EpochMean:
    """The accuracy of all seeds of a recipe after one epoch."""

    epoch: int
    seconds: float  # mean over the seeds
    accuracies: tuple[float, ...]  # on the test set, one per seed

    @property
    def mean(self) -> float:
        """Mean test accuracy over the seeds."""
        return statistics.mean(self.accuracies)


def epochs(race: dict[str, Any], recipe: str) -> list[EpochMean]:
    """A recipe's accuracy after each epoch."""
    runs = [lap["epochs"] for lap in race["laps"] if lap["recipe"] == recipe]
    return [
        EpochMean(
            epoch,
            statistics.mean(result["seconds"] for result in results),
            tuple(result["test_accuracy"] for result in results),
        )
        for epoch, results in enumerate(zip(*runs, strict=True), start=1)
    ]


def section(race: dict[str, Any], gpu: dict[str, Any]) -> list[str]:
    """The paragraphs of the section, from the race on a CPU and the one on a GPU."""
    summary = race["summary"]
    return [
        "## The CNN recipes",
        "`make race` trains the guide's recipe (`guide`), a short schedule (`sprint`: two epochs) "
        "and the recipe of the committed model (`fast`: the same network and settings for ten "
        f"epochs) in turn, with several seeds ({race['device']}). The guide reports {TARGET} for "
        "its recipe. The times are those of whole recipes: `guide` runs as written, in float32 "
        f"with PyTorch's default layout and Adam; the others run in {race['precision']}, "
        "channels-last, with a fused Adam. The guide's network would gain from these settings too; "
        "this race does not measure how much.",
        table(
            ("recipe", "seeds", "mean test accuracy", "each", "seconds", "of guide's"), _ends(race)
        ),
        f"`sprint` takes {summary['sprint']['time_ratio']:.2f} of the guide's time, `fast` "
        f"{summary['fast']['time_ratio']:.2f}. The command checks these bars:",
        table(("recipe", "mean over the seeds", "measured", "bar", "met"), _bars(race)),
        "![Test accuracy of the three recipes against training seconds](cnn_race.svg)",
        "Accuracy over time: means over the seeds, with the lowest and the highest seed. The test "
        "set is evaluated after each epoch outside the measured time, and nothing is learned or "
        "chosen from it. A recipe's learning rate falls until the end of its own schedule, so an "
        "early epoch of `fast` is not a finished model.",
        table(
            ("recipe", "epoch", "seconds", "mean", "lowest", "highest", "population SD"),
            _epochs(race),
        ),
        f"The same race on one {gpu['device']}:",
        table(
            ("recipe", "seeds", "mean test accuracy", "each", "seconds", "of guide's"), _ends(gpu)
        ),
        table(("recipe", "mean over the seeds", "measured", "bar", "met"), _bars(gpu)),
    ]


def _ends(race: dict[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for recipe, summary in race["summary"].items():
        last = epochs(race, recipe)[-1].accuracies
        rows.append(
            (
                f"`{recipe}`",
                str(len(last)),
                f"{summary['mean_test_accuracy']:.4f}",
                ", ".join(f"{accuracy:.4f}" for accuracy in last),
                f"{summary['mean_seconds']:.1f}",
                f"{summary['time_ratio']:.2f}",
            )
        )
    return rows


def _bars(race: dict[str, Any]) -> list[tuple[str, ...]]:
    def verdict(bar: dict[str, Any]) -> str:
        if bar["held"]:
            return "yes"
        return "no" if bar["binds"] else "no; required only with matrix units"

    return [
        (
            f"`{bar['recipe']}`",
            bar["what"].removeprefix("mean "),
            f"{bar['measured']:.4f}",
            f"{bar['relation']} {bar['limit']:.4f}",
            verdict(bar),
        )
        for bar in race["bars"]
    ]


def _epochs(race: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            f"`{recipe}`",
            str(one.epoch),
            f"{one.seconds:.1f}",
            f"{one.mean:.4f}",
            f"{min(one.accuracies):.4f}",
            f"{max(one.accuracies):.4f}",
            f"{statistics.pstdev(one.accuracies):.4f}",
        )
        for recipe in race["summary"]
        for one in epochs(race, recipe)
    ]


def picture(race: dict[str, Any]) -> str:
    """Test accuracy against training seconds, as SVG."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for recipe in race["summary"]:
        _draw(axes, recipe, epochs(race, recipe))
    limit = race["summary"]["guide"]["mean_seconds"] / 3
    axes.axhline(TARGET, color="grey", linestyle="--", linewidth=0.8)
    axes.axvline(limit, color="grey", linestyle="--", linewidth=0.8)
    axes.annotate(f"{TARGET}", (axes.get_xlim()[1], TARGET), ha="right", va="bottom", fontsize=8)
    axes.annotate("a third of guide's time", (limit, 0.97), rotation=90, ha="right", fontsize=8)
    axes.set_ylim(0.968, 0.998)
    axes.set_xlabel("training seconds")
    axes.set_ylabel("test accuracy")
    axes.grid(alpha=0.2)
    axes.legend(loc="lower right", fontsize=8)
    return svg(figure)


def _draw(axes: Axes, recipe: str, line: list[EpochMean]) -> None:
    seconds = [one.seconds for one in line]
    colour, seeds = COLOURS[recipe], len(line[0].accuracies)
    axes.plot(
        seconds, [one.mean for one in line], marker="o", markersize=4, color=colour,
        label=f"{recipe}, mean of {seeds} seed{'s' * (seeds > 1)}",
    )  # fmt: skip
    axes.fill_between(
        seconds,
        [min(one.accuracies) for one in line],
        [max(one.accuracies) for one in line],
        color=colour, alpha=0.2, linewidth=0,
    )  # fmt: skip
