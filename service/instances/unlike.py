"""Images unlike anything that a model was trained on, told by their brightness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contract.brightness import Brightness, Totals
from contract.seen import ImageRange, Range
from service.instances.spec import ImageSpec


@dataclass(frozen=True)
class Unlike:
    """An image of a batch, and how it differs: a phrase that completes a sentence about it."""

    index: int
    reason: str

    def sentence(self, where: str) -> str:
        """The warning for a client; `where` names the image: `instances[0]`."""
        return f"{where} {self.reason}"


class TrainingRange:
    """Compares images with the range that training saw. Safe to call from several threads.

    Args:
        seen: the range, from the manifest.
        spec: the model's images.
    """

    def __init__(self, seen: ImageRange, spec: ImageSpec) -> None:
        self._seen = seen
        self._brightness = Brightness(spec.row, spec.layout)
        self._advice = f'; send "fit": "{spec.fit}"' if spec.is_mnist else ""
        # Ranges of sums, which are cheaper to compare than means.
        self._border = _scaled(seen.border_mean, self._brightness.border_values)
        self._all = _scaled(seen.mean, self._brightness.values)
        self._maximum = _scaled(seen.maximum, 1)

    def unlike(self, images: NDArray[np.uint8]) -> list[Unlike]:
        """Which images [n, *row] are outside the range, each with its first reason."""
        border_low, border_high = self._border
        all_low, all_high = self._all
        maximum_low, maximum_high = self._maximum
        found = []
        for i, totals in enumerate(self._brightness.totals(images)):
            border, everything, maximum = totals
            if not (
                border_low <= border <= border_high
                and all_low <= everything <= all_high
                and maximum_low <= maximum <= maximum_high
            ):
                found.append(Unlike(i, self._reason(totals)))
        return found

    def _reason(self, totals: Totals) -> str:
        seen, mean = self._seen, totals.all / self._brightness.values
        maximum = totals.maximum
        if not _within(totals.border, self._border):
            border_mean = totals.border / self._brightness.border_values
            what = _of_border(border_mean, mean, seen.border_mean)
            figure, limits = f"border mean {border_mean:.3g}", seen.border_mean
        elif not _within(maximum, self._maximum):
            what = "is faint" if maximum < seen.maximum.low else "has bright pixels"
            figure, limits = f"brightest pixel {maximum}", seen.maximum
        else:
            what = "is nearly empty" if mean < seen.mean.low else "is bright all over"
            figure, limits = f"mean {mean:.3g}", seen.mean
        expected = f"expected {limits.low:g} to {limits.high:g}"
        return f"{what} ({figure}, {expected} as in training){self._advice}"


def _of_border(border: float, mean: float, seen: Range) -> str:
    if border < seen.low:
        return "is light on dark" if border < mean else "has a dark border"
    return "is dark on light" if border > mean else "has a light border"


def _within(value: int, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _scaled(limits: Range, count: int) -> tuple[float, float]:
    return limits.low * count, limits.high * count
