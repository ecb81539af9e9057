"""Drift of all versions of a process, as documents and as metrics."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from service.drift.fields import SURPRISE
from service.drift.sources import Source
from service.drift.verdict import LEAST_ROWS, Finding, judge
from service.drift.watcher import DriftWatcher
from service.drift.windows import Window
from service.errors import NotFoundError
from service.serving.served import Served
from service.settings import Settings

# Judging reads the counts of all workers, so metrics are at most this often made anew.
_REFRESH_SECONDS = 1.0
# The order of severity, least first.
_ORDER = ("no_reference", "too_few_rows", "ok", "drifting")


class DriftMetrics(Protocol):
    """Receives what is counted and found."""

    def counted(self, model: str, version: str, rows: int) -> None:
        """So many more rows were looked at."""

    def found(self, model: str, version: str, field: str, score: float, drifting: bool) -> None:
        """The verdict about a field of the last hour."""


class Drift:
    """Watches versions, if the settings say so.

    Args:
        settings: `drift` and `drift_rows_per_second`.
        metrics: receives counts and verdicts.
        folder: where the workers of one server count together; None for one process.
        worker: name of this worker's files.
    """

    def __init__(
        self,
        settings: Settings,
        metrics: DriftMetrics,
        folder: Path | None = None,
        worker: str | None = None,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._folder = folder
        self._worker = worker
        self._watchers: dict[tuple[str, str], DriftWatcher] = {}
        self._refreshed = 0.0

    def watch(self, served: Served) -> None:
        """Watch a version from now on."""
        if not self._settings.drift:
            return
        key = (served.name, served.version)

        def counted(rows: int) -> None:
            self._metrics.counted(*key, rows)

        watcher = DriftWatcher(
            served, self._settings.drift_rows_per_second, self._folder, self._worker, counted
        )
        self._watchers[key] = watcher
        served.watch(watcher)

    def document(self, served: Served) -> dict[str, Any]:
        """What `GET /models/{name}/drift` answers about a version.

        Raises:
            NotFoundError: drift is not watched.
        """
        watcher = self._watchers.get((served.name, served.version))
        if watcher is None:
            raise NotFoundError("drift is not watched; set ROSENBLATT_DRIFT to true to watch it")
        watcher.fold()
        recent = _window(watcher, watcher.windows.recent())
        since_start = _window(watcher, watcher.windows.since_start())
        # The last hour, if it has rows enough: what drifted before may be over.
        decisive = recent if recent["rows"] >= LEAST_ROWS else since_start
        return {
            "model": served.name,
            "version": served.version,
            "status": decisive["status"],
            "reasons": decisive["reasons"],
            "least_rows": LEAST_ROWS,
            "false_alarms": SURPRISE,
            "rows_per_second": self._settings.drift_rows_per_second,
            "unwatched_columns": _unwatched(watcher),
            "recent": recent,
            "since_start": since_start,
        }

    def refresh(self) -> None:
        """Give the verdicts of the last hour to the metrics."""
        now = time.monotonic()
        if now - self._refreshed < _REFRESH_SECONDS:
            return
        self._refreshed = now
        for (model, version), watcher in self._watchers.items():
            watcher.fold()
            findings = judge(watcher.tally, watcher.windows.recent().counted)
            for source, prefix in _sources(watcher):
                for field in source.fields:
                    finding = findings[f"{field.content}:{field.name}"]
                    self._metrics.found(
                        model, version, f"{prefix}{field.name}", finding.score or 0.0,
                        finding.status == "drifting",
                    )  # fmt: skip


def _sources(watcher: DriftWatcher) -> list[tuple[Source, str]]:
    """Every source of a version, and what comes before the names of its fields."""
    return [(source, "") for source in watcher.inputs] + [
        (source, "answer:") for source in watcher.answers
    ]


def _window(watcher: DriftWatcher, window: Window) -> dict[str, Any]:
    findings = judge(watcher.tally, window.counted)

    def of(sources: Sequence[Source]) -> list[Finding]:
        return [findings[f"{f.content}:{f.name}"] for source in sources for f in source.fields]

    inputs, answers = of(watcher.inputs), of(watcher.answers)
    return {
        "seconds": round(window.seconds, 1),
        "rows": int(window.counted[0]),
        "status": max((f.status for f in (*inputs, *answers)), key=_ORDER.index),
        "reasons": [reason for f in (*inputs, *answers) for reason in f.reasons],
        "inputs": [_document(finding) for finding in inputs],
        "answers": [_document(finding) for finding in answers],
    }


def _document(finding: Finding) -> dict[str, Any]:
    return {
        "name": finding.name,
        "content": finding.content,
        "status": finding.status,
        "score": finding.score,
        "reasons": finding.reasons,
        **finding.details,
    }


def _unwatched(watcher: DriftWatcher) -> int:
    """Columns beyond those that are watched."""
    inputs = watcher.served.manifest.inputs
    columns = sum(max(1, len(tensor.columns)) for tensor in inputs)
    watched = sum(
        1 if tensor.content == "image" else len(source.fields)
        for source, tensor in zip(watcher.inputs, inputs, strict=False)
    )
    return columns - watched
