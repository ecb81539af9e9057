"""What lies beside the graph of a version: explanations, and the layers of a network.

Graphs are audited as the model's graph is, against the tensors that their kind has.
"""

from __future__ import annotations

from collections.abc import Callable

from contract import explanations, layers
from contract.errors import ArtifactError, GraphError
from contract.explanations import Explanation
from contract.manifest import Manifest
from contract.repository import Entry, check_tensors, read_file
from contract.strongest import StrongestImages, read_strongest


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


def read_strongest_images(entry: Entry, manifest: Manifest) -> StrongestImages | None:
    """The training images that a network's layers name; None if the version has none.

    Raises:
        ArtifactError: the file is missing or differs from the manifest.
    """
    record = manifest.strongest_images
    if record is None:
        return None
    data = read_file(entry, record)
    try:
        return read_strongest(data, manifest)
    except ArtifactError as error:
        raise ArtifactError(f"{entry.path / record.path} {error}") from error


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
