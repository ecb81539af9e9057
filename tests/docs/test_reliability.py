"""docs/reliability.md: every row has tests that exist and passed when they were recorded."""

from __future__ import annotations

import ast
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from scripts.reliability_page import table
from tests.faults import FAULTS

ROOT = Path(__file__).resolve().parent.parent.parent
RECORDED = json.loads((ROOT / "docs/results/reliability.json").read_text())["faults"]


def marked() -> dict[str, set[str]]:
    """The tests in the sources that carry `@fault`, by row."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        source = path.read_text()
        if "import fault" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for name in (name for mark in node.decorator_list for name in _rows(mark)):
                    found[name].add(f"{path.relative_to(ROOT)}::{node.name}")
    return found


def _rows(mark: ast.expr) -> list[str]:
    if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "fault":
        return [ast.literal_eval(argument) for argument in mark.args]
    return []


@pytest.mark.thorough
@pytest.mark.parametrize("name", FAULTS)
def test_a_row_has_tests_and_they_are_the_recorded_ones(name: str) -> None:
    assert marked()[name] == set(RECORDED[name]) != set()


def test_every_recorded_test_passed() -> None:
    failed = [
        test for tests in RECORDED.values() for test, counts in tests.items() if counts["failed"]
    ]
    assert failed == []
    # What needs a GPU may be skipped, but no row may rest on tests that were.
    for name, tests in RECORDED.items():
        assert sum(counts["passed"] for counts in tests.values()), name


def test_the_table_tells_failures_and_rows_without_tests() -> None:
    counts: dict[str, Any] = {"passed": 1, "failed": 2, "skipped": 0, "seconds": 1.0}
    text = table({"date": "2026-01-01", "faults": {"pickle": {"tests/a.py::test_b_c": counts}}})
    assert "[b c](../tests/a.py) | 1 passed, 2 failed |" in text
    assert "none yet" in text
