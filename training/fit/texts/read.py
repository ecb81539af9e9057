"""Which column of text is learnt from, and its rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.errors import FitError
from training.fit.texts.inputs import Texts
from training.fit.texts.words import Splitter

ALONE = "a model of text learns from the text alone"


def only_text(features: Sequence[str], free: Sequence[str]) -> str | None:
    """The column of free text, if there is nothing else to learn from.

    Args:
        features: columns that a table would learn from.
        free: columns of free text that no option leaves out.

    Raises:
        FitError: several columns of free text, and nothing else.
    """
    if features or not free:
        return None
    if len(free) > 1:
        listed = ", ".join(map(repr, free))
        raise FitError(
            f"columns {listed} hold free text, and a model learns from one; name it with --text"
        )
    return free[0]


def texts_of(
    column: str, codes: NDArray[np.int32], categories: Sequence[str], rows: NDArray[np.intp]
) -> Texts:
    """Some rows of a column; a missing text is the empty string."""
    return Texts(column, np.array([*categories, ""], object)[codes[rows]])


def text_twins(rows: Texts) -> NDArray[np.int64]:
    """A number per row, equal where the words are equal but for the case of letters."""
    splitter = Splitter()
    known: dict[str, int] = {}
    keys = (" ".join(splitter.words(str(text))).lower() for text in rows.texts)
    return np.array([known.setdefault(key, len(known)) for key in keys], np.int64)
