"""The order of points in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray


def order_of(texts: Sequence[str]) -> NDArray[np.float64] | None:
    """Numbers as they are, or seconds since 1970 of ISO 8601 dates and times; None if neither.

    Other spellings are not guessed: 03/04/2024 is two days.
    """
    for read in (float, _seconds):
        try:
            return np.array([read(text) for text in texts], np.float64)
        except ValueError:
            continue
    return None


def _seconds(text: str) -> float:
    moment = datetime.fromisoformat(f"{text}-01" if len(text) == 7 else text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
