"""Rows of a table on docs/benchmarks.md, from docs/results/table.json."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.table.run import LEAST_RATIO
from scripts.guide_tables import table


def section(measured: dict[str, Any]) -> list[str]:
    """The paragraphs of the section."""
    rates = measured["requests_per_second"]
    connections = list(measured["ratio"])
    rows = [
        (server, *(f"{statistics.median(found[number]):,.0f}" for number in connections))
        for server, found in rates.items()
    ]
    ratios = ("ratio", *(f"{measured['ratio'][number]:.2f}" for number in connections))
    met = "yes" if measured["ratio"]["8"] >= LEAST_RATIO and not measured["errors"] else "no"
    return [
        "## Rows of a table",
        "`python -m benchmarks table`: requests/s of one row of UCI's adult, 14 columns as a JSON "
        "object by column name, against FastAPI and pydantic with the same graph (XGBoost, the "
        "categories encoded inside); one worker, one ONNX Runtime thread, median of "
        f"{measured['rounds']} rounds of {measured['seconds']} s, {measured['errors']} errors "
        f"({measured['processor']}).",
        table(("server", *(f"{number} connections" for number in connections)), [*rows, ratios]),
        f"At 8 connections at least {LEAST_RATIO} times FastAPI: {met}.",
    ]
