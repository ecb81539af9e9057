"""One served version with all its parts, built once when it is loaded."""

from __future__ import annotations

import time
from concurrent.futures import Executor
from typing import Protocol

from contract.batch import Batch
from contract.manifest import Manifest
from contract.repository import Entry
from service.errors import InvalidError, ModelError
from service.inference.batcher import Batcher
from service.inference.policy import BatchingPolicy
from service.instances.decoder import Decoder, InstanceLimits, decoder_of
from service.instances.predictions import PredictionEncoder, is_whole, no_answer
from service.protocol.statistics import ModelStatistics
from service.protocol.types import Signature
from service.settings import Settings

# Watching a connection for a client that leaves costs a task; shorter work is not worth it.
WATCHED_SECONDS = 0.005


class Model(Protocol):
    """A session, or a test's fake of one."""

    @property
    def manifest(self) -> Manifest:
        """The manifest of this version."""

    @property
    def provider(self) -> str:
        """ONNX Runtime's execution provider."""

    @property
    def samples(self) -> Batch:
        """The golden inputs."""

    @property
    def load_seconds(self) -> float:
        """Seconds that loading took."""

    def predict(self, batch: Batch) -> Batch:
        """The outputs for the inputs."""


class Watcher(Protocol):
    """Learns of every request that a version has answered, on the event loop.

    It runs before the client has its answer: it must be quick and must not change the arrays.
    """

    def answered(self, batch: Batch, outputs: Batch, seconds: float) -> None:
        """A request was answered after `seconds`."""

    def failed(self, batch: Batch, error: BaseException, seconds: float) -> None:
        """A request failed after `seconds`, or was cancelled because its client left."""


class Served:
    """One version: its session, batcher, decoder and encoder.

    It belongs to one event loop, except for the decoder and the encoder, which are thread-safe.

    Args:
        thread: an executor with one thread, for batches that do not run on the event loop.
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
        self.entry = Entry(
            self.name, int(self.version), settings.models_dir / self.name / self.version
        )
        self.provider = session.provider
        self.statistics = statistics
        self.signature = Signature(manifest, settings.max_rows)
        limits = InstanceLimits(settings.max_rows, settings.max_image_pixels)
        self.decoder: Decoder = decoder_of(manifest, limits)
        self.encoder = PredictionEncoder(manifest)
        # Models with equal inputs, names and layouts and what training saw included, share the
        # decoding of instances.
        self.takes = manifest.model_dump_json(include={"inputs"})
        self._batcher = Batcher(self.name, session, policy, thread, statistics)
        self._watchers: list[Watcher] = []

    def watch(self, watcher: Watcher) -> None:
        """Tell the watcher of every request from now on."""
        self._watchers.append(watcher)

    async def infer(self, batch: Batch, where: str = "instances") -> Batch:
        """The outputs for a batch, which may run together with other requests; counted and timed.

        Args:
            where: what the request calls its rows, for messages.

        Raises:
            BusyError: too many rows wait for this model.
            DeadlineError: the outputs were not there in time.
            InvalidError: the model cannot answer a row, for a value that is missing or unknown.
            ModelError: an answer is not a finite number.
        """
        self.statistics.started()
        started = time.perf_counter_ns()
        try:
            outputs = await self._batcher.infer(batch)
            self._require_numbers(batch, outputs, where)
        except BaseException as error:
            # A cancelled request, whose client left, counts as failed too.
            ns = time.perf_counter_ns() - started
            self.statistics.failed(ns)
            for watcher in self._watchers:
                watcher.failed(batch, error, ns / 1e9)
            raise
        ns = time.perf_counter_ns() - started
        self.statistics.succeeded(ns)
        for watcher in self._watchers:
            watcher.answered(batch, outputs, ns / 1e9)
        return outputs

    def answer(self, batch: Batch) -> Batch:
        """The outputs for a batch, on this thread; see `infer` for the errors of a model."""
        outputs = self.session.predict(batch)
        self._require_numbers(batch, outputs, "instances")
        return outputs

    def _require_numbers(self, batch: Batch, outputs: Batch, where: str) -> None:
        """Refuse answers that are not finite numbers, for which JSON has nothing but null.

        Where the row lacks a value the client can send one; otherwise the model is at fault.
        """
        wrong = self.encoder.without_answer(outputs)
        if not wrong:
            return
        whole = [row for row in wrong if is_whole(batch.slice(row, row + 1))]
        if whole:
            self.statistics.refused("not_finite", len(whole))
            output = wrong[min(whole)]
            raise ModelError(
                f"model {self.name!r} version {self.version} gave no finite number as "
                f"{output.role} (output {output.name!r}) for {where}[{min(whole)}]; name another "
                "model or version, or train it again"
            )
        row = min(wrong)
        raise InvalidError(
            f"{where}[{row}] {no_answer(wrong[row])}; send another value", loc=[where, row]
        )

    def worth_watching(self, rows: int) -> bool:
        """True if `rows` more rows would take so long that the client may leave meanwhile."""
        return self._batcher.seconds(rows) > WATCHED_SECONDS
