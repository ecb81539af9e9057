"""`python -m benchmarks page`: the page of the committed models in Chromium, one worker.

Each figure stands beside its bar; the tests of the page hold the same bars.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from benchmarks.models import processor
from tests.browser.accessibility import SCHEMES, VIEWS, address, fill, findings
from tests.browser.chromium import Watched, chromium
from tests.browser.measures import (
    DRAW_TO_ANSWER_MS,
    FIRST_PAINT_MS,
    LEAST_DIGITS,
    TRANSFER_BYTES,
    answer_times,
    first_paint,
    misread,
    transferred,
)
from tests.browser.strokes import DIGITS
from tests.server import serve


def main(out: Path, visits: int) -> int:
    """Measure and write; 1 if a bar is missed."""
    with serve() as server, chromium() as browser:
        document = {
            "processor": processor(),
            "cores": os.cpu_count(),
            "browser": f"Chromium {browser.version}",
            "visits": visits,
            "digits": _digits(browser, server.url),
            "answer_ms": _answers(browser, server.url, visits),
            "first_paint_ms": _paints(browser, server.url, visits),
            "bytes": _bytes(browser, server.url),
            "axe": _axe(browser, server.url),
        }
    out.write_text(json.dumps(document, indent=1) + "\n")
    missed = _missed(document)
    sys.stdout.write(f"{json.dumps(document, indent=1)}\nmissed: {', '.join(missed) or 'none'}\n")
    return int(bool(missed))


@contextmanager
def _visit(browser: Browser, url: str, **options: Any) -> Iterator[Watched]:
    """A page with an empty cache, closed after; errors on it end the run."""
    watched = Watched(browser, url, **options)
    try:
        yield watched
    finally:
        watched.close()


def _digits(browser: Browser, url: str) -> dict[str, Any]:
    with _visit(browser, url) as watched:
        wrong = misread(watched.open())
    return {"drawn": len(DIGITS), "right": len(DIGITS) - len(wrong), "wrong": wrong,
            "bar": LEAST_DIGITS}  # fmt: skip


def _answers(browser: Browser, url: str, visits: int) -> dict[str, Any]:
    times: list[float] = []
    for _ in range(max(1, visits // 5)):
        with _visit(browser, url) as watched:
            times += answer_times(watched.open())
    return {"events": len(times), **_summary(times), "bar": DRAW_TO_ANSWER_MS}


def _paints(browser: Browser, url: str, visits: int) -> dict[str, Any]:
    times = []
    for _ in range(max(2, visits)):
        with _visit(browser, url) as watched:
            times.append(first_paint(watched.open()))
    return {**_summary(times), "bar": FIRST_PAINT_MS}


def _summary(times: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(times), 1),
        "p95": round(statistics.quantiles(times, n=20, method="inclusive")[-1], 1),
    }


def _bytes(browser: Browser, url: str) -> dict[str, Any]:
    with _visit(browser, url) as watched:
        found = transferred(watched)
    return {"first_view": round(found.first), "all_views": round(found.total),
            "bar": TRANSFER_BYTES}  # fmt: skip


def _axe(browser: Browser, url: str) -> dict[str, Any]:
    """Findings of any impact, in every view and colour scheme."""
    found = []
    for view in VIEWS:
        for scheme in SCHEMES:
            options = {"color_scheme": scheme, "reduced_motion": "reduce"}
            with _visit(browser, url, **options) as watched:
                page = watched.open(address(view))
                fill(page, view)
                found += [f"{view}, {scheme}: {one['rule']}" for one in findings(page)]
    return {"views": len(VIEWS), "schemes": len(SCHEMES), "findings": found, "bar": 0}


def _missed(document: dict[str, Any]) -> list[str]:
    """The figures that miss their bars."""
    figures = {
        "digits": -document["digits"]["right"] + document["digits"]["bar"],
        "answer_ms": document["answer_ms"]["median"] - document["answer_ms"]["bar"],
        "first_paint_ms": document["first_paint_ms"]["median"] - document["first_paint_ms"]["bar"],
        "bytes": document["bytes"]["all_views"] - document["bytes"]["bar"],
        "axe": len(document["axe"]["findings"]),
    }
    return [name for name, excess in figures.items() if excess > 0]
