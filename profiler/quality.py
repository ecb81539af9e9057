"""Whether a table is clean, and what is wrong if not."""

from __future__ import annotations

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


def judge_quality(table: Table, columns: Sequence[Column], target: str | None) -> Quality:
    """Judge every column except the target: a row without a label is not dirt."""
    features = [c for c in columns if c.name != target and c.missing_share is not None]
    shares = [c.missing_share for c in features if c.missing_share is not None]
    missing = sum(shares) / len(shares) if shares else None
    duplicates = _duplicates(table)
    faults = _faults(table.rows, features, missing, duplicates)
    if table.rows < THRESHOLDS.min_rows or missing is None:
        return Quality(None, "", missing, duplicates, tuple(faults))
    if faults:
        return Quality(False, "; ".join(faults), missing, duplicates, tuple(faults))
    because = (
        f"{percent(missing)} of the cells are missing (at most "
        f"{percent(THRESHOLDS.clean_missing)}), no numeric column holds stray values"
    )
    if duplicates is not None:
        because += (
            f" and {duplicates:,} of {count(table.rows, 'row')} repeat an earlier one "
            f"(at most {percent(THRESHOLDS.clean_duplicates)})"
        )
    return Quality(True, because, missing, duplicates, ())


def _duplicates(table: Table) -> int | None:
    """Number of rows that repeat an earlier one, compared by a 64-bit hash."""
    if table.opaque or table.frame.width == 0:
        return None
    return table.rows - table.frame.hash_rows().n_unique()


def _faults(
    rows: int, features: Sequence[Column], missing: float | None, duplicates: int | None
) -> list[str]:
    faults = []
    if missing is not None and missing > THRESHOLDS.clean_missing:
        faults.append(
            f"{percent(missing)} of the cells are missing, more than "
            f"{percent(THRESHOLDS.clean_missing)}"
        )
    if stray := [column.name for column in features if column.stray]:
        values = sum(column.stray for column in features)
        faults.append(f"{count(values, 'stray value')} in numeric columns: {listed(stray)}")
    if duplicates is not None and duplicates > THRESHOLDS.clean_duplicates * rows:
        faults.append(
            f"{duplicates:,} of {count(rows, 'row')} repeat an earlier one, more than "
            f"{percent(THRESHOLDS.clean_duplicates)}"
        )
    return faults
