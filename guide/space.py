"""Facts as bit masks, as far as the rules can tell values apart.

Values of a fact that no condition tells apart share a bucket. A fact mask holds one bit mask per
fact: the buckets that are possible. A stated fact has one bit, an unknown one has all. Two `and`s
then tell whether a condition is true, false or unknown (Kleene, Introduction to Metamathematics,
1952, section 64), and every question about the rules is a small, exact enumeration.

There are never more labelled examples than examples, so one count bounds the other: `ordered`
narrows both masks before conditions read them. A fact mask itself holds only what was stated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, product
from typing import Any

from guide.buckets import Bucket, Integers, Reals
from guide.conditions import Condition
from guide.facts import CHOICES, COUNTS, INTEGERS, MODALITIES, NAMES, REALS, Facts

FactMask = tuple[int, ...]

_ROWS, _LABELLED = (NAMES.index(name) for name in COUNTS)


class Space:
    """The buckets that a set of conditions makes, and the fact masks over them."""

    def __init__(self, conditions: Iterable[Condition]) -> None:
        found = tuple(dict.fromkeys((c.fact, c.operator, _frozen(c.operand)) for c in conditions))
        self._conditions = [Condition(*parts) for parts in found]
        self.buckets: dict[str, tuple[Bucket, ...]] = {name: self._buckets(name) for name in NAMES}
        self.unknown: FactMask = tuple((1 << len(self.buckets[name])) - 1 for name in NAMES)

    def fact_mask(self, facts: Facts) -> FactMask:
        """The masks of these facts."""
        changed = list(self.unknown)
        for name, value in facts.known().items():
            changed[NAMES.index(name)] = 1 << self._index(name, value)
        return tuple(changed)

    def mask(self, condition: Condition) -> tuple[int, int]:
        """The index of a condition's fact, and the mask of the buckets in which it is true."""
        buckets = self.buckets[condition.fact]
        bits = sum(1 << b for b, bucket in enumerate(buckets) if condition.holds(bucket.probe))
        return NAMES.index(condition.fact), bits

    def completions(self, masks: FactMask, facts: Sequence[int]) -> Iterator[FactMask]:
        """Every consistent mask that states these facts, by index, and keeps the others.

        The last of these facts varies fastest.
        """
        choices = [list(bits(masks[fact])) for fact in facts]
        for chosen in product(*choices):
            changed = list(masks)
            for fact, mask in zip(facts, chosen, strict=True):
                changed[fact] = mask
            if consistent(changed):
                yield tuple(changed)

    def _index(self, name: str, value: Any) -> int:
        buckets = self.buckets[name]
        if buckets[0].is_range:
            return max(b for b, bucket in enumerate(buckets) if bucket.values[0] <= value)
        key = tuple(value) if name == "modalities" else value
        return next(b for b, bucket in enumerate(buckets) if key in bucket.values)

    def _buckets(self, name: str) -> tuple[Bucket, ...]:
        if name in COUNTS:
            # Both counts have the same cuts, because each bounds the other.
            return self._integers(COUNTS, 0)
        if name in INTEGERS:
            return self._integers((name,), INTEGERS[name])
        if name in REALS:
            return self._reals(name)
        universe = _subsets() if name == "modalities" else CHOICES[name]
        mine = [c for c in self._conditions if c.fact == name]
        groups: dict[tuple[bool, ...], list[Any]] = {}
        for value in universe:
            groups.setdefault(tuple(c.holds(value) for c in mine), []).append(value)
        return tuple(Bucket(tuple(values)) for values in groups.values())

    def _integers(self, names: Sequence[str], least: int) -> tuple[Bucket, ...]:
        cuts = {
            c.threshold + (c.operator in ("le", "gt"))
            for c in self._conditions
            if c.fact in names and c.threshold is not None
        }
        starts = sorted({least} | {cut for cut in cuts if cut > least})
        ends = [start - 1 for start in starts[1:]] + [None]
        return tuple(Integers(pair) for pair in zip(starts, ends, strict=True))

    def _reals(self, name: str) -> tuple[Bucket, ...]:
        cuts = {c.threshold for c in self._conditions if c.fact == name and c.threshold is not None}
        starts = sorted({0.0} | cuts)
        return tuple(Reals(pair) for pair in zip(starts, [*starts[1:], None], strict=True))


def ordered(masks: Sequence[int]) -> FactMask:
    """Narrow each count by the other; both masks are zero if the counts contradict."""
    rows, labelled = masks[_ROWS], masks[_LABELLED]
    rows &= -(labelled & -labelled)  # at least as many rows as the fewest labelled
    labelled &= (1 << rows.bit_length()) - 1
    if rows == masks[_ROWS] and labelled == masks[_LABELLED]:
        return tuple(masks)
    changed = list(masks)
    changed[_ROWS], changed[_LABELLED] = rows, labelled
    return tuple(changed)


def consistent(masks: Sequence[int]) -> bool:
    """Whether there can be at least as many rows as labelled ones."""
    return masks[_ROWS].bit_length() >= (masks[_LABELLED] & -masks[_LABELLED]).bit_length()


def bits(mask: int) -> Iterator[int]:
    """The single bits of a mask, lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest
        mask ^= lowest


def _subsets() -> list[tuple[str, ...]]:
    sizes = range(1, len(MODALITIES) + 1)
    return [subset for size in sizes for subset in combinations(MODALITIES, size)]


def _frozen(operand: Any) -> Any:
    return tuple(operand) if isinstance(operand, list) else operand
