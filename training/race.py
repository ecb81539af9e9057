"""The race of the two CNN recipes: accuracy and time over several seeds, in one run.

The runs take turns, so that a slow minute of the machine hits both. Absolute seconds belong to
the machine; their ratio is the claim.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass

from rich.table import Table

from training import provenance
from training.accelerator import cuda_name
from training.cnn import Fast, Guide, fit
from training.datasets import Dataset
from training.fitted import Report, silent

DOCUMENT_ACCURACY = 0.9921  # what the guide reports for its recipe (section 9)
FLOOR = 0.9950  # of the mean over the seeds of `fast`, on MNIST


@dataclass(frozen=True)
class Lap:
    """One run of one recipe."""

    recipe: str
    seed: int
    test_accuracy: float
    seconds: float


@dataclass(frozen=True)
class Race:
    """All runs, and what they ran on."""

    device: str
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

    @property
    def time_ratio(self) -> float:
        """Seconds of `fast` over seconds of `guide`."""
        return self.mean_seconds("fast") / self.mean_seconds("guide")


def run(data: Dataset, guide_seeds: int, fast_seeds: int, report: Report = silent) -> Race:
    """Run every seed of both recipes; the seeds are 0, 1, 2, ...

    `guide` trains as the document does, on all training images less its own tenth; `fast` on
    the training split alone.
    """
    queue: list[tuple[str, int]] = []
    for seed in range(max(guide_seeds, fast_seeds)):
        queue += [("guide", seed)] * (seed < guide_seeds) + [("fast", seed)] * (seed < fast_seeds)
    laps = []
    for done, (recipe, seed) in enumerate(queue):
        report(done, len(queue), f"{recipe}, seed {seed}")
        laps.append(_lap(recipe, seed, data))
    report(len(queue), len(queue), "")
    return Race(cuda_name() or provenance.processor(), tuple(laps))


def _lap(recipe: str, seed: int, data: Dataset) -> Lap:
    settings = Guide() if recipe == "guide" else Fast()
    split = data.train + data.validation if recipe == "guide" else data.train
    outcome = fit(settings, split, seed=seed)
    guesses = outcome.scores(data.test.images).argmax(axis=1)
    accuracy = float((guesses == data.test.labels).mean())
    return Lap(recipe, seed, accuracy, round(outcome.seconds, 2))


def lost(race: Race) -> str | None:
    """Why `fast` may not ship, or None: it must be accurate enough and no slower than `guide`."""
    if race.mean_accuracy("fast") < FLOOR:
        return f"the mean accuracy of fast is {race.mean_accuracy('fast'):.4f}, below {FLOOR}"
    if race.time_ratio > 1:
        return f"fast takes {race.time_ratio:.2f} of guide's time, which must not exceed 1"
    return None


def to_json(race: Race) -> str:
    """The race as JSON, with its summary."""
    summary = {
        recipe: {
            "mean_test_accuracy": race.mean_accuracy(recipe),
            "spread": statistics.pstdev(lap.test_accuracy for lap in race.of(recipe)),
            "mean_seconds": race.mean_seconds(recipe),
        }
        for recipe in ("guide", "fast")
    }
    document = {
        **asdict(race),
        "summary": summary,
        "time_ratio": race.time_ratio,
        "libraries": provenance.libraries(["torch"]),
    }
    return json.dumps(document, indent=2) + "\n"


def table(race: Race) -> Table:
    """The summary for a terminal."""
    drawn = Table("recipe", "seeds", "mean test accuracy", "each", "seconds")
    for recipe in ("guide", "fast"):
        laps = race.of(recipe)
        drawn.add_row(
            recipe,
            str(len(laps)),
            f"{race.mean_accuracy(recipe):.4f}",
            ", ".join(f"{lap.test_accuracy:.4f}" for lap in laps),
            f"{race.mean_seconds(recipe):.1f}",
        )
    drawn.caption = (
        f"the document reports {DOCUMENT_ACCURACY}; fast takes {race.time_ratio:.2f} of "
        f"guide's time ({race.device})"
    )
    return drawn
