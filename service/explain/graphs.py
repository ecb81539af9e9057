"""Explanation graphs that training exported beside a model.

A graph is audited and loaded when the first explanation asks for it, so models that are never
explained cost nothing.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import onnxruntime as ort

from contract.batch import Array
from contract.errors import ContractError
from contract.explanations import ATTRIBUTION, BASE, TARGET, VALUE
from contract.explanations import Explanation as Record
from contract.manifest import Manifest
from contract.repository import Entry, read_explanation
from service.errors import ModelError, UnavailableError
from service.explain.method import Explanation
from service.explain.question import Question
from service.inference.binding import first_line
from service.inference.session import options_of
from service.settings import Settings


class GraphMethod:
    """The explanation graph of one method of one model; see `Method`."""

    def __init__(
        self, entry: Entry, manifest: Manifest, record: Record, settings: Settings
    ) -> None:
        self.name: str = record.method
        self._entry, self._manifest, self._record = entry, manifest, record
        self._settings, self._lock = settings, threading.Lock()
        self._session: ort.InferenceSession | None = None

    def explain(self, question: Question) -> Explanation:
        """See `Method`."""
        inputs: dict[str, Array] = dict(question.row.arrays)
        if question.target is not None:
            inputs[TARGET] = np.array([question.target])
        attribution, base, value = self._run(inputs)
        parts = attribution[0]
        found = Explanation(
            explains=self._record.explains,
            attribution=self._encoded(parts),
            base=float(base[0]),
            value=float(value[0]),
            total=float(base[0]) + float(parts.sum(dtype=np.float64)),
            additive=True,
            standard_error=None,
            runs=1,
        )
        if not self._record.allows(found.gap, found.value - found.base):
            raise ModelError(
                f"the contributions of {self.name} for model {self._manifest.name!r} miss its "
                f"answer by {abs(found.gap):.2g}, so they are not shown; ask for another method"
            )
        return found

    def _encoded(self, parts: Array) -> Any:
        columns = self._manifest.columns
        return dict(zip(columns, parts.tolist(), strict=True)) if columns else parts

    def _run(self, inputs: dict[str, Array]) -> list[Array]:
        try:
            found: list[Array] = self._loaded().run([ATTRIBUTION, BASE, VALUE], inputs)
        except (ContractError, UnavailableError):
            raise
        except Exception as error:  # ONNX Runtime's exceptions have no common base
            raise ModelError(
                f"{self.name} cannot explain this row ({first_line(error)}); ask for another method"
            ) from error
        return found

    def _loaded(self) -> ort.InferenceSession:
        with self._lock:
            if self._session is None:
                self._session = self._load()
            return self._session

    def _load(self) -> ort.InferenceSession:
        """Raise UnavailableError if the graph fails its audit."""
        try:
            graph = read_explanation(self._entry, self._manifest, self._record)
            return ort.InferenceSession(
                graph, options_of(self._settings), providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise UnavailableError(
                f"the graph of {self.name} for model {self._manifest.name!r} cannot be used: "
                f"{first_line(error)}"
            ) from error
