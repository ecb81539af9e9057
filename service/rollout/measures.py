"""What two versions are compared by: an estimate with its interval, and what promotion allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from contract.messages import short
from contract.rollout import Rollout
from service.rollout.answers import MOST_SPREADS, Answers, latency_ratio, paired_latency_ratio
from service.rollout.sequence import Interval, Sums, difference, interval

State = Literal["met", "broken", "open", "not a condition"]
# Places of the quantities in a tally. What comes last depends on the kind of model.
ERRORS, LATENCY, AGREEMENT, CHANGE = 0, 1, 2, 3  # of a shadow
LEVEL, LABELS = 2, 3  # of each version of a canary


@dataclass(frozen=True)
class Measure:
    """One comparison.

    Attributes:
        name: of what is compared.
        sentence: the estimate and the condition in words.
        observations: requests behind it; of a canary, those of the version with fewer.
        interval: the estimate, with bounds that hold at any time.
        equal: the value that means no difference.
        smallest: least value that allows promotion; None if there is none.
        largest: greatest value that allows promotion; None if there is none.
    """

    name: str
    sentence: str
    observations: int
    interval: Interval
    equal: float
    smallest: float | None = None
    largest: float | None = None

    @property
    def real(self) -> bool:
        """True if the difference is not chance."""
        return not self.interval.low <= self.equal <= self.interval.high

    @property
    def state(self) -> State:
        """Whether the condition for promotion is met or broken for certain."""
        if self.smallest is None and self.largest is None:
            return "not a condition"
        least = float("-inf") if self.smallest is None else self.smallest
        most = float("inf") if self.largest is None else self.largest
        if self.interval.high < least or self.interval.low > most:
            return "broken"
        if least <= self.interval.low and self.interval.high <= most:
            return "met"
        return "open"


def shadow_quantities(answers: Answers) -> int:
    """How many quantities a shadow observes."""
    return CHANGE + (answers.has_confidence or answers.has_value)


def canary_quantities(answers: Answers) -> int:
    """How many quantities each version of a canary observes."""
    if answers.has_value:
        return LEVEL + 1
    return LABELS + len(answers.labels) if answers.labels else LEVEL


def shadow_measures(rollout: Rollout, answers: Answers, sums: Sequence[Sums]) -> list[Measure]:
    """The comparisons of a shadow, whose observations are of both versions on the same request."""
    alpha = rollout.alpha / len(sums)
    each = [interval(one, alpha) for one in sums]
    ratio = _mapped(each[LATENCY], paired_latency_ratio)
    found = [
        _agreement(rollout, sums[AGREEMENT].observations, each[AGREEMENT]),
        _errors(rollout, sums[ERRORS].observations, each[ERRORS]),
        _latency(rollout, sums[LATENCY].observations, ratio),
    ]
    if len(sums) > CHANGE:
        change = _mapped(each[CHANGE], lambda mean: 2 * mean - 1)
        about = _change if answers.has_value else _confidence
        found.append(about(rollout, sums[CHANGE].observations, change))
    return found


def canary_measures(
    rollout: Rollout, answers: Answers, stable: Sequence[Sums], candidate: Sequence[Sums]
) -> list[Measure]:
    """The comparisons of a canary, whose versions have answered different requests."""
    # Each difference is wrong only if an interval of one of the two versions is.
    measures = 2 + (answers.has_value or answers.has_confidence) + bool(answers.labels)
    alpha = rollout.alpha / measures / 2
    counts = [
        min(one.observations, other.observations)
        for one, other in zip(stable, candidate, strict=True)
    ]

    def compared(place: int, part: float) -> Interval:
        return difference(interval(stable[place], part), interval(candidate[place], part))

    found = [
        _errors(rollout, counts[ERRORS], compared(ERRORS, alpha)),
        _latency(rollout, counts[LATENCY], _mapped(compared(LATENCY, alpha), latency_ratio)),
    ]
    if answers.has_value:
        shift = _mapped(compared(LEVEL, alpha), lambda level: 2 * MOST_SPREADS * level)
        found.append(_shift(rollout, counts[LEVEL], shift))
    elif answers.has_confidence:
        found.append(_confidence(rollout, counts[LEVEL], compared(LEVEL, alpha)))
    if answers.labels:
        part = alpha / len(answers.labels)
        shares = [compared(LABELS + k, part) for k in range(len(answers.labels))]
        found.append(_labels(rollout, answers.labels, counts[LABELS], shares))
    return found


def _agreement(rollout: Rollout, n: int, found: Interval) -> Measure:
    share = _between("{:.2%}", found)
    sentence = (
        f"version {rollout.candidate} gives the same answer as version {rollout.stable} in {share} "
        f"of rows; promotion needs {rollout.min_agreement:.2%}"
    )
    return Measure("agreement", sentence, n, found, 1.0, smallest=rollout.min_agreement)


def _errors(rollout: Rollout, n: int, found: Interval) -> Measure:
    change = _between("{:+.2%}", found)
    bound = rollout.max_error_difference
    sentence = (
        f"the share of requests that fail is {change} with version {rollout.candidate}; promotion "
        f"allows {bound:+.2%}"
    )
    return Measure("errors", sentence, n, found, 0.0, largest=bound)


def _latency(rollout: Rollout, n: int, found: Interval) -> Measure:
    ratio, bound = _between("{:.2f}", found), rollout.max_latency_ratio
    sentence = (
        f"version {rollout.candidate} takes {ratio} times as long as version {rollout.stable}; "
        f"promotion allows {bound:.2f}"
    )
    return Measure("latency", sentence, n, found, 1.0, largest=bound)


def _confidence(rollout: Rollout, n: int, found: Interval) -> Measure:
    change = _between("{:+.3f}", found)
    sentence = f"the probability of the answer is {change} with version {rollout.candidate}"
    return Measure("confidence", sentence, n, found, 0.0)


def _change(rollout: Rollout, n: int, found: Interval) -> Measure:
    change = _between("{:+.3f}", found)
    sentence = f"the value is {change} standard deviations with version {rollout.candidate}"
    return Measure("value", sentence, n, found, 0.0)


def _shift(rollout: Rollout, n: int, found: Interval) -> Measure:
    bound = rollout.max_value_difference
    measure = _change(rollout, n, found)
    sentence = f"{measure.sentence}; promotion allows {-bound:.3f} to {bound:+.3f}"
    return replace(measure, sentence=sentence, smallest=-bound, largest=bound)


def _labels(rollout: Rollout, labels: Sequence[str], n: int, shares: Sequence[Interval]) -> Measure:
    """The largest difference of any label; its bounds hold if those of all labels do."""
    furthest = max(range(len(shares)), key=lambda k: abs(shares[k].value))
    found = Interval(
        abs(shares[furthest].value),
        max(max(0.0, one.low, -one.high) for one in shares),
        max(max(abs(one.low), abs(one.high)) for one in shares),
    )
    change, bound = _between("{:.2%}", found), rollout.max_label_share_difference
    sentence = (
        f"the share of label {short(labels[furthest])} changes most, by {change}; promotion allows "
        f"{bound:.2%} for any label"
    )
    return Measure("labels", sentence, n, found, 0.0, largest=bound)


def _mapped(found: Interval, scale: Callable[[float], float]) -> Interval:
    """The interval on another, rising scale."""
    return Interval(*map(scale, found))


def _between(form: str, found: Interval) -> str:
    value, low, high = map(form.format, found)
    return f"{value} (between {low} and {high})"
