"""The table of docs/reliability.md, from what `make reliability` recorded."""

from __future__ import annotations

from typing import Any

from tests.faults import FAULTS


def table(results: dict[str, Any]) -> str:
    """One row per fault: what goes wrong, the promise, its tests and their last result."""
    lines = ["| fault | promise | test | last result |", "| --- | --- | --- | --- |"]
    for name, row in FAULTS.items():
        tests = results["faults"].get(name, {})
        links = "<br>".join(_link(test) for test in tests) or "none yet"
        lines.append(f"| {row.what} | {row.promise} | {links} | {_outcome(tests)} |")
    passed = sum(test["passed"] for tests in results["faults"].values() for test in tests.values())
    recorded = f"{passed:,} checks passed; recorded on {results['date']} by `make reliability`."
    return "\n".join([*lines, "", recorded])


def _link(test: str) -> str:
    path, _, function = test.partition("::")
    return f"[{function.removeprefix('test_').replace('_', ' ')}](../{path})"


def _outcome(tests: dict[str, dict[str, Any]]) -> str:
    counts = {
        outcome: sum(test[outcome] for test in tests.values())
        for outcome in ("passed", "failed", "skipped")
    }
    return ", ".join(f"{number} {outcome}" for outcome, number in counts.items() if number)
