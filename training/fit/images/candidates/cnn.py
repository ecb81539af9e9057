"""A convolutional network of the images' size, trained from scratch.

As the recipe of `training.cnn`: a strided first convolution, batch normalisation (Ioffe and
Szegedy, 2015), a one-cycle schedule (Smith, 2018), and random affine distortion of every image in
every epoch. Maxima over two by two pixels halve the image until it is at most `LAST` pixels wide.
Nothing is mirrored: a mirrored letter is another one. The validation rows choose the epoch.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.export.graph import Graph
from training.fit.candidate import Data, Learned, Part, Scores
from training.fit.images.augmentation import distorted
from training.fit.images.convolutions import RELU, Convolution, fold
from training.fit.images.rows import Images, Squares
from training.fit.images.tensors import Planes
from training.fitted import Curve

MOST_PIXELS = 64  # of a side that the network sees
LAST = 4
WIDTHS = (16, 32, 32, 64, 64, 128)
RATE, DECAY, DROPOUT = 5e-3, 1e-2, 0.2
EPOCHS, PATIENCE = 120, 25
PROBE_STEPS = 4
_CHUNK = 256


class Network(nn.Module):
    """Planes [n, channels, height, width] of 0 to 1 -> logits [n, classes]."""

    def __init__(self, channels: int, size: tuple[int, int], classes: int) -> None:
        super().__init__()
        self.stem = _layer(channels, WIDTHS[0], kernel=5, stride=2)
        self.second = _layer(WIDTHS[0], WIDTHS[1])
        side = (-(-size[0] // 2), -(-size[1] // 2))
        stages, filters = [], WIDTHS[1]
        for width in WIDTHS[2:]:
            if max(side) <= LAST or min(side) < 2:
                break
            stages.append(_layer(filters, width))
            filters, side = width, (side[0] // 2, side[1] // 2)
        self.stages = nn.ModuleList(stages)
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(filters * side[0] * side[1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """The logits."""
        x = self.second(self.stem(x))
        for stage in self.stages:
            x = F.max_pool2d(stage(x), 2)
        logits: Tensor = self.head(self.dropout(x.flatten(1)))
        return logits

    def write(self, graph: Graph, x: str) -> str:
        """The network in evaluation mode as nodes."""
        x = _folded(self.second).write(graph, _folded(self.stem).write(graph, x))
        for stage in self.stages:
            x = _folded(stage).write(graph, x)
            x = graph.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
        weight, bias = self.head.weight.detach().numpy(), self.head.bias.detach().numpy()
        product = graph.add("MatMul", graph.add("Flatten", x, axis=1), graph.constant(weight.T))
        return graph.add("Add", product, graph.constant(bias))


def _layer(channels: int, filters: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, normalisation, ReLU."""
    convolution = nn.Conv2d(
        channels, filters, kernel, stride=stride, padding=kernel // 2, bias=False
    )
    return nn.Sequential(convolution, nn.BatchNorm2d(filters), nn.ReLU(inplace=True))


def _folded(layer: Any) -> Convolution:
    convolution, normal = layer[0], layer[1]
    parts = (normal.weight, normal.bias, normal.running_mean, normal.running_var)
    weight, bias = fold(
        convolution.weight.detach().numpy(), [p.detach().numpy() for p in parts], normal.eps
    )
    pad = int(convolution.padding[0])
    return Convolution(weight, bias, convolution.stride[0], (pad, pad, pad, pad), most=RELU)


def learn(data: Data, *, seed: int, seconds: float) -> Learned:
    """Fit on the training rows; the validation rows choose the epoch. No refit: it needs them."""
    torch.manual_seed(seed)
    images: Images = data.train.rows.images
    squares = Squares.at_most(MOST_PIXELS, images.size)
    network = Network(images.channels, squares.size(images.size), data.n_classes)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    curve = _Training(network, squares, data, seed, seconds).run()
    return Learned(
        scores=lambda images: _scores(network, _planes(squares, images)),
        validation_scores=_scores(network, _planes(squares, data.validation.rows.images)),
        write=lambda graph, planes: network.write(graph, _scaled(graph, planes, squares)),
        hyperparameters={
            "rate": RATE,
            "decay": DECAY,
            "dropout": DROPOUT,
            "epochs": len(curve.x),
            "pixels_a_square": squares.side**2,
        },
        libraries=("torch",),
        refit=False,
        curve=curve,
        notes={"parameters": sum(p.numel() for p in network.parameters())},
    )


