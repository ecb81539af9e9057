"""The training loop of the convolutional networks.

A recipe defines the network, the optimizer and the distortion of the images. Training time excludes
the evaluation of the network.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from training.accelerator import bfloat16_pays, cuda_name
from training.datasets import Split
from training.fitted import Report, silent

Schedule = torch.optim.lr_scheduler.LRScheduler


class Recipe(Protocol):
    """Everything that differs between the networks."""

    @property
    def epochs(self) -> int:
        """Passes over the training data."""

    @property
    def batch_size(self) -> int:
        """Images per step."""

    @property
    def keeps_short_batch(self) -> bool:
        """True if the last, short batch of an epoch is used; False if it is dropped."""

    @property
    def modern(self) -> bool:
        """True for channels-last memory, and bfloat16 where it is faster."""

    def training_part(self, split: Split) -> Split:
        """The part of the split to train on."""

    def network(self) -> nn.Module:
        """Takes pixels of 0-255, float [n, 1, 28, 28]; returns logits [n, 10]."""

    def optimizer(self, network: nn.Module, steps: int) -> tuple[torch.optim.Optimizer, Schedule]:
        """The optimizer and its learning-rate schedule over `steps` steps."""

    def distort(self, pixels: Tensor) -> Tensor:
        """The distorted images of a batch, float [n, 1, 28, 28]."""


@dataclass(frozen=True)
class Outcome:
    """A fitted network, in evaluation mode on the CPU, and its learning curve.

    Attributes:
        accuracies: accuracy on the watched split after each epoch.
        elapsed: training seconds at the end of each watched epoch.
        seconds: total training seconds.
    """

    network: nn.Module
    accuracies: tuple[float, ...]
    elapsed: tuple[float, ...]
    seconds: float

    def scores(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Logits, float64 [n, classes]."""
        return scores(self.network, images)


def fit(
    recipe: Recipe,
    split: Split,
    *,
    seed: int,
    watch: Split | None = None,
    report: Report = silent,
) -> Outcome:
    """Train one recipe on one split.

    Args:
        watch: split to evaluate after every epoch, for the learning curve; it is not trained on.
    """
    torch.manual_seed(seed)
    device = torch.device("cuda" if cuda_name() else "cpu")
    clock = _Clock()
    split = recipe.training_part(split)
    network = recipe.network().to(device)
    layout = torch.channels_last if recipe.modern else torch.contiguous_format
    network.to(memory_format=layout)  # type: ignore[call-overload]
    x = torch.tensor(split.images, device=device)
    y = torch.tensor(split.labels, device=device)
    steps = recipe.epochs * _batches_per_epoch(len(split), recipe)
    optimizer, schedule = recipe.optimizer(network, steps)
    accuracies: list[float] = []
    for epoch in range(recipe.epochs):
        network.train()
        for images, labels in _batches(x, y, recipe):
            pixels = images[:, None].to(torch.float32).contiguous(memory_format=layout)
            loss = _loss(recipe, network, recipe.distort(pixels), labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
        if watch is not None:
            with clock.paused(device):
                predicted = scores(network, watch.images).argmax(axis=1)
                accuracies.append(float(np.mean(predicted == watch.labels)))
            report(epoch + 1, recipe.epochs, f"validation accuracy {accuracies[-1]:.4f}")
    seconds = clock.seconds
    return Outcome(network.cpu().eval(), tuple(accuracies), tuple(clock.pauses), seconds)


@torch.inference_mode()
def scores(network: nn.Module, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Logits of a network, float64 [n, classes], for images uint8 [n, 28, 28]."""
    network.eval()
    device: Any = next(network.parameters()).device
    chunks = torch.tensor(images, device=device)[:, None].float().split(1_000)
    logits: NDArray[np.float64] = torch.cat([network(chunk) for chunk in chunks]).cpu().numpy()
    return logits.astype(np.float64)


@dataclass
class _Clock:
    """Measures training seconds without pauses; `pauses` has the reading at each pause."""

    started: float = field(default_factory=time.perf_counter)
    pauses: list[float] = field(default_factory=list)
    paused_for: float = 0.0

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.started - self.paused_for

    def paused(self, device: torch.device) -> _Pause:
        """A context that stops the clock."""
        if device.type == "cuda":
            torch.cuda.synchronize()  # queued work counts as training
        return _Pause(self)


class _Pause:
    def __init__(self, clock: _Clock) -> None:
        self._clock = clock

    def __enter__(self) -> None:
        self._clock.pauses.append(self._clock.seconds)
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._clock.paused_for += time.perf_counter() - self._began


def _loss(recipe: Recipe, network: nn.Module, pixels: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy, computed in float32."""
    half = recipe.modern and bfloat16_pays()
    with torch.autocast(pixels.device.type, torch.bfloat16, enabled=half):
        logits = network(pixels)
    return F.cross_entropy(logits.float(), labels)


def _batches_per_epoch(n: int, recipe: Recipe) -> int:
    whole, rest = divmod(n, recipe.batch_size)
    return whole + (1 if rest and recipe.keeps_short_batch else 0)


def _batches(x: Tensor, y: Tensor, recipe: Recipe) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of one epoch, in random order."""
    order = torch.randperm(len(x), device=x.device)
    for batch in range(_batches_per_epoch(len(x), recipe)):
        chosen = order[batch * recipe.batch_size : (batch + 1) * recipe.batch_size]
        yield x[chosen], y[chosen]
