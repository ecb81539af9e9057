"""What a graph answers, and how far two graphs' answers lie apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

_BATCH = 1_000


@dataclass(frozen=True)
class Answers:
    """label: int64 [n]; probabilities: float32 [n, classes]."""

    label: NDArray[np.int64]
    probabilities: NDArray[np.float32]

    def mismatches(self, other: Answers) -> int:
        """Labels that differ."""
        return int(np.sum(self.label != other.label))

    def difference(self, other: Answers) -> float:
        """Largest absolute difference in a probability."""
        return float(np.abs(self.probabilities - other.probabilities).max())


def ask(graph: bytes, images: NDArray[np.uint8]) -> Answers:
    """The answers of a graph on the CPU to images, uint8 [n, 28, 28], n of at least one."""
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    parts = [
        session.run(["label", "probabilities"], {"images": images[start : start + _BATCH]})
        for start in range(0, len(images), _BATCH)
    ]
    labels, probabilities = zip(*parts, strict=True)
    return Answers(np.concatenate(labels), np.concatenate(probabilities))
