"""The explanation graphs of this repository's models, made from their served graphs.

What explains is what serves: weights and trees are read from the audited graph, not from a second
training. Trees need the training images too, for the mean answer below each node.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, numpy_helper
from scipy.special import softmax

from contract.auxiliary import check_explanation
from contract.batch import Batch
from contract.explanations import ATTRIBUTION, BASE, TARGET, VALUE, Explained, Explanation, Method
from contract.layers import VARIANT as LAYERS
from contract.layers import Layer
from contract.manifest import MANIFEST_FILE, Manifest
from contract.repository import Entry, audit, record_of, write
from contract.strongest import FILE as STRONGEST
from contract.strongest import StrongestImages
from training.answers import run_graph
from training.errors import ExportError, ParityError
from training.explain.answers import FLOAT, Scale, finish
from training.explain.ensembles import trees_of, with_cover
from training.explain.gradients import write_gradients
from training.explain.layers import layers_of
from training.explain.linear import write_linear
from training.explain.paths import groups_of, write_paths
from training.export.envelope import HEIGHT, VOTE_EPSILON, WIDTH
from training.export.graph import Graph, tensor
from training.export.packing import serialize

EXACT = 1e-5
_CHECKED = 100  # images on which a graph is checked before it is written
_TREES = "TreeEnsemble"


@dataclass(frozen=True)
class Made:
    """An explanation graph, with the largest gap that was found on test images."""

    explanation: Explanation
    graph: bytes
    gap: float


def add_explanations(
    entry: Entry, training: NDArray[np.uint8], test: NDArray[np.uint8]
) -> list[Made]:
    """Write the explanation graphs of a version next to it, and what excites a network's layers.

    Args:
        training: images uint8 [n, 28, 28] that cover the trees, in the order of the indices that
            layers name. test: images to check the graphs.

    Raises:
        ContractError: the version fails its audit.
        ExportError: its graph is none that can be explained.
        ParityError: contributions do not add up to the model's answer.
    """
    artifact = audit(entry)
    manifest, model = artifact.manifest, onnx.load_from_string(artifact.graph)
    made = [
        _checked(manifest, model, artifact.graph, explanation, graph, test)
        for explanation, graph in graphs_of(model, manifest, training)
    ]
    files = {f"{one.explanation.variant}.onnx": one.graph for one in made}
    records = {
        one.explanation.variant: record_of(f"{one.explanation.variant}.onnx", one.graph)
        for one in made
    }
    layers, graph = _layers(model, training)
    strongest = None
    if layers:
        files[f"{LAYERS}.onnx"], files[STRONGEST] = graph, _strongest(layers, training).to_bytes()
        records[LAYERS] = record_of(f"{LAYERS}.onnx", graph)
        strongest = record_of(STRONGEST, files[STRONGEST])
    updated = manifest.model_copy(
        update={
            "files": {**_without_explanations(manifest), **records},
            "explanations": tuple(one.explanation for one in made),
            "layers": layers,
            "strongest_images": strongest,
        }
    )
    present = {path.name: path.read_bytes() for path in entry.path.iterdir() if path.is_file()}
    present.pop(MANIFEST_FILE)
    write(
        entry.path.parent.parent,
        Manifest.model_validate(updated.model_dump()),
        {**present, **files},
    )
    return made


def _without_explanations(manifest: Manifest) -> dict[str, object]:
    old = {LAYERS, *(one.variant for one in manifest.explanations)}
    return {name: record for name, record in manifest.files.items() if name not in old}


def _layers(model: ModelProto, training: NDArray[np.uint8]) -> tuple[tuple[Layer, ...], bytes]:
    """The layers of a network; none of other models."""
    if not any(node.op_type == "Conv" for node in model.graph.node):
        return (), b""
    return layers_of(model, _first(model).output[0], _scores(model), training)


def _strongest(layers: tuple[Layer, ...], training: NDArray[np.uint8]) -> StrongestImages:
    """The training images that the layers name, each once."""
    named = sorted({i for layer in layers for indices in layer.strongest for i in indices})
    return StrongestImages(np.array(named), training[named])


def graphs_of(
    model: ModelProto, manifest: Manifest, training: NDArray[np.uint8]
) -> Iterator[tuple[Explanation, bytes]]:
    """Explanations with their graphs, the default first.

    Args:
        training: images that cover the trees.

    Raises:
        ExportError: the graph is none of a forest, a linear model or a network of this project.
    """
    operators = {node.op_type for node in model.graph.node}
    if _TREES in operators:
        yield _described("path", _link(model)), _paths(model, manifest, training)
    elif "Conv" in operators:
        yield _described("gradient", "score"), _gradients(model, manifest)
    elif "Gemm" in operators:
        yield _described("linear", "score"), _linear(model, manifest)
    else:
        raise ExportError(f"{manifest.name} is no forest, linear model or network of this project")


def _described(method: Method, explains: Explained) -> Explanation:
    return Explanation(
        method=method, variant=f"explain_{method}", explains=explains, tolerance=EXACT
    )


def _link(model: ModelProto) -> Explained:
    """What the trees' sum is: shares of votes pass through a logarithm."""
    votes = any(node.op_type == "Log" for node in model.graph.node)
    return "probability" if votes else "score"


