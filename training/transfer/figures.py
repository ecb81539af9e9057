"""What a comparison measured, as objects, as JSON, and in words."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Point:
    """One approach fitted on one draw.

    Attributes:
        labels: of a class.
        accuracy: on the test part.
        seconds: of choosing the settings and fitting.
        settings: those that were chosen.
    """

    approach: str
    labels: int
    seed: int
    accuracy: float
    seconds: float
    settings: dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """All points, and why some numbers of labels have none.

    Attributes:
        titles: of the approaches, by name.
        as_it_is: test accuracy of the source without any training; None where its labels are
            others.
        left_out: reason by number of labels.
    """

    titles: dict[str, str]
    points: tuple[Point, ...]
    as_it_is: float | None
    left_out: dict[int, str]
    interrupted: bool = False

    @property
    def sizes(self) -> list[int]:
        """Numbers of labels a class that were measured."""
        return sorted({point.labels for point in self.points})

    @property
    def seeds(self) -> int:
        """Draws of the labels."""
        return len({point.seed for point in self.points})

    def accuracies(self, approach: str, labels: int) -> list[float]:
        """Test accuracies of all seeds, in their order."""
        chosen = [p for p in self.points if (p.approach, p.labels) == (approach, labels)]
        return [point.accuracy for point in sorted(chosen, key=lambda point: point.seed)]

    def seconds(self, approach: str, labels: int) -> float:
        """Mean over the seeds."""
        chosen = [p for p in self.points if (p.approach, p.labels) == (approach, labels)]
        return statistics.mean(point.seconds for point in chosen)


def comparison_of(document: Mapping[str, Any]) -> Comparison:
    """A comparison read back from the JSON that `compare.document` wrote."""
    names = [field.name for field in fields(Point)]
    return Comparison(
        titles=dict(document["titles"]),
        points=tuple(Point(**{n: point[n] for n in names}) for point in document["points"]),
        as_it_is=document["source"]["accuracy_as_it_is"],
        left_out={int(labels): why for labels, why in document["left_out"].items()},
        interrupted=document["interrupted"],
    )


def spread(values: Sequence[float]) -> float:
    """Standard deviation over the seeds; 0 for one seed."""
    return statistics.stdev(values) if len(values) > 1 else 0.0


def shown(values: Sequence[float]) -> str:
    """Mean and standard deviation over the seeds; the value alone for one, a dash for none."""
    if len(values) < 2:
        return f"{values[0]:.3f}" if values else "-"
    return f"{statistics.mean(values):.3f} ± {spread(values):.3f}"
