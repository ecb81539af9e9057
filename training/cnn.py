"""Convolutional networks in torch: the guide's recipe, and the recipe of the committed model.

`Guide` is the guide's network and schedule: two convolutions, dropout, Adam, five epochs, a tenth
of the training data held out. `Fast` differs from it as follows: a strided first convolution saves
most of the arithmetic, batch normalisation (Ioffe and Szegedy, 2015) and a one-cycle schedule
(Smith, 2018) allow a tenfold learning rate, and random affine distortion makes the images of every
epoch different. `Fast.sprint` trains for two epochs and loses a few tenths of a point of accuracy.
docs/training-log.md lists the experiments, including those that did not help.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from training.accelerator import bfloat16_pays, cuda_name
from training.datasets import Dataset, Split
from training.distortion import random_affine
from training.export.network import network_graph
from training.fitted import Curve, Fitted, Report, silent
from training.loop import Schedule, fit


class Scale(nn.Module):
    """Scales pixels of 0-255 to 0-1."""

    def forward(self, pixels: Tensor) -> Tensor:
        """Scale float pixels of any shape."""
        return pixels / 255


@dataclass(frozen=True)
class Guide:
    """Section 9 of the guide, with Keras' defaults where it is silent (Glorot, Adam 1e-3)."""

    epochs: int = 5
    batch_size: int = 128
    learning_rate: float = 1e-3
    dropout: float = 0.3
    held_out: float = 0.1

    @property
    def keeps_short_batch(self) -> bool:
        """True, as in Keras."""
        return True

    @property
    def modern(self) -> bool:
        """False: float32 and contiguous memory."""
        return False

    def training_part(self, split: Split) -> Split:
        """The split without its tail, which Keras' validation_split holds out."""
        n = round(len(split) * (1 - self.held_out))
        return Split(split.images[:n], split.labels[:n])

    def network(self) -> nn.Module:
        """Takes pixels of 0-255, float [n, 1, 28, 28]; returns logits [n, 10]."""
        network = nn.Sequential(
            Scale(),
            nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(64 * 5 * 5, 64), nn.ReLU(), nn.Dropout(self.dropout),
            nn.Linear(64, 10),
        )  # fmt: skip
        for layer in network:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        return network

    def optimizer(self, network: nn.Module, steps: int) -> tuple[torch.optim.Optimizer, Schedule]:
        """Adam with Keras' epsilon, at a constant rate."""
        adam = torch.optim.Adam(network.parameters(), self.learning_rate, eps=1e-7)
        return adam, torch.optim.lr_scheduler.ConstantLR(adam, factor=1.0)

    def distort(self, pixels: Tensor) -> Tensor:
        """The images unchanged."""
        return pixels


@dataclass(frozen=True)
class Fast:
    """The recipe of the committed model. Rotation is in degrees, shift in pixels."""

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

    @property
    def keeps_short_batch(self) -> bool:
        """False: batch normalisation is noisy in a short batch."""
        return False

    @property
    def modern(self) -> bool:
        """True: channels-last memory, and bfloat16 where it is faster."""
        return True

    def training_part(self, split: Split) -> Split:
        """The whole split."""
        return split

    def network(self) -> nn.Module:
        """Takes pixels of 0-255, float [n, 1, 28, 28]; returns logits [n, 10]."""
        w = self.width
        return nn.Sequential(
            Scale(),
            *_block(1, w, kernel=5, stride=2),
            *_block(w, 2 * w),
            *_block(2 * w, 2 * w, pool=True),
            *_block(2 * w, 4 * w, pool=True),
            nn.Flatten(),
            nn.Linear(4 * w * 3 * 3, 10),
        )

    def optimizer(self, network: nn.Module, steps: int) -> tuple[torch.optim.Optimizer, Schedule]:
        """Adam with a one-cycle schedule: up to the peak rate, then down to nearly zero."""
        peak = self.peak_learning_rate
        adam = torch.optim.Adam(network.parameters(), peak, fused=True)
        one_cycle = torch.optim.lr_scheduler.OneCycleLR(
            adam,
            peak,
            total_steps=steps + 1,
            pct_start=self.warm_up,
            anneal_strategy="linear",
            cycle_momentum=False,
            div_factor=10,
            final_div_factor=1000,
        )
        return adam, one_cycle

    def distort(self, pixels: Tensor) -> Tensor:
        """Rotate, scale, shear and shift each image at random."""
        distortion = random_affine(
            rotation=self.rotation, scaling=self.scaling, shear=self.shear, shift=self.shift
        )
        return distortion(pixels)


def _block(
    channels: int, filters: int, kernel: int = 3, stride: int = 1, pool: bool = False
) -> list[nn.Module]:
    """Convolution, pooling, normalisation, ReLU; pooling first quarters the work of the others."""
    convolution = nn.Conv2d(
        channels, filters, kernel, stride=stride, padding=kernel // 2, bias=False
    )
    pooling = [nn.MaxPool2d(2)] if pool else []
    return [convolution, *pooling, nn.BatchNorm2d(filters), nn.ReLU(inplace=True)]


def train(
    data: Dataset,
    *,
    seed: int = 42,
    hyperparameters: Fast | None = None,
    report: Report = silent,
) -> Fitted:
    """Fit the `Fast` recipe on the training split."""
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
