"""Every threshold that turns columns into facts, with its reason.

`docs/profile.md` is generated from this table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def _number(value: Any, reason: str) -> Any:
    return field(default=value, metadata={"reason": reason})


@dataclass(frozen=True)
class Thresholds:
    """Shares are from 0 to 1, of the cells that hold a value unless the reason says otherwise."""

    min_rows: int = _number(
        20,
        "Rows below which neither cleanliness nor identity by distinct values is judged: in a "
        "handful of rows every column looks unique.",
    )
    kind_share: float = _number(
        0.95,
        "Share of values that must look like numbers, dates or image paths for the column to be "
        "one of those: a few stray marks do not make a measurement a category.",
    )
    identifier_distinct: float = _number(
        0.95,
        "Distinct share from which a column of short texts is an identifier: names and codes "
        "repeat now and then, categories repeat all the time.",
    )
    free_text_words: float = _number(
        5.0,
        "Mean words per cell from which text is free text: names and addresses have three or "
        "four, a sentence has more. Two characters of a script without spaces count as a word.",
    )
    free_text_distinct: float = _number(
        0.2,
        "Distinct share from which long texts are free text and not long category names, such as "
        "the answers of a questionnaire.",
    )
    integer_classes: int = _number(
        20,
        "Most distinct whole numbers a classification target has; above it, numbers are "
        "quantities. Ratings and digits have ten.",
    )
    rows_per_class: float = _number(
        2.0,
        "Mean rows per distinct whole number below which a target is a quantity, not a class: "
        "nothing can be learnt of a class seen once.",
    )
    clean_missing: float = _number(
        0.05,
        "Share of missing cells, over all columns but the target, up to which a table is clean: "
        "about what imputation repairs without a trace.",
    )
    clean_duplicates: float = _number(
        0.05,
        "Share of rows that repeat an earlier one up to which a table is clean: real tables hold "
        "a few, a broken join holds many.",
    )
    small_class: int = _number(
        10, "Rows below which a class is warned about: ten folds cannot each hold one of it."
    )
    imbalance: float = _number(
        20.0, "Largest class over smallest class from which imbalance is warned about."
    )
    listed_classes: int = _number(
        100, "Most classes listed in the details, largest first; the count covers all."
    )


THRESHOLDS = Thresholds()
