"""The race of the CNN recipes: accuracy and time over several seeds, in one run.

`guide` is the guide's recipe, `sprint` the short schedule, `fast` the recipe of the committed
model. The recipes take turns, so that a slow phase of the machine affects all of them. After every
epoch the network is evaluated on the test set; this time is not counted, and nothing is learned or
chosen from it. Absolute seconds depend on the machine; the claims are ratios.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from rich.table import Table

from training import provenance
from training.accelerator import bfloat16_pays, cuda_name, matrix_units
from training.cnn import Fast, Guide
from training.datasets import Dataset
from training.fitted import Report, silent
from training.loop import fit

RECIPES: dict[str, Guide | Fast] = {"guide": Guide(), "sprint": Fast.sprint(), "fast": Fast()}
DOCUMENT_ACCURACY = 0.9921  # the guide's figure for its recipe (section 9)
FLOOR = 0.9950  # mean accuracy of `fast` over the seeds, on MNIST
SPRINT_TIME = 1 / 3  # time of `sprint`, as a share of `guide`'s


@dataclass(frozen=True)
class EpochResult:
    """Test accuracy after an epoch, and the training seconds until then."""

    seconds: float
    test_accuracy: float


@dataclass(frozen=True)
class Lap:
    """One run of one recipe with one seed."""

    recipe: str
    seed: int
    epochs: tuple[EpochResult, ...]

    @property
    def test_accuracy(self) -> float:
        """Test accuracy after the last epoch."""
        return self.epochs[-1].test_accuracy

    @property
    def seconds(self) -> float:
        """Seconds of the whole training."""
        return self.epochs[-1].seconds


@dataclass(frozen=True)
class Race:
    """All runs, and the device.

    Attributes:
        matrix_units: True if the device has matrix units; the bar on the time of `fast` binds only
            with them.
        precision: precision of `sprint` and `fast`; `guide` always runs in float32.
    """

    device: str
    matrix_units: bool
    precision: str
    laps: tuple[Lap, ...]

    def of(self, recipe: str) -> list[Lap]:
        """The laps of one recipe."""
        return [lap for lap in self.laps if lap.recipe == recipe]

    def mean_accuracy(self, recipe: str) -> float:
        """Mean test accuracy over the seeds."""
        return statistics.mean(lap.test_accuracy for lap in self.of(recipe))

    def mean_seconds(self, recipe: str) -> float:
        """Mean training seconds over the seeds."""
        return statistics.mean(lap.seconds for lap in self.of(recipe))

    def time_ratio(self, recipe: str) -> float:
        """Mean seconds of a recipe over those of `guide`."""
        return self.mean_seconds(recipe) / self.mean_seconds("guide")


@dataclass(frozen=True)
class Bar:
    """A limit on a mean over the seeds; a bar that does not bind is only reported."""

    recipe: str
    what: str
    measured: float
    relation: str
    limit: float
    binds: bool = True

    @property
    def held(self) -> bool:
        """True if the figure is on the right side of the limit."""
        if self.relation == "at least":
            return self.measured >= self.limit
        return self.measured <= self.limit

    def __str__(self) -> str:
        return (
            f"{self.recipe}: {self.what} {self.measured:.4f}, which must be {self.relation} "
            f"{self.limit:.4f}"
        )


def run(data: Dataset, seeds: Mapping[str, int], report: Report = silent) -> Race:
    """Run every seed of every recipe in turn; the seeds are 0, 1, 2, ...

    As in the guide, `guide` trains on all training images except the tenth that it holds out; the
    others train on the training split.

    Args:
        seeds: number of seeds by recipe.
    """
    rounds = range(max(seeds.values()))
    queue = [(recipe, seed) for seed in rounds for recipe in RECIPES if seed < seeds[recipe]]
    laps = []
    for done, (recipe, seed) in enumerate(queue):
        report(done, len(queue), f"{recipe}, seed {seed}")
        laps.append(_lap(recipe, seed, data))
    report(len(queue), len(queue), "")
    return Race(
        device=cuda_name() or provenance.processor(),
        matrix_units=matrix_units(),
        precision="bfloat16" if bfloat16_pays() else "float32",
        laps=tuple(laps),
    )


def _lap(recipe: str, seed: int, data: Dataset) -> Lap:
    split = data.train + data.validation if recipe == "guide" else data.train
    outcome = fit(RECIPES[recipe], split, seed=seed, watch=data.test)
    epochs = zip(outcome.elapsed, outcome.accuracies, strict=True)
    return Lap(recipe, seed, tuple(EpochResult(round(s, 2), accuracy) for s, accuracy in epochs))


def bars(race: Race) -> list[Bar]:
    """The bars for the recipes.

    `fast` must be as fast as `guide` only on machines with matrix units; without them, ten epochs
    of its larger network take longer, which is reported but is no failure.
    """
    accuracy, ratio = "mean test accuracy", "time as a share of guide's"
    return [
        Bar("sprint", accuracy, race.mean_accuracy("sprint"), "at least", DOCUMENT_ACCURACY),
        Bar("sprint", ratio, race.time_ratio("sprint"), "at most", SPRINT_TIME),
        Bar("fast", accuracy, race.mean_accuracy("fast"), "at least", FLOOR),
        Bar("fast", ratio, race.time_ratio("fast"), "at most", 1.0, binds=race.matrix_units),
    ]


def to_json(race: Race) -> str:
    """The race as JSON, with its summary and its bars."""
    summary = {
        recipe: {
            "mean_test_accuracy": race.mean_accuracy(recipe),
            "spread": statistics.pstdev(lap.test_accuracy for lap in race.of(recipe)),
            "mean_seconds": race.mean_seconds(recipe),
            "time_ratio": race.time_ratio(recipe),
        }
        for recipe in RECIPES
    }
    document = {
        **asdict(race),
        "summary": summary,
        "bars": [{**asdict(bar), "held": bar.held} for bar in bars(race)],
        "libraries": provenance.libraries(["torch"]),
    }
    return json.dumps(document, indent=2) + "\n"


def table(race: Race) -> Table:
    """The summary for a terminal."""
    drawn = Table("recipe", "seeds", "mean test accuracy", "each", "seconds", "of guide's")
    for recipe in RECIPES:
        laps = race.of(recipe)
        drawn.add_row(
            recipe,
            str(len(laps)),
            f"{race.mean_accuracy(recipe):.4f}",
            ", ".join(f"{lap.test_accuracy:.4f}" for lap in laps),
            f"{race.mean_seconds(recipe):.1f}",
            f"{race.time_ratio(recipe):.2f}",
        )
    drawn.caption = f"the document reports {DOCUMENT_ACCURACY} for guide ({race.device})"
    return drawn
