"""Texts as they were read, and the input of their graphs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ValueInfoProto

from contract.batch import Batch
from contract.histogram import histogram_of
from contract.seen import Range, TextRange
from contract.tensors import Input
from training.export.graph import Graph, tensor
from training.fit.splits import Indices
from training.fit.texts.words import Splitter, Words

# Names that the graphs' outputs have.
_OUTPUTS = ("label", "probabilities", "value", "interval")


@dataclass(frozen=True, eq=False)
class Texts:
    """Rows of one column: texts, str [n]; a missing one is the empty string."""

    column: str
    texts: NDArray[Any]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Indices) -> Texts:
        """Some rows."""
        return self.holding(self.texts[rows])

    def holding(self, texts: NDArray[Any]) -> Texts:
        """The same column with other texts."""
        return replace(self, texts=texts)


class TextTensors:
    """The input of a graph: the text, named as its column.

    Args:
        rows: the training rows, whose range the manifest keeps.
    """

    def __init__(self, rows: Texts) -> None:
        self._rows = rows
        self._name = f"column:{rows.column}" if rows.column in _OUTPUTS else rows.column

    def specs(self) -> tuple[Input, ...]:
        """As the manifest describes it."""
        lengths = [len(text) for text in self._rows.texts]
        present = [length for length in lengths if length] or [0]
        seen = TextRange(
            content="text",
            characters=Range(low=min(present), high=max(present)),
            missing=lengths.count(0) / len(lengths),
            histogram=histogram_of(np.array(present)),
        )
        column = self._rows.column
        return (
            Input(name=self._name, datatype="BYTES", shape=(-1,), content="text",
                  columns=(column,), seen=(seen,)),
        )  # fmt: skip

    def values(self) -> list[ValueInfoProto]:
        """As the graph declares it."""
        return [tensor(self._name, "BYTES", ())]

    def batch(self, rows: Texts) -> Batch:
        """Rows as the graph takes them."""
        return Batch({self._name: rows.texts})

    def features(self, graph: Graph) -> TextFeatures:
        """The text inside a graph."""
        return TextFeatures(graph, self._name)


class TextFeatures:
    """The text inside a graph; its words are written once for each way to cut."""

    def __init__(self, graph: Graph, texts: str) -> None:
        self.graph = graph
        self.texts = texts
        self._words: dict[Splitter, Words] = {}

    def words(self, splitter: Splitter) -> Words:
        """The words of all rows."""
        if splitter not in self._words:
            self._words[splitter] = splitter.write(self.graph, self.texts)
        return self._words[splitter]
