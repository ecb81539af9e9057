"""Integrated gradients of an exported network against torch's automatic differentiation."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from torch import nn

from tests.repositories import IMAGES, LABELS
from training.errors import ExportError
from training.explain.answers import FLOAT, Scale, finish
from training.explain.gradients import write_gradients
from training.export.envelope import wrap
from training.export.graph import Graph, tensor
from training.export.network import network_graph


class _Tenth(nn.Module):
    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels / 255


def network(*, pooled: bool = True) -> nn.Module:
    """Strides, pools with odd sizes, and normalisation that is not the identity."""
    torch.manual_seed(0)
    made = nn.Sequential(
        _Tenth(),
        nn.Conv2d(1, 4, 5, stride=2, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
        nn.Conv2d(4, 6, 3, padding=1), nn.MaxPool2d(2) if pooled else nn.MaxPool2d(3),
        nn.BatchNorm2d(6), nn.ReLU(),
        nn.Conv2d(6, 5, 2), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(),
        nn.Linear(5 * 2 * 2 if pooled else 5, 10),
    )  # fmt: skip
    with torch.no_grad():
        made(255 * torch.rand(64, 1, 28, 28))
    return made.eval()


def graph_of(model: nn.Module, steps: int) -> ort.InferenceSession:
    served = wrap(network_graph(model), n_classes=10, link="identity", temperature=1.5, name="tiny")
    scores = next(node.input[0] for node in served.graph.node if node.op_type == "ArgMax")
    graph = Graph()
    pixels = graph.add("Cast", "images", to=FLOAT, output=served.graph.node[0].output[0])
    parts = write_gradients(graph, served, pixels, scores, steps)
    made = finish(
        graph, "g", [tensor("images", "UINT8", (28, 28))], [IMAGES], parts,
        Scale.by(1.0, 0.0, len(LABELS)), classes=True,
    )  # fmt: skip
    onnx.checker.check_model(made, full_check=True)
    return ort.InferenceSession(made.SerializeToString())


def by_autograd(model: nn.Module, images: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Integrated gradients over many points of the line from black."""
    pixels, points = torch.tensor(images, dtype=torch.float64), 4_000
    exact, found = model.double(), torch.zeros(images.shape, dtype=torch.float64)
    for chunk in torch.split((torch.arange(points, dtype=torch.float64) + 0.5) / points, 500):
        for i in range(len(pixels)):
            line = (chunk[:, None, None] * pixels[i]).requires_grad_()
            score = exact(line[:, None])[:, int(target[i])].sum()
            found[i] += torch.autograd.grad(score, line)[0].sum(dim=0) * pixels[i] / points
    return found.numpy()


def test_contributions_are_those_of_the_gradient_and_add_up() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    target = np.array([3, 0, 7])
    model = network()
    session = graph_of(model, 64)
    attribution, base, value = session.run(None, {"images": images, "/target": target})
    change = attribution.sum(axis=(1, 2))
    np.testing.assert_allclose(base + change, value, atol=1e-5)
    with torch.no_grad():
        pixels = torch.tensor(images, dtype=torch.float32)[:, None]
        scores = model(pixels).numpy()[np.arange(3), target]
        black = model(torch.zeros(1, 1, 28, 28)).numpy()[0, target]
    np.testing.assert_allclose(value, scores, atol=1e-4)
    np.testing.assert_allclose(base, black, atol=1e-4)
    expected = by_autograd(model, images, target)
    # Of pixels, not of their sum: over 64 segments the mean slopes are those of the line.
    error = np.linalg.norm(attribution - expected) / np.linalg.norm(expected)
    assert error < 0.02


def test_one_segment_adds_up_too() -> None:
    images = np.random.default_rng(1).integers(0, 256, (2, 28, 28)).astype(np.uint8)
    attribution, base, value = graph_of(network(), 1).run(
        None, {"images": images, "/target": np.array([1, 2])}
    )
    np.testing.assert_allclose(base + attribution.sum(axis=(1, 2)), value, atol=1e-5)


def test_other_pools_are_refused_by_name() -> None:
    with pytest.raises(ExportError, match="2 by 2 windows"):
        graph_of(network(pooled=False), 4)
