"""A row of a table as a client sends it."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.fit.problem import Problem


def example_row(problem: Problem, row: int = 0) -> dict[str, Any]:
    """Values by column; None where missing."""
    columns = problem.columns
    found: dict[str, Any] = {}
    for i, name in enumerate(columns.number_names):
        value = float(columns.numbers[row, i])
        # As short as it reads back: 0.1 and not 0.10000000149.
        found[name] = None if np.isnan(value) else float(str(columns.numbers[row, i]))
    for i, name in enumerate(columns.category_names):
        code = int(columns.codes[row, i])
        found[name] = None if code < 0 else columns.categories[i][code]
    return found
