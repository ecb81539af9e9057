"""Convolutional networks in torch: the guide's recipe, and the one that ships.

`guide` is the document's network and schedule: two convolutions, dropout, Adam, five epochs, a
tenth of the training data held out. `fast` is the same idea with ten years of practice: a
strided first convolution saves most of the arithmetic, batch normalisation (Ioffe and Szegedy,
2015) and a one-cycle schedule (Smith, 2018) allow a tenfold learning rate, and every image is
seen slightly turned, scaled, sheared and shifted, so no epoch shows the same data twice.
`sprint` is `fast` in two epochs, for when time counts more than the last tenths of a point.
What was tried on validation data, and what did not help, is in docs/training-log.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from training.accelerator import bfloat16_pays, cuda_name
from training.datasets import Dataset, Split
from training.distortion import random_affine
from training.export.network import network_graph
from training.fitted import Curve, Fitted, Report, silent


@dataclass(frozen=True)
class Guide:
    """Section 9 of the guide; what it leaves open is Keras' default (Glorot, Adam 1e-3)."""

    epochs: int = 5
    batch_size: int = 128
    learning_rate: float = 1e-3
    dropout: float = 0.3
    held_out: float = 0.1


@dataclass(frozen=True)
class Fast:
    """The recipe that ships. Angles in degrees, shift in pixels, the rest as shares."""

    epochs: int = 10
    batch_size: int = 128
    peak_learning_rate: float = 0.01
    warm_up: float = 0.3
    width: int = 16
    rotation: float = 10.0
    scaling: float = 0.1
    shear: float = 0.1
    shift: float = 1.0

    @classmethod
    def sprint(cls) -> Fast:
        """The short schedule: one cycle of two epochs, all else equal."""
        return cls(epochs=2)


def train(
    data: Dataset,
    *,
    seed: int = 42,
    hyperparameters: Fast | None = None,
    report: Report = silent,
) -> Fitted:
    """Fit the `fast` recipe on the training split."""
    recipe = hyperparameters or Fast()
    outcome = fit(recipe, data.train, seed=seed, watch=data.validation, report=report)
    return Fitted(
        scores=outcome.scores,
        validation_scores=outcome.scores(data.validation.images),
        core=network_graph(outcome.network),
        link="identity",
        parity_tolerance=1e-4,
        train_samples=len(data.train),
        seconds=outcome.seconds,
        device=cuda_name() or f"{torch.get_num_threads()} CPU threads",
        hyperparameters=asdict(recipe),
        curve=Curve("epochs", tuple(range(1, recipe.epochs + 1)), outcome.accuracies),
        libraries=("torch",),
        notes={
            "parameters": sum(p.numel() for p in outcome.network.parameters()),
            "precision": "bfloat16 where it pays" if bfloat16_pays() else "float32",
        },
    )


