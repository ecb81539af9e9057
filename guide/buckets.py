"""Values of a fact that the rules treat alike, and how to speak of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Bucket:
    """Values of one fact that all conditions treat alike: a finite set of them."""

    values: tuple[Any, ...]
    is_range = False

    @property
    def probe(self) -> Any:
        """One of the values; conditions cannot tell which."""
        return self.values[0]

    def nearest(self, value: Any) -> Any:
        """The value in the bucket nearest to this one, or the first of equally near ones."""
        if value is None or not isinstance(self.values[0], tuple):
            return _plain(self.values[0])
        return list(min(self.values, key=lambda v: len(set(v) ^ set(value))))

    @cached_property
    def text(self) -> str:
        """The bucket in words."""
        # For sets of modalities, naming the smallest sets is enough.
        size = min(map(_size, self.values))
        smallest = [v for v in self.values if _size(v) == size]
        if size == 2 and len({v[0] for v in smallest}) == 1:
            return f"{smallest[0][0]} with {' or '.join(v[1] for v in smallest)}"
        return " or ".join(map(_text, smallest))


@dataclass(frozen=True)
class Integers(Bucket):
    """Whole numbers from the first of `values` to the second; None is unbounded."""

    is_range = True

    def nearest(self, value: Any) -> Any:
        """The number in the range nearest to this one; a boundary if there is none."""
        low, high = self.values
        if value is None:
            # Take the boundary: 999 is a better example of "fewer than 1,000" than 0 is.
            return high if low <= 1 and high is not None else low
        return low if value < low else high

    @cached_property
    def text(self) -> str:
        """The range in words."""
        low, high = self.values
        if high is None:
            return "any number" if low == 0 else f"at least {low:,}"
        if low == high:
            return f"{low:,}"
        return f"at most {high:,}" if low == 0 else f"{low:,} to {high:,}"


@dataclass(frozen=True)
class Reals(Bucket):
    """Numbers from the first of `values` to below the second; 0 and None are unbounded."""

    is_range = True

    def nearest(self, value: Any) -> Any:
        """The number in the range nearest to this one; a boundary if there is none."""
        low, high = self.values
        upwards = low > 0 if value is None else value < low
        return low if upwards or high is None else _below(high, low)

    @cached_property
    def text(self) -> str:
        """The range in words."""
        low, high = self.values
        if high is None:
            return "any number" if low == 0 else f"at least {low:g}"
        return f"under {high:g}" if low == 0 else f"{low:g} to under {high:g}"


def joined(buckets: Sequence[Bucket]) -> list[Bucket]:
    """Buckets of one fact, in order, with adjacent ranges made one."""
    found = list(buckets[:1])
    for bucket in buckets[1:]:
        last = found[-1]
        if not bucket.is_range or not _adjacent(last, bucket):
            found.append(bucket)
        else:
            found[-1] = type(bucket)((last.values[0], bucket.values[1]))
    return found


def _adjacent(low: Bucket, high: Bucket) -> bool:
    gap = 1 if isinstance(low, Integers) else 0
    return bool(low.values[1] is not None and low.values[1] + gap == high.values[0])


def _below(high: float, low: float) -> float:
    """A number of two digits just below `high`, if that is not below `low`."""
    digits = 1 - math.floor(math.log10(high))
    found = round(round(high, digits) - 10**-digits, digits)
    return found if low <= found < high and found > 0 else (low + high) / 2


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _size(value: Any) -> int:
    return len(value) if isinstance(value, tuple) else 0


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return " with ".join(value) if isinstance(value, tuple) else str(value)
