"""Variants of a model's graph for other devices: `cuda` for trees, which have no CUDA kernel.

A variant is written only if its outputs agree with the model's. Both run on the CPU for this check;
the variant's integer steps and double-precision sums give the same results on every device
(training/export/tensors.py).
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
from training.answers import run_graph
from training.datasets import Dataset
from training.errors import ParityError
from training.export.packing import serialize
from training.export.tensors import has_trees, tensor_graph

CUDA_FILE = "model.cuda.onnx"
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Added:
    """A written variant: its size in bytes, and its agreement on each set of samples."""

    manifest: Manifest
    bytes: int
    agreement: dict[str, Difference]


def cuda_variant(graph: bytes) -> bytes | None:
    """The variant of `graph` for a GPU, or None if `graph` itself can run there.

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
    """Compare a variant's outputs with the model's own.

    Args:
        name: the model's name, for messages.
        own: the model's outputs for `inputs`.

    Raises:
        ParityError: a label differs, or a number differs by more than the tolerance.
    """
    difference = compare(own, run_graph(variant, inputs), outputs)
    if not difference.within(tolerance):
        raise ParityError(
            f"{name}: the variant's outputs differ from the model's: {difference} "
            f"(limit {tolerance:g}); nothing was written"
        )
    return difference


def add_cuda(entry: Entry, data: Dataset | None = None) -> Added | None:
    """Write a version's `cuda` variant next to it; returns None if it needs none.

    Parity is checked on the golden samples, and on the test set if `data` is given.

    Raises:
        ContractError: the version fails its audit.
        TrainingError: its trees cannot be rewritten, or the variant's outputs differ.
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
        own = run_graph(artifact.graph, test)
        found["test"] = agreement(str(entry), variant, test, own, manifest.outputs)
    record = record_of(CUDA_FILE, variant)
    manifest = manifest.model_copy(update={"files": {**manifest.files, "cuda": record}})
    check_graph(variant, manifest)
    present = {path.name: path.read_bytes() for path in entry.path.iterdir() if path.is_file()}
    present.pop(MANIFEST_FILE)
    write(entry.path.parent.parent, manifest, {**present, CUDA_FILE: variant})
    return Added(manifest, len(variant), found)