@dataclass(frozen=True)
class Outcome:
    """A fitted network, in evaluation mode on the CPU, and how it got there.

    Attributes:
        accuracies: on the watched split, after each epoch.
        elapsed: training seconds at the end of each watched epoch.
        seconds: training seconds in all.
    """

    network: nn.Module
    accuracies: tuple[float, ...]
    elapsed: tuple[float, ...]
    seconds: float

    def scores(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Logits, float64 [n, classes]."""
        return _scores(self.network, images)


def fit(
    recipe: Guide | Fast,
    split: Split,
    *,
    seed: int,
    watch: Split | None = None,
    report: Report = silent,
) -> Outcome:
    """Train one recipe on one split; no time counts the looks at `watch`.

    Args:
        watch: measured after every epoch, for the learning curve; teaches nothing.
    """
    torch.manual_seed(seed)
    device = torch.device("cuda" if cuda_name() else "cpu")
    started = time.perf_counter()
    looking = 0.0
    if isinstance(recipe, Guide):
        split = _head(split, 1 - recipe.held_out)
    network = _network(recipe).to(device)
    layout = torch.channels_last if isinstance(recipe, Fast) else torch.contiguous_format
    network.to(memory_format=layout)  # type: ignore[call-overload]
    x = torch.tensor(split.images, device=device)
    y = torch.tensor(split.labels, device=device)
    steps = recipe.epochs * _batches_per_epoch(len(split), recipe)
    optimizer, schedule = _optimizer(recipe, network, steps)
    distort = _distortion(recipe)
    accuracies: list[float] = []
    elapsed: list[float] = []
    for epoch in range(recipe.epochs):
        network.train()
        for images, labels in _batches(x, y, recipe):
            pixels = images[:, None].to(torch.float32).contiguous(memory_format=layout)
            loss = _loss(recipe, network, distort(pixels), labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
        if watch is not None:
            if device.type == "cuda":
                torch.cuda.synchronize()  # what is queued is training, not looking
            paused = time.perf_counter()
            elapsed.append(paused - started - looking)
            guesses = _scores(network, watch.images).argmax(axis=1)
            accuracies.append(float(np.mean(guesses == watch.labels)))
            looking += time.perf_counter() - paused
            report(epoch + 1, recipe.epochs, f"validation accuracy {accuracies[-1]:.4f}")
    seconds = time.perf_counter() - started - looking
    return Outcome(network.cpu().eval(), tuple(accuracies), tuple(elapsed), seconds)


def _network(recipe: Guide | Fast) -> nn.Module:
    """Takes pixels of 0-255, float [n, 1, 28, 28]; returns logits [n, 10]."""
    if isinstance(recipe, Guide):
        network = nn.Sequential(
            Scale(),
            nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(64 * 5 * 5, 64), nn.ReLU(), nn.Dropout(recipe.dropout),
            nn.Linear(64, 10),
        )  # fmt: skip
        for layer in network:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        return network
    w = recipe.width
    return nn.Sequential(
        Scale(),
        *_block(1, w, kernel=5, stride=2),
        *_block(w, 2 * w),
        *_block(2 * w, 2 * w, pool=True),
        *_block(2 * w, 4 * w, pool=True),
        nn.Flatten(),
        nn.Linear(4 * w * 3 * 3, 10),
    )  # fmt: skip


class Scale(nn.Module):
    """Pixels of 0-255 to 0-1."""

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels, float of any shape."""
        return pixels / 255


def _block(
    channels: int, filters: int, kernel: int = 3, stride: int = 1, pool: bool = False
) -> list[nn.Module]:
    """Pooling comes before normalisation and ReLU, which then have a quarter of the work."""
    convolution = nn.Conv2d(
        channels, filters, kernel, stride=stride, padding=kernel // 2, bias=False
    )
    pooling = [nn.MaxPool2d(2)] if pool else []
    return [convolution, *pooling, nn.BatchNorm2d(filters), nn.ReLU(inplace=True)]


def _optimizer(
    recipe: Guide | Fast, network: nn.Module, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    if isinstance(recipe, Guide):
        adam = torch.optim.Adam(network.parameters(), recipe.learning_rate, eps=1e-7)
        return adam, torch.optim.lr_scheduler.ConstantLR(adam, factor=1.0)
    peak = recipe.peak_learning_rate
    optimizer = torch.optim.Adam(network.parameters(), peak, fused=True)
    one_cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        peak,
        total_steps=steps + 1,
        pct_start=recipe.warm_up,
        anneal_strategy="linear",
        cycle_momentum=False,
        div_factor=10,
        final_div_factor=1000,
    )
    return optimizer, one_cycle


def _loss(recipe: Guide | Fast, network: nn.Module, pixels: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy; `guide` computes in float32 as the document does."""
    half = isinstance(recipe, Fast) and bfloat16_pays()
    with torch.autocast(pixels.device.type, torch.bfloat16, enabled=half):
        logits = network(pixels)
    return F.cross_entropy(logits.float(), labels)


def _batches_per_epoch(n: int, recipe: Guide | Fast) -> int:
    """`guide` ends an epoch with a short batch, as Keras does; `fast` drops it."""
    whole, rest = divmod(n, recipe.batch_size)
    return whole + (1 if rest and isinstance(recipe, Guide) else 0)


def _batches(x: Tensor, y: Tensor, recipe: Guide | Fast) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch in random order."""
    order = torch.randperm(len(x), device=x.device)
    for batch in range(_batches_per_epoch(len(x), recipe)):
        chosen = order[batch * recipe.batch_size : (batch + 1) * recipe.batch_size]
        yield x[chosen], y[chosen]


def _distortion(recipe: Guide | Fast) -> Callable[[Tensor], Tensor]:
    """`guide` takes the images as they are."""
    if isinstance(recipe, Guide):
        return lambda pixels: pixels
    return random_affine(
        rotation=recipe.rotation, scaling=recipe.scaling, shear=recipe.shear, shift=recipe.shift
    )


def _head(split: Split, share: float) -> Split:
    """The first part of a split: Keras' validation_split holds out the tail."""
    n = round(len(split) * share)
    return Split(split.images[:n], split.labels[:n])


@torch.inference_mode()
def _scores(network: nn.Module, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    network.eval()
    device: Any = next(network.parameters()).device
    chunks = torch.tensor(images, device=device)[:, None].float().split(1_000)
    logits: NDArray[np.float64] = torch.cat([network(chunk) for chunk in chunks]).cpu().numpy()
    return logits.astype(np.float64)
