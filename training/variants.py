"""Graphs for other devices beside a model's own: `cuda` for trees, which have no kernel there.

A variant is written only if it answers as the model itself does; both are asked on the CPU, whose
whole-number steps and double sums are those of any device (training/export/tensors.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import onnx

from contract.answers import Difference, compare
from contract.batch import Batch
from contract.manifest import MANIFEST_FILE, Manifest
from contract.repository import Entry, audit, check_graph, record_of, write
from contract.tensors import Output
from training.answers import ask
from training.datasets import Dataset
from training.errors import ParityError
from training.export.packing import serialize
from training.export.tensors import has_trees, tensor_graph

CUDA_FILE = "model.cuda.onnx"
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Added:
    """A variant that was written: its bytes, and its agreement on each set of samples."""

    manifest: Manifest
    bytes: int
    agreement: dict[str, Difference]


def cuda_variant(graph: bytes) -> bytes | None:
    """The graph that stands for `graph` on a GPU, or None where it can stand for itself.

    Raises:
        ExportError: its trees cannot be rewritten as tensors.
    """
    model = onnx.load_from_string(graph)
    return serialize(tensor_graph(model)) if has_trees(model) else None


def agreement(
    name: str,
    variant: bytes,
    inputs: Batch,
    own: Batch,
    outputs: Sequence[Output],
    tolerance: float = TOLERANCE,
) -> Difference:
    """Compare a variant's answers with the model's own.

    Raises:
        ParityError: a label differs, or a number by more than the tolerance.
    """
    difference = compare(own, ask(variant, inputs), outputs)
    if not difference.within(tolerance):
        raise ParityError(
            f"{name}: the variant does not answer as the model does: {difference} "
            f"(limit {tolerance:g}); nothing was written"
        )
    return difference


def add_cuda(entry: Entry, data: Dataset | None = None) -> Added | None:
    """Write a version's `cuda` variant beside it; None where it needs none.

    Parity is checked on the golden samples, and on the test set where `data` is given.

    Raises:
        ContractError: the version fails its audit.
        TrainingError: its trees cannot be rewritten, or the variant answers otherwise.
    """
    artifact = audit(entry)
    variant = cuda_variant(artifact.graph)
    if variant is None:
        return None
    golden, manifest = artifact.golden, artifact.manifest
    found = {
        "golden": agreement(str(entry), variant, golden.inputs, golden.outputs, manifest.outputs)
    }
    if data is not None:
        test = Batch({manifest.inputs[0].name: data.test.images})
        own = ask(artifact.graph, test)
        found["test"] = agreement(str(entry), variant, test, own, manifest.outputs)
    record = record_of(CUDA_FILE, variant)
    manifest = manifest.model_copy(update={"files": {**manifest.files, "cuda": record}})
    check_graph(variant, manifest)
    present = {path.name: path.read_bytes() for path in entry.path.iterdir() if path.is_file()}
    present.pop(MANIFEST_FILE)
    write(entry.path.parent.parent, manifest, {**present, CUDA_FILE: variant})
    return Added(manifest, len(variant), found)
