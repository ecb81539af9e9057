"""A torch network as an ONNX graph."""

from __future__ import annotations

import logging
import warnings

import onnx
import torch
from torch import Tensor, nn

from training.export.envelope import HEIGHT, OPSET, WIDTH


def network_graph(network: nn.Module) -> onnx.ModelProto:
    """A core graph of a network that takes float [n, 1, 28, 28] and returns scores [n, k]."""
    program = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's notes on its own internals
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            _WithChannel(network).eval(),
            (torch.zeros(2, HEIGHT, WIDTH),),
            input_names=["pixels"],
            output_names=["scores"],
            opset_version=OPSET,
            dynamic_shapes={"pixels": {0: torch.export.Dim("n")}},
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    model = program.model_proto
    _drop_noise(model)
    return model


class _WithChannel(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        scores: Tensor = self.network(pixels[:, None])
        return scores


def _drop_noise(model: onnx.ModelProto) -> None:
    """Remove stack traces and source paths, which the exporter writes beside every node."""
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
