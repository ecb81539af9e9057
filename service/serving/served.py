"""Everything about one served version, made once when it is loaded."""

from __future__ import annotations

import time
from concurrent.futures import Executor
from typing import Protocol

from contract.batch import Batch
from contract.manifest import Manifest
from service.inference.batcher import Batcher
from service.inference.policy import BatchingPolicy
from service.instances.decoder import Decoder, InstanceLimits, decoder_of
from service.instances.predictions import PredictionEncoder
from service.protocol.statistics import ModelStatistics
from service.protocol.types import Signature
from service.settings import Settings

# Watching a connection costs a task; work that is done sooner is not worth it.
WATCHED_SECONDS = 0.005


class Model(Protocol):
    """A session, or a test's stand-in for one."""

    @property
    def manifest(self) -> Manifest:
        """What it is."""

    @property
    def provider(self) -> str:
        """ONNX Runtime's execution provider."""

    @property
    def load_seconds(self) -> float:
        """How long it took to load."""

    def predict(self, batch: Batch) -> Batch:
        """The outputs for the inputs."""


class Served:
    """One version: its model, how it is batched, how requests are read and answers written.

    Used from one event loop, but for the decoders and encoders, which are safe on any thread.

    Args:
        thread: an executor of one thread, for batches that leave the event loop.
        statistics: counts requests and runs.
    """

    def __init__(
        self,
        session: Model,
        policy: BatchingPolicy,
        thread: Executor,
        statistics: ModelStatistics,
        settings: Settings,
    ) -> None:
        manifest = session.manifest
        self.session = session
        self.manifest: Manifest = manifest
        self.name = manifest.name
        self.version = manifest.version
        self.provider = session.provider
        self.statistics = statistics
        self.signature = Signature(manifest, settings.max_rows)
        limits = InstanceLimits(settings.max_rows, settings.max_image_pixels)
        self.decoder: Decoder = decoder_of(manifest, limits)
        self.encoder = PredictionEncoder(manifest)
        # Models whose inputs are the same can answer the same instances.
        self.takes = tuple((i.content, i.datatype, i.row, i.columns) for i in manifest.inputs)
        self._batcher = Batcher(self.name, session, policy, thread, statistics)

    async def infer(self, batch: Batch) -> Batch:
        """The outputs for a batch, run together with whatever else waits; counted and timed.

        Raises:
            BusyError: too many rows wait for this model.
            DeadlineError: they waited too long; nothing was run.
        """
        self.statistics.started()
        started = time.perf_counter_ns()
        try:
            outputs = await self._batcher.infer(batch)
        except BaseException:
            # A client that left cancels its request: that is no success either.
            self.statistics.failed(time.perf_counter_ns() - started)
            raise
        self.statistics.succeeded(time.perf_counter_ns() - started)
        return outputs

    def worth_watching(self, rows: int) -> bool:
        """True if so many more rows would take so long that their client may leave before."""
        return self._batcher.seconds(rows) > WATCHED_SECONDS
