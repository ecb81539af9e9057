"""Graphs for other devices beside a model's own: `cuda` for trees, which have no kernel there.

A variant is written only if it answers as the model itself does; both are asked on the CPU, whose
whole-number steps and double sums are those of any device (training/export/tensors.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from contract.manifest import MANIFEST_FILE, Manifest
from contract.repository import Entry, audit, check_graph, record_of, write
from training.answers import Answers, ask
from training.datasets import Dataset
from training.errors import ParityError
from training.export.packing import serialize
from training.export.tensors import has_trees, tensor_graph

CUDA_FILE = "model.cuda.onnx"
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Agreement:
    """How a variant answers against the model it stands for; no label differs."""

    samples: int
    max_probability_difference: float


@dataclass(frozen=True)
class Added:
    """A variant that was written: its bytes, and its agreement on each set of samples."""

    manifest: Manifest
    bytes: int
    agreement: dict[str, Agreement]


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
    images: NDArray[np.uint8],
    own: Answers,
    tolerance: float = TOLERANCE,
) -> Agreement:
    """Compare a variant's answers with the model's own.

    Raises:
        ParityError: a label differs, or a probability by more than the tolerance.
    """
    answers = ask(variant, images)
    wrong, difference = answers.mismatches(own), answers.difference(own)
    if wrong or not difference <= tolerance:
        raise ParityError(
            f"{name}: the variant differs from the model in {wrong} labels and by "
            f"{difference:.2g} in a probability (limit {tolerance:g}); nothing was written"
        )
    return Agreement(len(images), difference)


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
    golden = artifact.golden
    recorded = Answers(golden.label, golden.probabilities)
    found = {"golden": agreement(str(entry), variant, golden.images, recorded)}
    if data is not None:
        own = ask(artifact.graph, data.test.images)
        found["test"] = agreement(str(entry), variant, data.test.images, own)
    record = record_of(CUDA_FILE, variant)
    manifest = artifact.manifest.model_copy(
        update={"files": {**artifact.manifest.files, "cuda": record}}
    )
    check_graph(variant, manifest)
    present = {path.name: path.read_bytes() for path in entry.path.iterdir() if path.is_file()}
    present.pop(MANIFEST_FILE)
    write(entry.path.parent.parent, manifest, {**present, CUDA_FILE: variant})
    return Added(manifest, len(variant), found)
