"""The input of the graphs: `images`, pixels as a picture has them."""

from __future__ import annotations

import math

import numpy as np
from onnx import TensorProto, ValueInfoProto

from contract.batch import Batch
from contract.brightness import image_range
from contract.tensors import Input, Layout
from training.export.graph import Graph, tensor
from training.fit.images.rows import Images, Squares

INPUT = "images"


class ImageTensors:
    """One input, UINT8 [-1, height, width] for grey, [-1, height, width, 3] for RGB.

    Args:
        images: of the training rows, whose brightness the manifest keeps.
    """

    def __init__(self, images: Images) -> None:
        self._images = images
        self._row = images.store.pixels.shape[1:]
        self._layout: Layout = "HW" if images.channels == 1 else "HWC"

    def specs(self) -> tuple[Input, ...]:
        """As the manifest describes them."""
        return (
            Input(
                name=INPUT,
                datatype="UINT8",
                shape=(-1, *self._row),
                content="image",
                layout=self._layout,
                seen=(image_range(self._images.pixels, self._layout),),
            ),
        )

    def values(self) -> list[ValueInfoProto]:
        """As the graph declares them."""
        return [tensor(INPUT, "UINT8", self._row)]

    def batch(self, images: Images) -> Batch:
        """Images as the graph takes them."""
        return Batch({INPUT: np.ascontiguousarray(images.pixels)})

    def features(self, graph: Graph) -> Planes:
        """The pixels inside a graph."""
        return Planes(graph, self._images.size, self._images.channels)


class Planes:
    """Pixels inside a graph, in the forms that candidates read; each is written once."""

    def __init__(self, graph: Graph, size: tuple[int, int], channels: int) -> None:
        self._graph, self._size, self.channels = graph, size, channels
        self._known: dict[int, str] = {}

    def planes(self) -> str:
        """FP32 [n, channels, height, width], 0-255."""
        if 1 not in self._known:
            floats = self._graph.add("Cast", INPUT, to=TensorProto.FLOAT)
            if self.channels == 1:
                axis = self._graph.constant(np.array([1], np.int64))
                self._known[1] = self._graph.add("Unsqueeze", floats, axis)
            else:
                self._known[1] = self._graph.add("Transpose", floats, perm=[0, 3, 1, 2])
        return self._known[1]

    def sums(self, squares: Squares) -> str:
        """Sums over squares, FP32 [n, channels, height, width]."""
        if squares.side == 1:
            return self.planes()
        if squares.side not in self._known:
            side = squares.side
            ones = np.ones((self.channels, 1, side, side), np.float32)
            self._known[side] = self._graph.add(
                "Conv",
                self.planes(),
                self._graph.constant(ones),
                strides=[side, side],
                kernel_shape=[side, side],
                group=self.channels,
            )
        return self._known[squares.side]

    def matrix(self, squares: Squares) -> str:
        """The same as rows, FP32 [n, channels * height * width]."""
        wide = math.prod(squares.size(self._size)) * self.channels
        rows = self._graph.constant(np.array([-1, wide], np.int64))
        return self._graph.add("Reshape", self.sums(squares), rows)
