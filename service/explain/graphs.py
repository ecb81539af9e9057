"""Explanation graphs that training exported beside a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from contract.auxiliary import read_explanation
from contract.batch import Array
from contract.explanations import ATTRIBUTION, BASE, TARGET, VALUE
from contract.explanations import Explanation as Record
from contract.manifest import Manifest
from contract.repository import Entry
from service.errors import ModelError
from service.explain.lazy import LazyGraph
from service.explain.method import Explanation
from service.explain.question import Question
from service.settings import Settings


class GraphMethod:
    """The explanation graph of one method of one model; see `Method`."""

    def __init__(
        self, entry: Entry, manifest: Manifest, record: Record, settings: Settings
    ) -> None:
        self.name: str = record.method
        self._manifest, self._record = manifest, record
        self._graph = LazyGraph(
            f"the graph of {record.method} for model {manifest.name!r}",
            lambda: read_explanation(entry, manifest, record),
            settings,
        )

    def explain(self, question: Question) -> Explanation:
        """See `Method`."""
        inputs: dict[str, Array] = dict(question.row.arrays)
        if question.target is not None:
            inputs[TARGET] = np.array([question.target])
        attribution, base, value = self._graph.run([ATTRIBUTION, BASE, VALUE], inputs)
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
