"""A rollout of two versions in this process, over stand-ins for their sessions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry

from contract.batch import Batch
from contract.manifest import Manifest
from contract.rollout import Rollout
from service.rollout.metrics import RolloutMetrics
from service.rollout.trial import Trial
from service.serving.served import Served
from service.settings import Settings
from tests.repositories import manifest_of
from tests.serving.loading import serve

Predict = Callable[[Batch], Batch]


def digits(batch: Batch, shift: int = 0) -> Batch:
    """The digit that the first pixel of each image names, `shift` further, with 0.9."""
    labels = (batch["images"][:, 0, 0].astype(np.int64) + shift) % 10
    probabilities = np.full((len(batch), 10), 0.1 / 9, np.float32)
    probabilities[np.arange(len(batch)), labels] = 0.9
    return Batch({"label": labels, "probabilities": probabilities})


class Stub:
    """A session that answers as a function does."""

    provider = "none"
    load_seconds = 0.0

    def __init__(self, version: str, predict: Predict, manifest: Manifest | None = None) -> None:
        self.manifest = manifest or manifest_of("alpha", version, b"graph", b"golden")
        self.samples = images(range(3))
        self.predict = predict


def images(digits: Iterable[int]) -> Batch:
    """Images whose first pixel is a digit."""
    first = np.array(list(digits), np.uint8)
    found = np.zeros((len(first), 28, 28), np.uint8)
    found[:, 0, 0] = first
    return Batch({"images": found})


def served(version: str, predict: Predict, manifest: Manifest | None = None) -> Served:
    """One version that answers as a function does."""
    return serve(Stub(version, predict, manifest), Settings())


class Trials:
    """Makes trials that count in one folder, and has their metrics at hand."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.registry = CollectorRegistry()
        self._metrics = RolloutMetrics(self.registry)

    def trial(
        self,
        stable: Served,
        candidate: Served,
        mode: str = "shadow",
        worker: str = "0",
        draw: Callable[[], float] = lambda: 0.0,
        **fields: Any,
    ) -> Trial:
        """A rollout of two versions."""
        document = {"rollout_version": 1, "mode": mode, "stable": "1", "candidate": "2", **fields}
        rollout = Rollout.model_validate(document)
        own = self._metrics.trial(stable.name, rollout)
        return Trial(rollout, stable, candidate, 2, own, self.folder, worker, draw)

    def metric(self, name: str, **labels: str) -> float | None:
        """The value of one metric of model `alpha`."""
        return self.registry.get_sample_value(
            f"rosenblatt_rollout_{name}", {"model": "alpha", **labels}
        )


async def until(true: Callable[[], bool]) -> None:
    """Let the loop run until something is true."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)