def _paths(model: ModelProto, manifest: Manifest, training: NDArray[np.uint8]) -> bytes:
    trees, classes = trees_of([node for node in model.graph.node if node.op_type == _TREES])
    covered = with_cover(trees, training.reshape(len(training), -1))
    constants = _constants(model)
    graph = Graph()
    parts = write_paths(graph, _flat(graph), covered, groups_of(covered, classes), "<=")
    scale = Scale.by(float(constants["scale"]), constants["base"], len(manifest.labels))
    return _finished(graph, manifest, parts, scale)


def _linear(model: ModelProto, manifest: Manifest) -> bytes:
    constants = _constants(model)
    (gemm,) = (node for node in model.graph.node if node.op_type == "Gemm")
    weights, bias = (constants[name] for name in gemm.input[1:])
    graph = Graph()
    parts = write_linear(graph, _flat(graph), weights, bias)
    return _finished(graph, manifest, parts, Scale.by(1.0, 0.0, len(manifest.labels)))


def _gradients(model: ModelProto, manifest: Manifest) -> bytes:
    graph = Graph()
    pixels = graph.add("Cast", "images", to=FLOAT, output=_first(model).output[0])
    parts = write_gradients(graph, model, pixels, _scores(model))
    return _finished(graph, manifest, parts, Scale.by(1.0, 0.0, len(manifest.labels)))


def _flat(graph: Graph) -> str:
    return graph.add("Flatten", graph.add("Cast", "images", to=FLOAT), axis=1)


def _first(model: ModelProto) -> NodeProto:
    return next(node for node in model.graph.node if node.input[0] == "images")


def _scores(model: ModelProto) -> str:
    """The tensor of which the label is the largest."""
    return str(next(node.input[0] for node in model.graph.node if node.op_type == "ArgMax"))


def _finished(graph: Graph, manifest: Manifest, parts: tuple[str, str, str], scale: Scale) -> bytes:
    images = [tensor("images", "UINT8", (HEIGHT, WIDTH))]
    return serialize(
        finish(graph, "explanation", images, manifest.inputs, parts, scale, classes=True)
    )


def _constants(model: ModelProto) -> dict[str, NDArray[np.float64]]:
    return {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}


def _checked(
    manifest: Manifest,
    model: ModelProto,
    own: bytes,
    explanation: Explanation,
    graph: bytes,
    test: NDArray[np.uint8],
) -> Made:
    """Check that contributions add up, and that the values give the model's probabilities."""
    check_explanation(graph, manifest)
    images = test[:_CHECKED]
    expected = run_graph(own, Batch({"images": images}))["probabilities"]
    values, gap = [], 0.0
    for k in range(len(manifest.labels)):
        target = np.full(len(images), k)
        answers = run_graph(graph, Batch({"images": images, TARGET: target}))
        change = answers[ATTRIBUTION].reshape(len(images), -1).sum(axis=1)
        gaps = answers[BASE] + change - answers[VALUE]
        if not all(map(explanation.allows, gaps, change)):
            raise ParityError(
                f"{manifest.name}: contributions of {explanation.method} miss the answer by "
                f"{np.abs(gaps).max():.2g} (limit {explanation.tolerance:g}); nothing was written"
            )
        gap = max(gap, float(np.abs(gaps).max()))
        values.append(answers[VALUE])
    logits = np.stack(values, axis=1)
    if explanation.explains == "probability":
        logits = np.log(np.maximum(logits, 0) + VOTE_EPSILON)
    temperature = 1 / float(_constants(model)["inverse_temperature"])
    difference = float(np.abs(softmax(logits / temperature, axis=1) - expected).max())
    if difference > EXACT:
        raise ParityError(
            f"{manifest.name}: what {explanation.method} explains differs from the model's answer "
            f"by {difference:.2g} (limit {EXACT:g}); nothing was written"
        )
    return Made(explanation, graph, gap)
