"""Chooses requests of one version for the log."""

from __future__ import annotations

import logging
import random
import time

from contract.batch import Batch
from service.request_log.line import Line, kept, size_of
from service.request_log.log import RequestLog
from service.serving.served import Served
from service.settings import Settings

logger = logging.getLogger(__name__)


class RequestLogWatcher:
    """Logs a share of the requests to one version; a `Watcher`.

    Pictures and free texts are left out unless the settings ask for them. Failed requests are
    chosen like others.
    """

    def __init__(self, served: Served, log: RequestLog, settings: Settings) -> None:
        self._served = served
        self._log = log
        self._share = settings.request_log_share
        unwanted = set()
        if not settings.request_log_pictures:
            unwanted.add("image")
        if not settings.request_log_texts:
            unwanted.add("text")
        inputs = served.manifest.inputs
        self._inputs = [tensor for tensor in inputs if tensor.content not in unwanted]
        self._omitted = [
            name
            for tensor in inputs
            if tensor.content in unwanted
            for name in (tensor.columns or (tensor.name,))
        ]
        # Sampling hides nothing from anybody, so it need not be unpredictable.
        self._random = random.Random()  # noqa: S311

    def answered(self, batch: Batch, outputs: Batch, seconds: float) -> None:
        """Log the request, if it is chosen."""
        if self._random.random() < self._share:
            self._add(batch, outputs, seconds, None)

    def failed(self, batch: Batch, error: BaseException, seconds: float) -> None:
        """Log the failure, if it is chosen."""
        if self._random.random() < self._share:
            self._add(batch, None, seconds, type(error).__name__)

    def _add(self, batch: Batch, outputs: Batch | None, seconds: float, error: str | None) -> None:
        try:
            served = self._served
            wanted = {tensor.name: kept(batch.arrays[tensor.name]) for tensor in self._inputs}
            inputs = Batch(wanted) if wanted else None
            if outputs is not None:
                outputs = Batch({name: kept(array) for name, array in outputs.arrays.items()})
            line = Line(
                time.time(), served.name, served.version, seconds, batch.rows, self._inputs,
                self._omitted, inputs, outputs, served.encoder, error,
            )  # fmt: skip
            self._log.add(line, size_of(inputs) + size_of(outputs))
        except Exception:
            # Logging must not fail a request.
            logger.exception("a request to %s could not be logged", self._served.name)
