"""What the user asked for."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from training.errors import FitError
from training.fit.candidate import Task

Explain = Literal["required", "preferred", "not_needed"]
LEAST_BUDGET = 5.0
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# The longest name of a candidate follows the name and a hyphen.
LONGEST_NAME = 40


@dataclass(frozen=True)
class Options:
    """One fit.

    Attributes:
        budget: seconds for training and comparing.
        name: of the served model; the others have the candidate's name behind it.
        groups: columns whose equal values stay on one side of a split.
        time: column whose order decides the split: the test rows are the latest.
        text: column of free text to learn from alone.
        keep: columns that stay although they look like leaks or identifiers; drop: that do not.
        latency_ms, size_mb: most for one row and for the graph, of the model that is chosen.
        only: names of candidates; all that suit if empty.
    """

    file: Path
    target: str
    name: str
    out: Path = Path("models")
    budget: float = 120.0
    task: Task | None = None
    groups: tuple[str, ...] = ()
    time: str | None = None
    text: str | None = None
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    explain: Explain | None = None
    domain: str | None = None
    latency_ms: float | None = None
    size_mb: float | None = None
    only: tuple[str, ...] = ()
    seed: int = 42

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > LONGEST_NAME:
            raise FitError(
                f"--name {self.name!r} must be at most {LONGEST_NAME} lower-case letters, digits "
                "and single hyphens, for example churn"
            )
        if not LEAST_BUDGET <= self.budget < math.inf:
            raise FitError(f"--budget {self.budget:g} must be at least {LEAST_BUDGET:g} seconds")
        if self.explain is not None and self.explain not in get_args(Explain):
            raise FitError(
                f"--explain {self.explain!r} must be one of {', '.join(get_args(Explain))}"
            )
        for option, limit in (("--latency-ms", self.latency_ms), ("--size-mb", self.size_mb)):
            if limit is not None and not 0 < limit < math.inf:
                raise FitError(f"{option} {limit:g} must be above 0")
        if both := sorted(set(self.keep) & set(self.drop)):
            raise FitError(f"column {both[0]!r} is in --keep and in --drop; leave out one")


def default_name(file: Path) -> str:
    """A model's name from a file's: `Churn 2024.csv.gz` gives `churn-2024`."""
    stem = file.name.split(".")[0].lower()
    return "-".join(re.findall(r"[a-z0-9]+", stem))[:LONGEST_NAME].strip("-") or "model"
