"""The feature maps of a network as outputs of its graph, and what excites each channel."""

from __future__ import annotations

import base64
import io

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from PIL import Image

from contract.layers import Layer
from training.explain.gradients import chain_of, shapes_of
from training.export.packing import serialize

STRONGEST = 5
_SCALE = 8  # pixels of the picture for each weight of a filter
_BATCH = 1_000


def layers_of(
    model: ModelProto, pixels: str, scores: str, training: NDArray[np.uint8]
) -> tuple[tuple[Layer, ...], bytes]:
    """The convolutions with what follows each, and the graph that returns their maps.

    Args:
        pixels, scores: tensors of the model between which its layers stand.
        training: images uint8 [n, height, width] among which the strongest are looked for.
    """
    shapes = shapes_of(model)
    blocks = _blocks(chain_of(model, pixels, scores), shapes)
    names = [f"conv{i}" for i in range(1, len(blocks) + 1)]
    graph = _graph(
        model,
        {name: block[-1].output[0] for name, block in zip(names, blocks, strict=True)},
        shapes,
    )
    means = _means(graph, names, training)
    weights = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    found = []
    for i, (name, block) in enumerate(zip(names, blocks, strict=True)):
        channels, height, width = shapes[block[-1].output[0]]
        order = np.argsort(-means[name], axis=0, kind="stable")[:STRONGEST]
        found.append(
            Layer(
                name=name,
                kind=_kind(block, weights),
                shape=(channels, height, width),
                filters=_filters(weights[block[0].input[1]]) if i == 0 else None,
                strongest=tuple(tuple(map(int, column)) for column in order.T),
            )
        )
    return tuple(found), graph


def _blocks(nodes: list[NodeProto], shapes: dict[str, tuple[int, ...]]) -> list[list[NodeProto]]:
    """Each convolution with the nodes that follow it and keep maps."""
    blocks: list[list[NodeProto]] = []
    for node in nodes:
        if node.op_type == "Conv":
            blocks.append([node])
        elif blocks and len(shapes[node.output[0]]) == 3:
            blocks[-1].append(node)
    return blocks


def _graph(model: ModelProto, outputs: dict[str, str], shapes: dict[str, tuple[int, ...]]) -> bytes:
    """The model up to its last maps, which it returns under the names of the layers."""
    last = max(i for i, n in enumerate(model.graph.node) if n.output[0] in outputs.values())
    kept = list(model.graph.node)[: last + 1]
    read = {name for node in kept for name in node.input}
    named = [helper.make_node("Identity", [tensor], [name]) for name, tensor in outputs.items()]
    graph = helper.make_graph(
        [*kept, *named],
        "layers",
        list(model.graph.input),
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *shapes[tensor]])
            for name, tensor in outputs.items()
        ],
        [i for i in model.graph.initializer if i.name in read],
    )
    made = helper.make_model(
        graph, opset_imports=list(model.opset_import), ir_version=model.ir_version,
        producer_name="rosenblatt",
    )  # fmt: skip
    onnx.checker.check_model(made, full_check=True)
    return serialize(made)


def _means(
    graph: bytes, names: list[str], images: NDArray[np.uint8]
) -> dict[str, NDArray[np.float32]]:
    """The mean of each map, by layer, [images, channels]."""
    session = ort.InferenceSession(graph)
    (given,) = session.get_inputs()
    found: dict[str, list[NDArray[np.float32]]] = {name: [] for name in names}
    for start in range(0, len(images), _BATCH):
        maps = session.run(names, {given.name: images[start : start + _BATCH]})
        for name, each in zip(names, maps, strict=True):
            found[name].append(each.mean(axis=(2, 3)))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _kind(block: list[NodeProto], weights: dict[str, NDArray[np.generic]]) -> str:
    """What a block does, in words."""
    words = {"Relu": "ReLU", "MaxPool": "maximum of windows", "BatchNormalization": "normalisation"}
    height, width = weights[block[0].input[1]].shape[2:]
    parts = [f"{height}x{width} convolution"]
    parts += [words.get(node.op_type, node.op_type) for node in block[1:]]
    return ", ".join(parts)


def _filters(weights: NDArray[np.generic]) -> str:
    """Filters [channels, 1 or 3, height, width] side by side, grey 128 for zero, PNG in base64."""
    grey = weights.astype(np.float64).mean(axis=1)
    largest = np.abs(grey).max() or 1.0
    bytes_ = np.round(127.5 + 127.5 * grey / largest).astype(np.uint8)
    framed = np.pad(bytes_, ((0, 0), (0, 1), (0, 1)), constant_values=255)
    row = np.concatenate(list(framed), axis=1)
    picture = Image.fromarray(row).resize(
        (row.shape[1] * _SCALE, row.shape[0] * _SCALE), Image.Resampling.NEAREST
    )
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()
