"""Auxiliary graphs of a version: explanations and the layers of a network, beside its own graph.

They are audited as the model's graph is, against the tensors that their kind has.
"""

from __future__ import annotations

from collections.abc import Callable

from contract import explanations, layers
from contract.errors import GraphError
from contract.explanations import Explanation
from contract.manifest import Manifest
from contract.repository import Entry, check_tensors, read_file


def read_explanation(entry: Entry, manifest: Manifest, explanation: Explanation) -> bytes:
    """The audited graph of an explanation.

    Raises:
        ArtifactError: the file is missing or differs from the manifest.
        GraphError: the graph is unreadable, unsafe, or its tensors are not an explanation's.
    """
    return _read(entry, manifest, explanation.variant, check_explanation)


def read_layers(entry: Entry, manifest: Manifest) -> bytes:
    """The audited graph of a network's layers, which the manifest must have.

    Raises:
        ArtifactError: the file is missing or differs from the manifest.
        GraphError: the graph is unreadable, unsafe, or its tensors are not the layers'.
    """
    return _read(entry, manifest, layers.VARIANT, check_layers)


def check_explanation(graph: bytes, manifest: Manifest) -> None:
    """Check that a graph is safe and has the tensors of an explanation of this model.

    Raises:
        GraphError: it does not.
    """
    classes = manifest.task == "classification"
    check_tensors(graph, *explanations.signature(manifest.inputs, classes=classes))


def check_layers(graph: bytes, manifest: Manifest) -> None:
    """Check that a graph is safe and has the tensors of the layers of this model.

    Raises:
        GraphError: it does not.
    """
    check_tensors(graph, *layers.signature(manifest.inputs, manifest.layers))


def _read(
    entry: Entry, manifest: Manifest, variant: str, check: Callable[[bytes, Manifest], None]
) -> bytes:
    record = manifest.files[variant]
    graph = read_file(entry, record)
    try:
        check(graph, manifest)
    except GraphError as error:
        raise GraphError(f"{entry.path / record.path}: {error}") from error
    return graph
