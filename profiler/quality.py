"""Whether a table is clean, and what is wrong if not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from profiler.messages import count, listed, percent
from profiler.result import Column
from profiler.table import Table
from profiler.thresholds import THRESHOLDS


@dataclass(frozen=True)
class Quality:
    """clean: None if it cannot be judged; warnings: one sentence per fault.

    missing_share: over all columns except the target, None if no column was read; duplicate_rows:
    None if any column was not read.
    """

    clean: bool | None
    because: str
    missing_share: float | None
    duplicate_rows: int | None
    warnings: tuple[str, ...]


def judge_quality(
    table: Table, columns: Sequence[Column], target: str | None, suspects: int = 0
) -> Quality:
    """Judge every column except the target: a row without a label is not dirt.

    Args:
        suspects: number of cells that may mark a missing value, such as -999. If the table is
            clean without them and not with them, it is not judged.
    """
    features = [c for c in columns if c.name != target and c.missing_share is not None]
    shares = [c.missing_share for c in features if c.missing_share is not None]
    missing = sum(shares) / len(shares) if shares else None
    duplicates = _duplicates(table)
    faults = _faults(table, features, missing, duplicates)
    hidden = missing is not None and not _is_whole(missing + suspects / _cells(table, features))
    if table.rows < THRESHOLDS.min_rows or missing is None or (hidden and not faults):
        return Quality(None, "", missing, duplicates, tuple(faults))
    if faults:
        return Quality(False, "; ".join(faults), missing, duplicates, tuple(faults))
    because = (
        f"{percent(missing)} of the cells are missing (at most "
        f"{percent(THRESHOLDS.clean_missing)}), no numeric column holds stray values"
    )
    if duplicates is not None:
        because += f" and {duplicates:,} of {count(table.rows, 'row')} repeat an earlier one"
        because += (
            f" (at most {percent(THRESHOLDS.clean_duplicates)})"
            if duplicates <= THRESHOLDS.clean_duplicates * table.rows
            else ", as many as chance explains: its columns have few values"
        )
    return Quality(True, because, missing, duplicates, ())


def _is_whole(missing: float) -> bool:
    return missing <= THRESHOLDS.clean_missing


def _cells(table: Table, features: Sequence[Column]) -> int:
    return max(table.rows * len(features), 1)


def _duplicates(table: Table) -> int | None:
    """Number of rows that repeat an earlier one, compared by a 64-bit hash."""
    if table.opaque or table.frame.width == 0:
        return None
    return table.rows - table.frame.hash_rows().n_unique()


def _chance_repeats(table: Table) -> float:
    """Number of rows that repeat another one by chance.

    Two rows are equal with the product of the columns' chances of two equal cells, if the columns
    are independent. Real ones share information, so only a part of each is counted.
    """
    bits = 0.0
    for column in table.frame:
        shares = column.value_counts(name="n")["n"] / table.rows
        bits -= math.log2(float((shares * shares).sum()))
    pairs = table.rows * (table.rows - 1) / 2
    return float(pairs * 2 ** (-THRESHOLDS.shared_information * bits))


def _faults(
    table: Table, features: Sequence[Column], missing: float | None, duplicates: int | None
) -> list[str]:
    rows = table.rows
    faults = []
    if missing is not None and not _is_whole(missing):
        faults.append(
            f"{percent(missing)} of the cells are missing, more than "
            f"{percent(THRESHOLDS.clean_missing)}"
        )
    if stray := [column.name for column in features if column.stray]:
        values = sum(column.stray for column in features)
        faults.append(f"{count(values, 'stray value')} in numeric columns: {listed(stray)}")
    repeats = duplicates or 0
    if repeats > THRESHOLDS.clean_duplicates * rows and repeats > _chance_repeats(table):
        faults.append(
            f"{repeats:,} of {count(rows, 'row')} repeat an earlier one, more than "
            f"{percent(THRESHOLDS.clean_duplicates)}"
        )
    return faults
