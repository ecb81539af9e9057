"""The order of dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray


def order_of(texts: Sequence[str]) -> NDArray[np.float64] | None:
    """Seconds since 1970 of ISO 8601 dates and times; None if one is none.

    Other spellings are not guessed: 03/04/2024 is two days.
    """
    found = []
    for text in texts:
        try:
            moment = datetime.fromisoformat(f"{text}-01" if len(text) == 7 else text)
        except ValueError:
            return None
        found.append((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    return np.array(found)
