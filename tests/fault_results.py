"""A pytest plugin: with `--fault-results FILE` the outcome of every row of faults, as JSON."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.faults import FAULTS


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(
        "--fault-results", type=Path, metavar="FILE", help="record the tests of faults in FILE"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Record, in the process that gets every worker's reports."""
    path = config.getoption("--fault-results")
    if path is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Recorder(path))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the reports of marked tests their rows; xdist sends properties on."""
    for item in items:
        rows = [name for mark in item.iter_markers("fault") for name in mark.args]
        if rows:
            item.user_properties.append(("faults", rows))


class _Recorder:
    """Counts outcomes by row and test function."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tests: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note an outcome: of the call, or of a set-up or tear-down that failed."""
        if report.when != "call" and report.outcome == "passed":
            return
        test = report.nodeid.partition("[")[0]
        rows = [value for key, value in report.user_properties if key == "faults"]
        for name in [name for names in rows if isinstance(names, list) for name in names]:
            counts = self._tests[name].setdefault(
                test, {"passed": 0, "failed": 0, "skipped": 0, "seconds": 0.0}
            )
            counts[report.outcome] += 1
            counts["seconds"] = round(counts["seconds"] + report.duration, 2)

    def pytest_sessionfinish(self) -> None:
        """Write the rows in the table's order."""
        rows = {name: dict(sorted(self._tests[name].items())) for name in FAULTS}
        document = {"date": time.strftime("%Y-%m-%d", time.gmtime()), "faults": rows}
        self._path.write_text(json.dumps(document, indent=1) + "\n")
