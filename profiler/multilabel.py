"""Targets with several labels in a cell, such as `comedy|drama` or `['a', 'b']`."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from profiler.messages import shown
from profiler.thresholds import THRESHOLDS
from profiler.values import Values

SEPARATORS = ("|", ";", ",")
_BRACKETS = r"^[\[({]\s*|\s*[\])}]$"
_QUOTES = " \"'"
_MOST_VALUES = 100_000


@dataclass(frozen=True)
class Labels:
    """counts: rows of each label; most: labels in the fullest cell; separator: between them."""

    counts: dict[str, int]
    most: int
    separator: str

    @property
    def because(self) -> str:
        """What the cells hold, in words."""
        return (
            f"holds up to {self.most} labels in a cell, separated by {shown(self.separator)}, "
            f"{len(self.counts):,} different ones in all"
        )


def labels_of(values: Values) -> Labels | None:
    """The labels in the cells of a column of texts; None if each cell holds one."""
    if values.value.dtype != pl.String or values.numbers is not None or values.distinct < 2:
        return None
    for separator in SEPARATORS:
        if found := _split(values, separator):
            return found
    return None


def _split(values: Values, separator: str) -> Labels | None:
    """The labels between separators, if cells hold several, and different cells share labels.

    A name with a comma in it, such as `Trade, hotels`, shares its parts with no other name.
    """
    texts = values.value.head(_MOST_VALUES)
    inner = texts.str.replace_all(_BRACKETS, "")
    if values.share(values.value.str.contains(separator, literal=True)) < THRESHOLDS.multi_label:
        return None
    frame = pl.DataFrame({"cell": inner.str.split(separator), "n": values.n.head(_MOST_VALUES)})
    sizes = frame["cell"].list.len()
    parts = (
        frame.with_row_index("row").explode("cell")
        .with_columns(pl.col("cell").str.strip_chars(_QUOTES))
        .filter(pl.col("cell") != "")
        .unique(["row", "cell"])
    )  # fmt: skip
    labels = parts.group_by("cell").agg(pl.len().alias("cells"), pl.col("n").sum())
    shared = len(parts) / max(len(labels), 1)
    is_short = float(parts["cell"].str.count_matches(r"\S+").mean() or 9) <= 3  # type: ignore[arg-type]
    varied = sizes.n_unique() > 1 or values.value.str.contains(r"^\[").all()
    if shared < THRESHOLDS.shared_labels or not is_short or not varied:
        return None
    counts = dict(zip(labels["cell"], labels["n"], strict=True))
    return Labels(counts, int(sizes.max()), separator)  # type: ignore[arg-type]
