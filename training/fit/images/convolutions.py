"""Convolutions with their normalisation folded in: run by torch, and written as nodes.

Batch normalisation (Ioffe and Szegedy, 2015) of a trained network is a scale and a shift per
channel, so it becomes part of the weights in front of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from training.export.graph import Graph

Weights = NDArray[np.float32]
RELU = float("inf")


@dataclass(frozen=True, eq=False)
class Convolution:
    """One layer.

    Attributes:
        weight: float32 [out, in / groups, k, k]. bias: float32 [out].
        pads: zeros above, left, below and right of the image.
        most: values are clipped to 0 and this: `RELU` for no upper bound, None for no clipping.
    """

    weight: Weights
    bias: Weights
    stride: int = 1
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1
    most: float | None = None

    def run(self, x: Tensor) -> Tensor:
        """The layer in torch, [n, in, h, w] -> [n, out, h', w']."""
        top, left, bottom, right = self.pads
        x = F.pad(x, (left, right, top, bottom)) if any(self.pads) else x
        weight, bias = torch.from_numpy(self.weight), torch.from_numpy(self.bias)
        x = F.conv2d(x, weight, bias, self.stride, groups=self.groups)
        return x if self.most is None else x.clamp_(0, self.most)

    def write(self, graph: Graph, x: str) -> str:
        """The layer as nodes."""
        x = graph.add(
            "Conv",
            x,
            graph.constant(self.weight),
            graph.constant(self.bias),
            kernel_shape=list(self.weight.shape[2:]),
            strides=[self.stride, self.stride],
            pads=list(self.pads),
            group=self.groups,
        )
        if self.most is None:
            return x
        if self.most == RELU:
            return graph.add("Relu", x)
        low, high = (graph.constant(np.float32(limit)) for limit in (0, self.most))
        return graph.add("Clip", x, low, high)


@dataclass(frozen=True, eq=False)
class Block:
    """Layers in a row; with `residual` their input is added to their output."""

    layers: tuple[Convolution, ...]
    residual: bool = False

    def run(self, x: Tensor) -> Tensor:
        """The block in torch."""
        out = run(self.layers, x)
        return out + x if self.residual else out

    def write(self, graph: Graph, x: str) -> str:
        """The block as nodes."""
        out = write(self.layers, graph, x)
        return graph.add("Add", out, x) if self.residual else out


def run(layers: Sequence[Convolution | Block], x: Tensor) -> Tensor:
    """Layers or blocks in a row, in torch."""
    for layer in layers:
        x = layer.run(x)
    return x


def write(layers: Sequence[Convolution | Block], graph: Graph, x: str) -> str:
    """Layers or blocks in a row, as nodes."""
    for layer in layers:
        x = layer.write(graph, x)
    return x


def fold(weight: Weights, normal: Sequence[Weights], epsilon: float) -> tuple[Weights, Weights]:
    """Weight and bias of a convolution without bias that a batch normalisation follows.

    Args:
        weight: [out, in / groups, k, k].
        normal: scale, shift, mean and variance of the normalisation, each [out].
    """
    scale, shift, mean, variance = normal
    factor = scale.astype(np.float64) / np.sqrt(variance.astype(np.float64) + epsilon)
    folded = weight.astype(np.float64) * factor[:, None, None, None]
    bias = shift.astype(np.float64) - mean.astype(np.float64) * factor
    return folded.astype(np.float32), bias.astype(np.float32)
