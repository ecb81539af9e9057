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
    min_header_rows: int = _number(
        3, "Rows below the first line from which it is compared with them, to tell data from names."
    )
    repeated_header: float = _number(
        0.5,
        "Share of columns whose first cell occurs again below, from which the first line of a "
        "table of texts is data.",
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
    word_share: float = _number(
        0.5,
        "Share of words among the tokens of a text below which it is written for machines: pixels, "
        "lists, user agents.",
    )
    free_text_distinct: float = _number(
        0.2,
        "Distinct share from which long texts are free text and not long category names, such as "
        "the answers of a questionnaire.",
    )
    integer_classes: int = _number(
        20,
        "Most distinct whole numbers a classification target has; above it, numbers are "
        "quantities.",
    )
    sure_classes: int = _number(
        10,
        "Most distinct whole numbers that are classes without a further sign, as ratings and "
        "digits have ten; above it, the classes must be about as frequent as each other.",
    )
    even_classes: float = _number(
        3.0,
        "Largest class over smallest class up to which classes are about as frequent: collectors "
        "of data balance classes, and nothing balances quantities.",
    )
    class_span: float = _number(
        2.0,
        "Range of whole numbers over their distinct ones up to which they are class codes: codes "
        "follow each other, doses and prices leave gaps.",
    )
    count_values: int = _number(
        6,
        "Distinct whole numbers from 0 on, from which a column that dies out like a count is asked "
        "about: counts are quantities, and fewer values may be grades.",
    )
    count_tail: float = _number(
        0.1,
        "Frequency of the largest number over that of the most frequent one up to which a column "
        "dies out like a count.",
    )
    rows_per_class: float = _number(
        2.0,
        "Mean rows per distinct whole number below which a target is a quantity, not a class: "
        "nothing can be learnt of a class seen once.",
    )
    ordered_share: float = _number(
        0.7,
        "Share of rows from which a column named after a time orders the rows, as it is greater "
        "than in the row before, or less: at random, it would be in half of them.",
    )
    min_ordered: int = _number(
        5, "Steps from a row to the next below which an order may be chance."
    )
    most_states: int = _number(
        3, "Most distinct values of an event, such as censored, dead and transplanted."
    )
    multi_label: float = _number(
        0.1, "Share of cells that hold a separator from which a target may be multi-label."
    )
    shared_labels: float = _number(
        1.5,
        "Mean number of different cells that hold a label from which a target is multi-label: the "
        "parts of a name with a comma occur in that name alone.",
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
    shared_information: float = _number(
        0.5,
        "Share of the columns' information that is taken to be their own, when the rows are "
        "counted that repeat by chance: low-cardinality tables repeat rows, and correlation makes "
        "more of them.",
    )
    sentinel_gap: float = _number(
        1.0,
        "Distance of -999, 9999 and the like from the nearest other value, in ranges of the other "
        "values, from which it is told as a possible mark for missing values.",
    )
    paired_masks: float = _number(
        0.5,
        "Share of the images in a folder such as `masks` that have the name of another image, from "
        "which they are its masks and not a class.",
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
