"""The candidates over the splits, within the budget.

The first split has every candidate, and gives the models that are served: what is served is what
was measured. As many more splits follow as the budget allows; they tell how far the figures can be
trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contract.manifest import Family
from training.fit import scores
from training.fit.candidate import Candidate, Data, Learned, Scores
from training.fit.clock import Clock
from training.fit.predictor import Blend, Calibrated, Predictor, half_width
from training.fit.problem import Problem
from training.fit.scores import Figures
from training.fit.splits import Split, by_groups, by_time

BLEND = "blend"
# The share of the budget for the first split, whose models are served.
FIRST = 0.85
# Told after each step: what was done, and the seconds left.
Report = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class Run:
    """A candidate on one split."""

    figures: Figures
    seconds: float


@dataclass(eq=False)
class Entrant:
    """A candidate and what became of it.

    Attributes:
        predictor: of the first split. learned: the fitted candidate in it; None for a blend.
        runs: by number of the split.
        failed: why it could not be fitted.
    """

    name: str
    title: str
    algorithm: str
    family: Family | None
    clarity: str
    predictor: Predictor | None = None
    learned: Learned | None = None
    half_width: float | None = None
    runs: dict[int, Run] = field(default_factory=dict)
    failed: str | None = None
    members: tuple[str, ...] = ()

    @property
    def model(self) -> Predictor:
        """The predictor of the first split.

        Raises:
            LookupError: it has none.
        """
        if self.predictor is None:
            raise LookupError(f"{self.name} was not fitted")
        return self.predictor

    @property
    def seconds(self) -> float:
        """Seconds to fit on the first split."""
        return self.runs[0].seconds


@dataclass(frozen=True, eq=False)
class Comparison:
    """entrants: in the order of the catalogue, the blend last; those that failed have no run.

    baseline: of each split, what no column tells. splits: those of which every entrant has a run.
    draws: int64 [rows of the problem], equal for rows that count as one draw. interrupted: whether
    the user stopped it.
    """

    entrants: tuple[Entrant, ...]
    baseline: tuple[Figures, ...]
    splits: tuple[Split, ...]
    draws: NDArray[np.int64]
    interrupted: bool

    def fitted(self) -> tuple[Entrant, ...]:
        """Those that have a model."""
        return tuple(entrant for entrant in self.entrants if 0 in entrant.runs)

    def reference(self) -> Entrant:
        """The baseline as a candidate."""
        runs = {n: Run(figures, 0.0) for n, figures in enumerate(self.baseline)}
        return Entrant("baseline", "Baseline", "baseline", None, "opaque", runs=runs)

    def tested(self, numbers: Sequence[int]) -> NDArray[np.int64]:
        """The draws of the test rows of some splits, one split after the other."""
        return np.concatenate([self.draws[self.splits[n].test] for n in numbers])


def compare(
    problem: Problem, candidates: Sequence[Candidate], clock: Clock, seed: int, report: Report
) -> Comparison:
    """Fit and measure; Ctrl+C ends it early and keeps what is done."""
    race = _Race(problem, candidates, clock, seed, report)
    interrupted = False
    try:
        race.run()
    except KeyboardInterrupt:
        interrupted = True
    return race.result(interrupted=interrupted)


class _Race:
    def __init__(
        self,
        problem: Problem,
        candidates: Sequence[Candidate],
        clock: Clock,
        seed: int,
        report: Report,
    ) -> None:
        self._problem, self._clock, self._seed, self._report = problem, clock, seed, report
        self._candidates = {candidate.name: candidate for candidate in candidates}
        self._entrants = {
            c.name: Entrant(c.name, c.title, c.algorithm, c.family, c.clarity) for c in candidates
        }
        self._splits: list[Split] = []
        self._allowances: dict[str, float] = {}
        self._baseline: list[Figures] = []

    def run(self) -> None:
        """All splits that fit into the budget."""
        for number, split in enumerate(splits_of(self._problem, self._seed)):
            if number and not self._has_time():
                return
            self._split(number, split)

    def result(self, *, interrupted: bool) -> Comparison:
        """What was measured; an unfinished later split does not count."""
        fitted = [e for e in self._entrants.values() if 0 in e.runs]
        complete = [
            n for n in range(len(self._splits)) if n == 0 or all(n in e.runs for e in fitted)
        ]
        for entrant in fitted:
            # Numbered anew: a split in between may be missing.
            entrant.runs = {i: entrant.runs[n] for i, n in enumerate(complete) if n in entrant.runs}
        return Comparison(
            tuple(self._entrants.values()),
            tuple(self._baseline[n] for n in complete if n < len(self._baseline)),
            tuple(self._splits[n] for n in complete),
            self._problem.draws,
            interrupted,
        )

    def _has_time(self) -> bool:
        """Whether one more split will be done in time, at the pace of the last."""
        last = len(self._splits) - 1
        took = sum(
            self._entrants[name].runs[last].seconds
            for name in self._candidates
            if last in self._entrants[name].runs
        )
        return self._clock.left > 1.1 * took

    def _split(self, number: int, split: Split) -> None:
        problem = self._problem
        data = problem.kind.prepare(
            problem.rows, problem.target, len(problem.labels), split.train, split.validation
        )
        self._splits.append(split)
        self._baseline.append(self._measure(_baseline(data, len(split.test)), split, None))
        fitted: dict[str, Predictor] = {}
        entering = [n for n, e in self._entrants.items() if n in self._candidates and not e.failed]
        for name in entering:
            self._report(f"split {number + 1}: {name}", self._clock.left)
            predictor = self._enter(number, split, data, name, entering)
            if predictor is not None:
                fitted[name] = predictor
        self._blend(number, split, data, fitted)

    def _enter(
        self, number: int, split: Split, data: Data, name: str, entering: Sequence[str]
    ) -> Predictor | None:
        """Fit one candidate and measure it; None if it failed."""
        entrant, clock = self._entrants[name], Clock(0)
        try:
            learned = self._candidates[name].learner(
                data, seed=self._seed + number, seconds=self._allowed(number, name, entering)
            )
            predictor = Calibrated.of(learned, data)
            self._record(number, split, data, entrant, predictor, learned, clock)
        except Exception as error:
            # A library may refuse in any way what others can learn from; the others go on.
            if number == 0:
                entrant.failed = str(error).partition("\n")[0] or type(error).__name__
            return None
        return predictor

    def _record(
        self,
        number: int,
        split: Split,
        data: Data,
        entrant: Entrant,
        predictor: Predictor,
        learned: Learned | None,
        clock: Clock,
    ) -> None:
        width = None
        if not data.n_classes:
            width = half_width(predictor.validation, data.validation.target)
        predictions = predictor.predict(self._problem.rows.take(split.test))
        if not np.isfinite(predictions).all():
            raise ValueError("its answers are not finite")
        if number == 0:
            entrant.predictor, entrant.learned = predictor, learned
            entrant.half_width = width
        figures = self._measure(predictions, split, width)
        entrant.runs[number] = Run(figures, clock.elapsed)

    def _allowed(self, number: int, name: str, entering: Sequence[str]) -> float:
        """Seconds for one candidate: its share of what is left for the first split.

        Later splits allow the same, so that they measure models that are tuned alike.
        """
        if number:
            return self._allowances[name]
        later = entering[entering.index(name) :]
        total = sum(self._candidates[other].share for other in later)
        left = self._clock.budget * FIRST - self._clock.elapsed
        self._allowances[name] = max(0.5, left * self._candidates[name].share / total)
        return self._allowances[name]

    def _blend(self, number: int, split: Split, data: Data, fitted: dict[str, Predictor]) -> None:
        """The mean of the best trees and the best network of the first split."""
        if number == 0:
            best = _best_of_both(fitted, self._candidates, data)
            if best is None:
                return
            self._entrants[BLEND] = Entrant(
                BLEND, f"Mean of {best[0]} and {best[1]}", BLEND, None, "opaque", members=best
            )
        entrant = self._entrants.get(BLEND)
        if entrant is None or not all(name in fitted for name in entrant.members):
            return
        one, other = (fitted[name] for name in entrant.members)
        self._record(number, split, data, entrant, Blend(one, other), None, Clock(0))
        # It needs both parts, though neither is fitted again.
        both = sum(self._entrants[name].runs[number].seconds for name in entrant.members)
        entrant.runs[number] = Run(entrant.runs[number].figures, both)

    def _measure(self, predictions: Scores, split: Split, width: float | None) -> Figures:
        target = self._problem.target[split.test]
        if self._problem.labels:
            return scores.classification(predictions, target, self._problem.rarest)
        return scores.regression(predictions, target, width)


def splits_of(problem: Problem, seed: int) -> Iterator[Split]:
    """The splits of a problem, the served one first."""
    if problem.time is not None:
        return by_time(problem.time, problem.groups)
    return by_groups(problem.groups, problem.target, seed, discrete=bool(problem.labels))


def _baseline(data: Data, rows: int) -> Scores:
    """The classes' shares, or the mean, for every row."""
    target = data.both.target
    if data.n_classes:
        shares = np.bincount(target, minlength=data.n_classes) / len(target)
        return np.tile(shares, (rows, 1))
    return np.full((rows, 1), float(np.mean(target)))


def _best_of_both(
    fitted: dict[str, Predictor], candidates: dict[str, Candidate], data: Data
) -> tuple[str, str] | None:
    """The best classical and the best deep candidate on the validation rows."""

    def best(family: str) -> str | None:
        errors = {
            name: _validation_error(predictor, data)
            for name, predictor in fitted.items()
            if candidates[name].family == family
        }
        return min(errors, key=lambda name: errors[name]) if errors else None

    classical, deep = best("classical_ml"), best("deep_learning")
    return (classical, deep) if classical is not None and deep is not None else None


def _validation_error(predictor: Predictor, data: Data) -> float:
    target = data.validation.target
    if data.n_classes:
        return float(scores.classification(predictor.validation, target).losses.mean())
    return float(scores.regression(predictor.validation, target).losses.mean())
