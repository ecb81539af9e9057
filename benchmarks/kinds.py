"""Latency of one example by kind of network, in ONNX Runtime on one thread of a CPU.

The guide compares a latency bound with these. Latency follows from the architecture and the size
of the input, not from the weights, so the networks have random weights.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from benchmarks.models import processor

CALLS = 20
ROUNDS = 5


class Kind(NamedTuple):
    """A kind of network, as the guide's tables name it.

    example: shape of the one example that it is measured on.
    """

    id: str
    what: str
    example: tuple[int, ...]
    build: Callable[[], nn.Module]


def main(target: Path) -> None:
    kinds = [
        {"kind": kind.id, "what": kind.what, "milliseconds": round(measure(kind), 2)}
        for kind in KINDS
    ]
    document = {"processor": processor(), "intra_op_threads": 1, "kinds": kinds}
    target.write_text(json.dumps(document, indent=2) + "\n")
    print(json.dumps(document, indent=2))


def measure(kind: Kind, calls: int = CALLS, rounds: int = ROUNDS) -> float:
    """Milliseconds per call with one example: the median over rounds of the mean of a round."""
    session, example = _session(kind)
    session.run(None, {"x": example})  # warm up
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(calls):
            session.run(None, {"x": example})
        taken.append((time.perf_counter() - started) / calls)
    return statistics.median(taken) * 1e3


def _session(kind: Kind) -> tuple[onnxruntime.InferenceSession, np.ndarray]:
    torch.manual_seed(0)
    example = torch.rand(kind.example)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "kind.onnx")
        torch.onnx.export(
            kind.build().eval(), (example,), path, input_names=["x"], verbose=False,
            external_data=False,
        )  # fmt: skip
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session, example.numpy()


def resnet50() -> nn.Module:
    """He et al. 2016: stages of 3, 4, 6 and 3 bottlenecks."""
    layers: list[nn.Module] = [_conv(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)]
    inputs = 64
    for blocks, width, stride in ((3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2)):
        for block in range(blocks):
            layers.append(_Bottleneck(inputs, width, stride if block == 0 else 1))
            inputs = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


def mobilenet_v2() -> nn.Module:
    """Sandler et al. 2018, table 2: expansion, channels, repeats, stride."""
    layers: list[nn.Module] = [_conv(3, 32, 3, 2)]
    inputs = 32
    for expansion, channels, repeats, stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
        (6, 160, 3, 2), (6, 320, 1, 1),
    ):  # fmt: skip
        for repeat in range(repeats):
            step = stride if repeat == 0 else 1
            layers.append(_Inverted(inputs, channels, expansion, step))
            inputs = channels
    layers.append(_conv(320, 1280, 1, 1))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 1000))


def encoder(layers: int, width: int, heads: int) -> nn.Module:
    """A Transformer encoder after its embedding, of BERT's proportions."""
    layer = nn.TransformerEncoderLayer(width, heads, 4 * width, activation="gelu", batch_first=True)
    return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)


class _Bottleneck(nn.Module):
    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.path = nn.Sequential(
            _conv(inputs, width, 1, 1),
            _conv(width, width, 3, stride),
            _conv(width, 4 * width, 1, 1),
        )
        same = stride == 1 and inputs == 4 * width
        self.skip = nn.Identity() if same else nn.Conv2d(inputs, 4 * width, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.path(x) + self.skip(x))


class _Inverted(nn.Module):
    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        width = inputs * expansion
        self.path = nn.Sequential(
            _conv(inputs, width, 1, 1), _conv(width, width, 3, stride, groups=width),
            nn.Conv2d(width, outputs, 1), nn.BatchNorm2d(outputs),
        )  # fmt: skip
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.path(x)
        return found + x if self.residual else found


def _conv(inputs: int, outputs: int, size: int, stride: int, groups: int = 1) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs), nn.ReLU(),
    )  # fmt: skip


_IMAGE, _TOKENS = (1, 3, 224, 224), 128
KINDS = (
    Kind("resnet_50", "ResNet-50, one image of 224x224", _IMAGE, resnet50),
    Kind("mobilenet_v2", "MobileNetV2, one image of 224x224", _IMAGE, mobilenet_v2),
    Kind(
        "transformer_base", "an encoder of BERT's size (12 layers of 768), one text of 128 tokens",
        (1, _TOKENS, 768), lambda: encoder(12, 768, 12),
    ),
    Kind(
        "transformer_distilled", "an encoder of DistilBERT's size (6 layers of 768), 128 tokens",
        (1, _TOKENS, 768), lambda: encoder(6, 768, 12),
    ),
    Kind(
        "transformer_small", "an encoder of MiniLM's size (6 layers of 384), 128 tokens",
        (1, _TOKENS, 384), lambda: encoder(6, 384, 12),
    ),
)  # fmt: skip