def _planes(squares: Squares, images: Images) -> Tensor:
    """The images' sums as means of 0 to 1."""
    return torch.from_numpy(squares.sums(images.pixels)) * _factor(squares)


def _scaled(graph: Graph, planes: Planes, squares: Squares) -> str:
    return graph.add("Mul", planes.sums(squares), graph.constant(np.float32(_factor(squares))))


def _factor(squares: Squares) -> float:
    return float(np.float32(1 / (255 * squares.side**2)))


@torch.no_grad()
def _scores(network: Network, planes: Tensor) -> Scores:
    network.eval()
    logits = torch.cat([network(chunk) for chunk in planes.split(_CHUNK)])
    scores: Scores = logits.double().numpy()
    return scores


class _Training:
    """Epochs until the validation loss has not fallen for a while, or the time is over."""

    def __init__(
        self, network: Network, squares: Squares, data: Data, seed: int, seconds: float
    ) -> None:
        self._network, self._seconds = network, seconds
        self._end = time.perf_counter() + seconds
        self._train = _tensors(squares, data.train)
        self._validation = _tensors(squares, data.validation)
        # Batch normalisation needs some images in a batch.
        self._batch = int(np.clip(len(data.train) // 16, min(16, len(data.train)), 128))
        self._generator = torch.Generator().manual_seed(seed)
        self._optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)

    def run(self) -> Curve:
        """Train; the network ends with the weights of its best epoch."""
        epochs = self._affordable()
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, RATE, total_steps=max(2, epochs * self._steps), pct_start=0.3
        )
        best, losses = (np.inf, copy.deepcopy(self._network.state_dict())), []
        for epoch in range(epochs):
            for rows in self._batches():
                self._step(rows)
                schedule.step()
            losses.append(self._loss())
            if losses[-1] < best[0]:
                best = (losses[-1], copy.deepcopy(self._network.state_dict()))
            late = time.perf_counter() > self._end
            if late or epoch - int(np.argmin(losses)) >= PATIENCE:
                break
        self._network.load_state_dict(best[1])
        self._network.eval()
        return Curve("epochs", tuple(range(1, len(losses) + 1)), tuple(losses), "validation loss")

    @property
    def _steps(self) -> int:
        """Batches of an epoch; a short last one is left out."""
        return len(self._train[1]) // self._batch

    def _affordable(self) -> int:
        """Epochs that fit into the time, by a few steps that are undone."""
        kept = copy.deepcopy(self._network.state_dict())
        optimizer = copy.deepcopy(self._optimizer.state_dict())
        took = []
        for rows in list(self._batches())[:PROBE_STEPS]:
            started = time.perf_counter()
            self._step(rows)
            took.append(time.perf_counter() - started)
        self._network.load_state_dict(kept)
        self._optimizer.load_state_dict(optimizer)
        return int(np.clip(0.85 * self._seconds / (min(took) * self._steps), 3, EPOCHS))

    def _batches(self) -> Iterator[Tensor]:
        order = torch.randperm(len(self._train[1]), generator=self._generator)
        for step in range(self._steps):
            yield order[step * self._batch : (step + 1) * self._batch]

    def _step(self, rows: Tensor) -> None:
        planes, target = (part[rows] for part in self._train)
        self._network.train()
        loss = F.cross_entropy(self._network(distorted(planes, self._generator)), target)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()

    def _loss(self) -> float:
        planes, target = self._validation
        scores = torch.from_numpy(_scores(self._network, planes))
        return float(F.cross_entropy(scores, target))


def _tensors(squares: Squares, part: Part) -> tuple[Tensor, Tensor]:
    return _planes(squares, part.rows.images), torch.from_numpy(part.target)
