"""The nodes of a graph as torch modules: the weights are taken out of what is served.

Only a chain of the layers below is read, which is what `training.export.network` writes of a
convolutional network. The exporter folds a batch normalisation into the convolution before it
where it can; the others are constants per channel, whose statistics are not estimated again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import Tensor, nn

from training.cnn import Scale
from training.errors import TransferError

_WHITE = 255.0
Constants = Mapping[str, NDArray[Any]]


class FrozenNorm(nn.BatchNorm2d):
    """A batch normalisation whose statistics stay those of the source, in training too."""

    def train(self, mode: bool = True) -> FrozenNorm:
        """Stay in evaluation mode."""
        super().train(False)
        return self


def layers_of(model: onnx.ModelProto, image: str) -> list[nn.Module]:
    """The layers between a graph's image and its scores, in order, with their weights.

    Together they take float [n, 1, 28, 28] of 0 to 255 and return scores [n, classes].

    Args:
        image: name of the graph's input.

    Raises:
        TransferError: a node is no such layer, or two follow one; the message continues a
            sentence that starts with the model's name.
    """
    constants = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    found: list[nn.Module] = []
    tensor = image
    while True:
        nodes = [node for node in model.graph.node if tensor in node.input]
        if any(node.op_type == "ArgMax" for node in nodes):
            return found
        for node in nodes:
            _check_known(node.op_type)
        if len(nodes) != 1:
            raise TransferError(f"has {len(nodes)} layers after {tensor!r}, where one can follow")
        found += _layer(_Node.of(nodes[0], constants))
        tensor = nodes[0].output[0]


@dataclass(frozen=True)
class _Node:
    """One node: its operator, attributes, and the constants among its inputs."""

    operator: str
    attributes: dict[str, Any]
    constants: tuple[NDArray[Any], ...]

    @classmethod
    def of(cls, node: onnx.NodeProto, constants: Constants) -> _Node:
        return cls(
            node.op_type,
            {one.name: helper.get_attribute_value(one) for one in node.attribute},
            tuple(constants[name] for name in node.input if name in constants),
        )

    def is_plain(self, **defaults: Any) -> bool:
        """True if every one of these attributes has its default or is absent."""
        return all(self.attributes.get(name, value) == value for name, value in defaults.items())


def _layer(node: _Node) -> list[nn.Module]:
    """The module of a node; none for casts and for the axis of channels."""
    found = _READERS[node.operator](node)
    if found is None:
        raise TransferError(
            f"has a node {node.operator} with settings that transfer learning does not read, such "
            "as groups, dilations or unequal padding"
        )
    return found


def _check_known(operator: str) -> None:
    if operator not in _READERS:
        raise TransferError(
            f"has a node {operator}; transfer learning reads chains of "
            f"{', '.join(sorted(_READERS))}"
        )


def _nothing(node: _Node) -> list[nn.Module]:
    return []


def _scale(node: _Node) -> list[nn.Module] | None:
    divisors = node.constants
    return [Scale()] if len(divisors) == 1 and float(divisors[0]) == _WHITE else None


def _convolution(node: _Node) -> list[nn.Module] | None:
    padding = _padding(node)
    if padding is None or not node.constants or not node.is_plain(group=1, dilations=[1, 1]):
        return None
    weight, *bias = node.constants
    filters, channels, *kernel = weight.shape
    strides = tuple(node.attributes.get("strides", (1, 1)))
    layer = nn.Conv2d(channels, filters, tuple(kernel), strides, padding, bias=bool(bias))
    _set(layer.weight, weight)
    if bias and layer.bias is not None:
        _set(layer.bias, bias[0])
    return [layer]


def _pooling(node: _Node) -> list[nn.Module] | None:
    padding = _padding(node)
    if padding is None or not node.is_plain(ceil_mode=0, dilations=[1, 1]):
        return None
    kernel = tuple(node.attributes["kernel_shape"])
    return [nn.MaxPool2d(kernel, tuple(node.attributes.get("strides", (1, 1))), padding)]


def _padding(node: _Node) -> tuple[int, int] | None:
    """Zeros on either side of both axes; None if the sides differ."""
    top, left, bottom, right = node.attributes.get("pads", (0, 0, 0, 0))
    if (top, left) != (bottom, right) or not node.is_plain(auto_pad=b"NOTSET"):
        return None
    return top, left


def _norm(node: _Node) -> list[nn.Module] | None:
    if len(node.constants) != 4:
        return None
    scale, shift, mean, variance = node.constants
    layer = FrozenNorm(len(scale), eps=node.attributes.get("epsilon", 1e-5))
    _set(layer.weight, scale)
    _set(layer.bias, shift)
    for buffer, values in ((layer.running_mean, mean), (layer.running_var, variance)):
        if buffer is not None:
            _set(buffer, values)
    layer.eval()
    return [layer]


def _dense(node: _Node) -> list[nn.Module] | None:
    plain = node.is_plain(alpha=1.0, beta=1.0, transA=0)
    if not plain or not node.constants or node.constants[0].ndim != 2:
        return None
    weight, *bias = node.constants
    weight = weight if node.attributes.get("transB", 0) else weight.T
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    _set(layer.weight, weight)
    _set(layer.bias, bias[0] if bias else np.zeros(len(layer.bias), np.float32))
    return [layer]


def _set(target: Tensor, values: NDArray[Any]) -> None:
    with torch.no_grad():
        target.copy_(torch.tensor(np.ascontiguousarray(values)))


_READERS: dict[str, Callable[[_Node], list[nn.Module] | None]] = {
    "BatchNormalization": _norm,
    "Cast": _nothing,
    "Conv": _convolution,
    "Div": _scale,
    "Flatten": lambda node: [nn.Flatten()],
    "Gemm": _dense,
    "MaxPool": _pooling,
    "Relu": lambda node: [nn.ReLU()],
    "Reshape": lambda node: [nn.Flatten()],
    "Unsqueeze": _nothing,
}
