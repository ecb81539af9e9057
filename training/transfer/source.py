"""A version of the repository -> its network in torch, which answers as its graph does.

The audited graph is the only source of the weights: there is no checkpoint, and no pickle is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from contract.answers import Difference, compare
from contract.batch import Batch
from contract.manifest import Manifest
from contract.repository import Artifact, Entry, audit, entries
from training.answers import run_graph
from training.calibration import probabilities
from training.errors import ParityError, TransferError
from training.loop import scores
from training.transfer.layers import layers_of

# As for the export of a network: both sum in float32, in different orders.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Source:
    """A network to start from.

    Attributes:
        sha256: of the graph that the weights were read from.
        body: the layers up to the first dense one; head: that and those behind it.
        parity: agreement of the network with its graph.
    """

    manifest: Manifest
    sha256: str
    body: tuple[nn.Module, ...]
    head: tuple[nn.Module, ...]
    parity: Difference

    @property
    def network(self) -> nn.Module:
        """The network as it is served, to scores."""
        return nn.Sequential(*self.body, *self.head)

    def scores(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The network's scores, float64 [n, classes], for images uint8 [n, 28, 28]."""
        return scores(self.network, images)

    def __str__(self) -> str:
        return f"{self.manifest.name} version {self.manifest.version}"


def read_source(root: Path, source: str) -> Source:
    """The network of a version in a repository.

    Args:
        source: a name, for its highest version, or name and version as `digits-cnn/1`.

    Raises:
        ContractError: the repository cannot be read, or the version fails its audit.
        TransferError: there is no such version, or it is no network that can be read.
        ParityError: the network answers otherwise than its graph.
    """
    entry = _entry(root, source)
    artifact = audit(entry)
    _check_form(entry, artifact.manifest)
    model = onnx.load_from_string(artifact.graph)
    try:
        layers = layers_of(model, artifact.manifest.inputs[0].name)
    except TransferError as error:
        raise TransferError(f"{entry} {error}; give --from a network such as digits-cnn") from error
    body, head = _parts(entry, layers)
    parity = _parity(entry, artifact, model, nn.Sequential(*layers))
    return Source(artifact.manifest, artifact.manifest.files["default"].sha256, body, head, parity)


def _entry(root: Path, source: str) -> Entry:
    name, _, version = source.partition("/")
    found = {
        str(entry.version): entry
        for entry in entries(root, on_stray=lambda _: None)
        if entry.name == name
    }
    if not found:
        names = sorted({entry.name for entry in entries(root, on_stray=lambda _: None)})
        raise TransferError(
            f"--from {source!r} names no model of {root}, which holds "
            f"{', '.join(names) or 'none'}; name one, or another repository with --models"
        )
    if version and version not in found:
        raise TransferError(
            f"--from {source!r} names no version of {name} in {root}; it has {', '.join(found)}"
        )
    return found[version] if version else max(found.values(), key=lambda entry: entry.version)


def _check_form(entry: Entry, manifest: Manifest) -> None:
    """The form that `training.export.envelope` gives."""
    inputs = [(one.datatype, one.shape) for one in manifest.inputs]
    outputs = {one.name for one in manifest.outputs}
    if inputs != [("UINT8", (-1, 28, 28))] or outputs != {"label", "probabilities"}:
        raise TransferError(
            f"{entry} does not take grey 28x28 images and return a label and probabilities; give "
            "--from a network such as digits-cnn"
        )


def _parts(
    entry: Entry, layers: Sequence[nn.Module]
) -> tuple[tuple[nn.Module, ...], tuple[nn.Module, ...]]:
    dense = [place for place, layer in enumerate(layers) if isinstance(layer, nn.Linear)]
    if not dense or not any(isinstance(layer, nn.Conv2d) for layer in layers[: dense[0]]):
        raise TransferError(
            f"{entry} has no convolutions before a dense layer; give --from a network such as "
            "digits-cnn"
        )
    return tuple(layers[: dense[0]]), tuple(layers[dense[0] :])


def _parity(
    entry: Entry, artifact: Artifact, model: onnx.ModelProto, network: nn.Module
) -> Difference:
    """Agreement on the golden images and on images that no one would draw."""
    (name,) = (one.name for one in artifact.manifest.inputs)
    images = np.concatenate([artifact.golden.inputs[name], _strange()])
    logits = scores(network, images)
    expected = Batch(
        {
            "label": logits.argmax(axis=1),
            "probabilities": probabilities(logits, _temperature(model)),
        }
    )
    answers = run_graph(artifact.graph, Batch({name: images}))
    difference = compare(expected, answers, artifact.manifest.outputs)
    if not difference.within(TOLERANCE):
        raise ParityError(
            f"{entry}: the network read from its graph answers otherwise: {difference} (limit "
            f"{TOLERANCE:g}); give --from a network that this repository's training wrote"
        )
    return difference


def _temperature(model: onnx.ModelProto) -> float:
    found = [one for one in model.graph.initializer if one.name == "inverse_temperature"]
    return 1 / float(numpy_helper.to_array(found[0])) if found else 1.0


def _strange() -> NDArray[np.uint8]:
    """Black, white, and noise, uint8 [10, 28, 28]."""
    noise = np.random.default_rng(0).integers(0, 256, (8, 28, 28)).astype(np.uint8)
    return np.concatenate([np.zeros_like(noise[:1]), np.full_like(noise[:1], 255), noise])
