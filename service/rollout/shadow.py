"""A shadow: the candidate answers copies of live requests, and no client sees its answers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import NamedTuple

import numpy as np

from contract.batch import Batch
from service.errors import BusyError, DeadlineError, UnavailableError
from service.rollout.answers import paired_latency
from service.rollout.arm import Arm
from service.rollout.ledger import Totals
from service.rollout.measures import ERRORS, Measure, shadow_measures
from service.rollout.setup import Setup
from service.serving.served import Served

# Copies wait while the candidate is busy. More are dropped, and counted.
MOST_REQUESTS, MOST_ROWS = 32, 2048
# After each copy the shadow rests for so many times as long as it took: it takes a tenth of a
# worker's time at most, and live requests run in between.
_REST = 9

logger = logging.getLogger(__name__)


class _Copy(NamedTuple):
    """A request, the stable version's answer, and the seconds that it took."""

    batch: Batch
    outputs: Batch
    seconds: float


class Shadow:
    """Runs the candidate after the stable version has answered; a watcher of the stable version."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._arm = Arm(setup.stable, self)
        self._answers = setup.answers
        self._ledger = setup.ledger
        self._waiting: deque[_Copy] = deque()
        self._rows = 0
        self._work: asyncio.Task[None] | None = None

    def choose(self) -> Served:
        """The version for a request that names none: always the stable one."""
        return self._arm

    def measures(self, totals: Totals) -> list[Measure]:
        """The comparisons so far."""
        return shadow_measures(self._setup.rollout, self._answers, totals.sums[0])

    def answered(self, batch: Batch, outputs: Batch, seconds: float) -> None:
        """Note an answer of the stable version, and have the candidate answer the same."""
        self._ledger.answered("stable", batch.rows)
        if not self._setup.draws_candidate():
            return
        full = self._rows + batch.rows > MOST_ROWS or len(self._waiting) == MOST_REQUESTS
        if self._waiting and full:
            self._ledger.dropped()
            return
        self._waiting.append(_Copy(batch, outputs, seconds))
        self._rows += batch.rows
        self._start()

    def failed(self, batch: Batch, error: BaseException, seconds: float) -> None:
        """Note a failure of the stable version; the candidate is not asked."""
        if not isinstance(error, asyncio.CancelledError):  # else the client left
            self._ledger.failed("stable", batch.rows)

    def _start(self) -> None:
        """Work in the background, on the running loop; a loop before it may have ended."""
        loop = asyncio.get_running_loop()
        if self._work is None or self._work.done() or self._work.get_loop() is not loop:
            self._work = loop.create_task(self._run())

    async def _run(self) -> None:
        while self._waiting:
            started = time.perf_counter()
            copy = self._waiting.popleft()
            self._rows -= copy.batch.rows
            await self._answer(copy)
            await asyncio.sleep(_REST * (time.perf_counter() - started))

    async def _answer(self, copy: _Copy) -> None:
        """Have the candidate answer, and compare; whatever goes wrong is counted and no more."""
        rows, started = copy.batch.rows, time.perf_counter()
        try:
            outputs = await self._setup.candidate.infer(copy.batch)
        except (BusyError, DeadlineError, UnavailableError):  # others' requests keep it busy
            self._ledger.dropped()
            return
        except Exception:
            self._fail(rows)
            return
        try:
            self._compare(copy, outputs, time.perf_counter() - started)
        except Exception:
            logger.exception("an answer of %s could not be compared", self._setup.candidate.entry)

    def _compare(self, copy: _Copy, outputs: Batch, seconds: float) -> None:
        answers, rows = self._answers, copy.batch.rows
        if not answers.usable(copy.outputs):  # a row that has no answer
            return
        if not answers.usable(outputs):
            self._fail(rows)
            return
        same = answers.agreement(copy.outputs, outputs)
        values = [0.0, paired_latency(copy.seconds, seconds), float(same.mean())]
        if answers.has_confidence:
            values.append((answers.confidence_change(copy.outputs, outputs) + 1) / 2)
        elif answers.has_value:
            values.append((answers.value_change(copy.outputs, outputs) + 1) / 2)
        self._ledger.answered("candidate", rows)
        self._ledger.compared(rows, int(same.sum()))
        self._ledger.tallies[0].add(ERRORS, np.array([values]))
        self._setup.counted()

    def _fail(self, rows: int) -> None:
        self._ledger.failed("candidate", rows)
        self._ledger.tallies[0].add(ERRORS, np.ones((1, 1)))
        self._setup.counted()
