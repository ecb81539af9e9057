"""Samples the requests of one version and counts what they hold.

On the hot path a request costs one comparison, or, where it is sampled, references to its arrays.
A tenth of a second later all sampled requests are counted together.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np

from contract.batch import Array, Batch
from contract.manifest import Manifest
from service.drift.fields import CategoryField, Field, NumberField
from service.drift.sources import Codes, Numbers, Source, sources_of, sources_of_answers
from service.drift.tally import Tally
from service.drift.windows import Windows, size_of
from service.protocol.counters import Counters
from service.serving.served import Served

TICK_SECONDS = 0.1
# Bytes of inputs that are looked at in one tick: reading them takes the event loop's time.
_TICK_BYTES = 512 * 1024

logger = logging.getLogger(__name__)


class DriftWatcher:
    """Counts the rows of one version; a `Watcher`.

    It belongs to the event loop. The first rows of each tick are sampled, of a request with more
    rows than are left some at equal distances.

    Args:
        served: the version.
        rows_per_second: most rows that are looked at.
        folder: where the workers of this server count together; None counts in memory.
        worker: name of this worker's file.
        counted: called with the number of rows after they were counted.
    """

    def __init__(
        self,
        served: Served,
        rows_per_second: int,
        folder: Path | None = None,
        worker: str | None = None,
        counted: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.served = served
        self.inputs = sources_of(served.manifest.inputs)
        self.answers = sources_of_answers(served)
        fields = [f for source in (*self.inputs, *self.answers) for f in source.fields]
        self.fields: list[Field] = fields
        self.tally = Tally(
            [field for field in fields if isinstance(field, NumberField)],
            [field for field in fields if isinstance(field, CategoryField)],
        )
        place = folder and folder / served.name / served.version / _digest(served.manifest)
        counters = Counters(size_of(self.tally.size), place, worker)
        self.windows = Windows(counters, self.tally.size)
        self._most = _rows_of_tick(served.manifest, rows_per_second)
        self._left = self._most
        self._kept: list[list[Array]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._counted = counted

    def answered(self, batch: Batch, outputs: Batch, seconds: float) -> None:
        """Keep some rows of the request, if the tick has rows left."""
        if self._left <= 0:
            return
        try:
            self._keep(batch, outputs)
        except Exception:
            self._stop()

    def failed(self, batch: Batch, error: BaseException, seconds: float) -> None:
        """Rows without an answer are not counted."""

    def _keep(self, batch: Batch, outputs: Batch) -> None:
        step = -(-batch.rows // self._left)
        rows = slice(None) if step == 1 else slice(0, None, step)
        self._left -= -(-batch.rows // step)
        self._kept.append(
            [source.keep(batch, rows) for source in self.inputs]
            + [source.keep(outputs, rows) for source in self.answers]
        )
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # else it is scheduled already; a loop before it may have ended
            self._loop = loop
            loop.call_later(TICK_SECONDS, self.fold)

    def fold(self) -> None:
        """Count what was kept."""
        kept, self._kept, self._loop = self._kept, [], None
        self._left = self._most
        if not kept:
            return
        try:
            self._count(kept)
        except Exception:
            self._stop()

    def _stop(self) -> None:
        """Watch no longer: it must not fail a request."""
        self._left = self._most = 0
        logger.exception("drift of %s is no longer watched", self.served.name)

    def _count(self, kept: list[list[Array]]) -> None:
        sources: list[Source] = [*self.inputs, *self.answers]
        values = [
            source.values(np.concatenate(parts) if len(parts) > 1 else parts[0])
            for source, parts in zip(sources, zip(*kept, strict=True), strict=True)
        ]
        rows = len(values[0])
        self.windows.add(
            self.tally.count(
                _beside([v for v in values if v.dtype == np.float64], rows, np.float64),
                _beside([v for v in values if v.dtype == np.int64], rows, np.int64),
            )
        )
        self._counted(rows)


def _beside(values: list[Numbers | Codes], rows: int, dtype: type) -> Array:
    return np.concatenate(values, axis=1) if values else np.zeros((rows, 0), dtype)


def _rows_of_tick(manifest: Manifest, rows_per_second: int) -> int:
    size = sum(tensor.row_size * tensor.dtype.itemsize for tensor in manifest.inputs)
    return max(1, min(round(rows_per_second * TICK_SECONDS), _TICK_BYTES // size))


def _digest(manifest: Manifest) -> str:
    """Tells what is counted: counts of another manifest with this number must not be added."""
    told = manifest.model_dump_json(include={"inputs", "outputs", "labels", "metrics"})
    return hashlib.sha256(told.encode()).hexdigest()[:16]
