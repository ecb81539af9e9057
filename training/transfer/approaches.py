"""What is compared: the source with a new head, the same network from scratch, a random forest.

Every one chooses its settings by the log loss on the validation rows, is then fitted once more on
these and the training rows together, and sees the test rows never. The networks share the loop, the
one-cycle schedule and the random affine distortion of `training.cnn`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from training import random_forest
from training.calibration import log_loss
from training.cnn import Fast
from training.datasets import Dataset, Split
from training.export.envelope import logits_of
from training.fitted import Curve, Fitted, Scorer
from training.loop import Outcome, fit
from training.transfer.networks import from_scratch, with_new_head
from training.transfer.options import Freeze
from training.transfer.source import Source

_BATCHES = 8  # in an epoch, at least, where the labels suffice for batches of 16
_SMALLEST_BATCH, _LARGEST_BATCH = 16, 128
_EPOCHS = 10  # at least: with many labels these are more than the fewest steps


class Learned(Protocol):
    """What every approach gives."""

    @property
    def scores(self) -> Scorer:
        """The model fitted on training and validation rows together."""

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """The settings that were chosen."""


@dataclass(frozen=True)
class Approach:
    """One way to learn from few labels."""

    name: str
    title: str
    learn: Callable[[Dataset, int], Learned]


@dataclass(frozen=True)
class Setting:
    """What the validation rows choose among: the peak rate of Adam, and the fewest steps."""

    rate: float
    steps: int


# A new head on fixed features is learnt quickly; random convolutions need more steps.
_SETTINGS: dict[str, tuple[Setting, ...]] = {
    "conv": (Setting(0.003, 300), Setting(0.01, 300)),
    "none": (Setting(0.001, 300), Setting(0.003, 300)),
    "scratch": (Setting(0.003, 600), Setting(0.003, 1_200), Setting(0.01, 1_200)),
}
# Pixels that a split of a tree chooses among: the square root of 784, and half of it.
_PIXELS = (14, 28)


@dataclass(frozen=True)
class Retraining(Fast):
    """The recipe of `training.cnn` around a network that is made elsewhere."""

    make: Callable[[], nn.Module] = field(default=nn.Identity, repr=False)

    def network(self) -> nn.Module:
        """Made anew, after the seed was set."""
        return self.make()


@dataclass(frozen=True)
class LearnedNetwork:
    """A network of the chosen setting.

    Attributes:
        network: fitted on training and validation rows together.
        validation_scores: of the one that was fitted without the validation rows.
        curve: its validation accuracy, by epoch.
    """

    network: nn.Module
    scores: Scorer
    validation_scores: NDArray[np.float64]
    curve: Curve
    hyperparameters: dict[str, Any]
    seconds: float


def transfer(source: Source, freeze: Freeze) -> Approach:
    """The source's network with a new head."""
    title = "transfer, convolutions frozen" if freeze == "conv" else "transfer, nothing frozen"

    def learn(data: Dataset, seed: int) -> LearnedNetwork:
        return learn_transfer(source, freeze, data, seed)

    return Approach("frozen" if freeze == "conv" else "fine-tuned", title, learn)


def scratch(source: Source) -> Approach:
    """The same network from random weights."""

    def learn(data: Dataset, seed: int) -> LearnedNetwork:
        def make() -> nn.Module:
            return from_scratch(source, len(data.labels))

        return learn_network(make, _SETTINGS["scratch"], data, seed)

    return Approach("scratch", "the same network from scratch", learn)


def forest() -> Approach:
    """A random forest on the pixels."""
    return Approach("forest", "random forest on pixels", _learn_forest)


def learn_transfer(source: Source, freeze: Freeze, data: Dataset, seed: int) -> LearnedNetwork:
    """The source's network with a new head for the classes of the data."""

    def make() -> nn.Module:
        return with_new_head(source, len(data.labels), freeze)

    return learn_network(make, _SETTINGS[freeze], data, seed)


def learn_network(
    make: Callable[[], nn.Module], settings: Sequence[Setting], data: Dataset, seed: int
) -> LearnedNetwork:
    """Fit with every setting, take the one with the least log loss on the validation rows, refit.

    Args:
        make: gives the network, from pixels to logits, with its weights to start from.
    """
    started = time.perf_counter()
    tried = [(one, _fit(make, one, data.train, seed, data.validation)) for one in settings]
    losses = [_loss(outcome, data.validation) for _, outcome in tried]
    best, outcome = tried[int(np.argmin(losses))]
    both = data.train + data.validation
    final = _fit(make, best, both, seed)
    epochs = tuple(range(1, len(outcome.accuracies) + 1))
    recipe = _sized(make, best, len(both))
    return LearnedNetwork(
        network=final.network,
        scores=final.scores,
        validation_scores=outcome.scores(data.validation.images),
        curve=Curve("epochs", epochs, outcome.accuracies),
        hyperparameters={
            "peak_learning_rate": best.rate,
            "epochs": recipe.epochs,
            "batch_size": recipe.batch_size,
            "warm_up": recipe.warm_up,
            "rotation": recipe.rotation,
            "scaling": recipe.scaling,
            "shear": recipe.shear,
            "shift": recipe.shift,
        },
        seconds=time.perf_counter() - started,
    )


def _fit(
    make: Callable[[], nn.Module],
    setting: Setting,
    split: Split,
    seed: int,
    watch: Split | None = None,
) -> Outcome:
    return fit(_sized(make, setting, len(split)), split, seed=seed, watch=watch)


def _sized(make: Callable[[], nn.Module], setting: Setting, rows: int) -> Retraining:
    """The recipe for so many rows: small batches for few, and no fewer steps than the setting's."""
    largest = min(_LARGEST_BATCH, rows)
    batch = min(largest, max(_SMALLEST_BATCH, rows // _BATCHES))
    epochs = max(_EPOCHS, math.ceil(setting.steps / (rows // batch)))
    return Retraining(epochs=epochs, batch_size=batch, peak_learning_rate=setting.rate, make=make)


def _loss(outcome: Outcome, split: Split) -> float:
    return log_loss(outcome.scores(split.images), split.labels)


def _learn_forest(data: Dataset, seed: int) -> Fitted:
    base = random_forest.Hyperparameters()
    tried = [
        random_forest.train(data, seed=seed, hyperparameters=replace(base, max_features=pixels))
        for pixels in _PIXELS
    ]
    losses = [
        log_loss(logits_of(one.validation_scores, one.link), data.validation.labels)
        for one in tried
    ]
    return tried[int(np.argmin(losses))]
