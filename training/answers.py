"""Running a graph on the CPU."""

from __future__ import annotations

import onnxruntime as ort

from contract.batch import Batch

_BATCH = 1_000


def run_graph(graph: bytes, batch: Batch, rows: int = _BATCH) -> Batch:
    """Every output of a serialised ONNX graph for a batch of at least one row.

    Args:
        rows: that are asked at once.
    """
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    parts = [batch.slice(start, start + rows) for start in range(0, len(batch), rows)]
    answers = [session.run(names, dict(part.arrays)) for part in parts]
    return Batch.join([Batch(dict(zip(names, answer, strict=True))) for answer in answers])
