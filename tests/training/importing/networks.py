"""A small torch network for images of 3x224x224, and its graphs."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

LABELS = ("cat", "dog", "bird", "fish", "cow")
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 3, 224, 224), np.uint8)


class Network(nn.Module):
    """A small convolutional network for 3x224x224."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 7, stride=4), nn.BatchNorm2d(8), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5),
        )  # fmt: skip

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.layers(images)
        return found


NET = Network().eval()
IMAGES = (PIXELS / 255 - np.reshape(MEAN, (3, 1, 1))) / np.reshape(STD, (3, 1, 1))
IMAGES = IMAGES.astype(np.float32)


def own(images: Any = IMAGES) -> Any:
    with torch.no_grad():
        return NET(torch.tensor(images)).numpy()


def graph_of(path: Path, network: nn.Module = NET, rows: int = 2, **options: Any) -> bytes:
    options = {"input_names": ["images"], "output_names": ["logits"]} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.tensor(IMAGES[:rows]),),
            str(path / "net.onnx"),
            verbose=False,
            **options,
        )
    return (path / "net.onnx").read_bytes()


DYNAMO: dict[str, Any] = {"dynamo": True, "dynamic_shapes": ({0: "batch"},), "external_data": False}
SCRIPT: dict[str, Any] = {"dynamo": False, "dynamic_axes": {"images": {0: "batch"}}}
