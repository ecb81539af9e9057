"""Running a graph on the CPU."""

from __future__ import annotations

import onnxruntime as ort

from contract.batch import Batch

_BATCH = 1_000


def run_graph(graph: bytes, batch: Batch) -> Batch:
    """Every output of a serialised ONNX graph for a batch of at least one row."""
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    parts = [batch.slice(start, start + _BATCH) for start in range(0, len(batch), _BATCH)]
    answers = [session.run(names, dict(part.arrays)) for part in parts]
    return Batch.join([Batch(dict(zip(names, answer, strict=True))) for answer in answers])
