"""What the other columns say about a target: a time that orders the rows, a time and an event.

A date beside a number may call for a forecast, and a time beside an event for survival analysis.
Both are questions: the same columns also serve regression and classification.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from profiler.result import Column
from profiler.table import Table
from profiler.thresholds import THRESHOLDS
from profiler.values import values_of

_CALENDAR = frozenset(
    {
        "year", "yr", "date", "datetime", "timestamp", "time", "period", "quarter", "qtr", "month",
        "mnth", "mon", "week", "day", "hour", "hr", "t", "trend", "jahr", "monat", "tag", "datum",
        "zeit", "annee", "année", "mois", "jour", "ano", "año", "fecha", "mes", "anno",
    }
)  # fmt: skip
_DURATIONS = frozenset(
    {
        "time", "times", "t", "duration", "durat", "tenure", "lifetime", "survival", "survtime",
        "futime", "stime", "rectime", "followup", "follow", "fu", "stop", "tte", "os", "pfs", "dfs",
        "week", "weeks", "day", "days", "month", "months",
    }
)  # fmt: skip
_EVENTS = frozenset(
    {
        "event", "status", "dead", "death", "died", "deceased", "fail", "failed", "failure",
        "observed", "relapse", "relapsed", "arrest", "fustat", "delta", "e", "recid",
    }
)  # fmt: skip
_CENSORED = re.compile(r"^cens")


def time_columns(table: Table, columns: Sequence[Column], target: str) -> list[str]:
    """Names of dates, and of numbers named after a time that order the rows."""
    others = [column for column in columns if column.name != target]
    return [
        column.name
        for column in others
        if column.kind == "datetime"
        or (column.kind in ("numeric", "identifier") and _orders_rows(table, column.name))
    ]


def survival_partner(columns: Sequence[Column], target: str) -> str | None:
    """The event that belongs to a target of times, or the time of a target of events, by name."""
    by_name = {column.name: column for column in columns}
    here = by_name[target]
    if _is_event(here):
        wanted = _is_duration
    elif _is_duration(here):
        wanted = _is_event
    else:
        return None
    return next((c.name for c in columns if c.name != target and wanted(c)), None)


def words_of(name: str) -> list[str]:
    """The words of a column name in lower case: `Date On`, `dateOn` and `date_on` alike."""
    spaced = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[\W\d_]+", spaced.lower()) if word]


def _is_event(column: Column) -> bool:
    words = words_of(column.name)
    named = any(word in _EVENTS or _CENSORED.match(word) for word in words)
    return named and column.distinct is not None and 2 <= column.distinct <= THRESHOLDS.most_states


def _is_duration(column: Column) -> bool:
    if column.kind != "numeric" or (column.distinct or 0) <= THRESHOLDS.most_states:
        return False
    return any(word in _DURATIONS for word in words_of(column.name))


def _orders_rows(table: Table, name: str) -> bool:
    """Whether the numbers grow, or shrink, from most rows to the next.

    They also do where one series follows another, such as the years of each country.
    """
    if not _CALENDAR.intersection(words_of(name)):
        return False
    series = table.frame[name]
    if not series.dtype.is_numeric():
        if values_of(series, table.decimal_mark).numbers is None:
            return False
        series = series.str.strip_chars()
    steps = series.cast(pl.Float64, strict=False).diff().drop_nulls()
    if len(steps) < THRESHOLDS.min_ordered:
        return False
    most = THRESHOLDS.ordered_share * len(steps)
    return int((steps > 0).sum()) >= most or int((steps < 0).sum()) >= most
