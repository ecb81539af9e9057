"""A linear model as an ONNX graph."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from training.export.envelope import core_model


def linear_graph(weights: NDArray[np.floating], bias: NDArray[np.floating]) -> onnx.ModelProto:
    """A core graph with scores = pixels @ weights + bias.

    weights: float [784, targets], for pixels of 0-255; bias: float [targets].
    """
    return core_model(
        [
            helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
            helper.make_node("Gemm", ["flat", "weights", "bias"], ["scores"]),
        ],
        {"weights": weights.astype(np.float32), "bias": bias.astype(np.float32)},
        len(bias),
    )
