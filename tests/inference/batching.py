"""A micro-batcher over a model that only remembers what it was asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from contract.batch import Batch
from service.inference.batcher import Batcher
from service.inference.policy import BatchingPolicy


def policy_of(
    batch: int, inline: int, waiting: int, seconds: float, row_seconds: float = 1e-4
) -> BatchingPolicy:
    """The policy of a model that answers a row in 0.1 ms, unless said."""
    return BatchingPolicy(
        max_batch_rows=batch,
        inline_rows=inline,
        max_waiting_rows=waiting,
        max_wait_seconds=seconds,
        row_seconds=row_seconds,
    )


POLICY = policy_of(batch=8, inline=8, waiting=32, seconds=5)


@dataclass
class Echo:
    """Answers each row with its first pixel; a row of 255 breaks the run it is in."""

    sizes: list[int] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    gate: threading.Event | None = None
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def predict(self, batch: Batch) -> Batch:
        self.sizes.append(len(batch))
        self.threads.add(threading.get_ident())
        self.begun.release()
        if self.gate is not None:
            assert self.gate.wait(5)
        first = batch["images"][:, 0, 0].astype(np.int64)
        if (first == 255).any():
            raise ValueError("poison")
        twice = np.repeat(first[:, None], 2, axis=1).astype(np.float32)
        return Batch({"label": first, "probabilities": twice})

    async def has_begun(self) -> None:
        """Wait until one more run is on its way."""
        assert await asyncio.to_thread(self.begun.acquire, timeout=5)


@dataclass
class Log:
    """Remembers what it was told."""

    batches: list[tuple[int, int]] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)

    def batch(self, rows: int, waited: Sequence[float], seconds: float) -> None:
        assert seconds >= 0
        self.batches.append((rows, len(waited)))
        self.waits += waited

    def refused(self, reason: str, rows: int) -> None:
        self.lost[reason] = self.lost.get(reason, 0) + rows

    def settled(self) -> None:
        asyncio.get_running_loop()  # raises elsewhere


def batcher_of(
    model: Echo, policy: BatchingPolicy, pool: ThreadPoolExecutor, log: Log | None = None
) -> Batcher:
    return Batcher("echo", model, policy, pool, log or Log())


def rows(*values: int) -> Batch:
    images = np.zeros((len(values), 2, 2), np.uint8)
    images[:, 0, 0] = values
    return Batch({"images": images})


def labels(answer: Batch | BaseException) -> list[int]:
    assert isinstance(answer, Batch), answer
    assert answer["probabilities"][:, 0].tolist() == answer["label"].tolist()
    return [int(label) for label in answer["label"]]


async def turns(n: int = 5) -> None:
    """Let the loop take some turns: what was asked is queued, and what may run is begun."""
    for _ in range(n):
        await asyncio.sleep(0)


def run(talk: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(talk(), 10)

    asyncio.run(bounded())
