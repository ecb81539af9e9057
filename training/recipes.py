"""The four models of this repository, as data."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

from contract.manifest import Family
from training.fitted import Trainer


@dataclass(frozen=True)
class Recipe:
    """One model: its names, the module that trains it, and its required accuracy.

    Attributes:
        floors: required test accuracy by data set; a model below it is not written.
    """

    name: str
    title: str
    algorithm: str
    family: Family
    module: str
    floors: Mapping[str, float]

    @property
    def trainer(self) -> Trainer:
        """The module's `train`, imported late, so that other models do not import torch."""
        trainer: Trainer = importlib.import_module(self.module).train
        return trainer


RECIPES = (
    Recipe(
        name="digits-random-forest",
        title="Random forest of 100 full trees on raw pixels",
        algorithm="random_forest",
        family="classical_ml",
        module="training.random_forest",
        floors={"mnist": 0.9705, "digits": 0.88},
    ),
    Recipe(
        name="digits-perceptron",
        title="Rosenblatt's perceptron, ten classes, averaged weights",
        algorithm="perceptron",
        family="classical_ml",
        module="training.perceptron",
        floors={"mnist": 0.925, "digits": 0.86},
    ),
    Recipe(
        name="digits-xgboost",
        title="Gradient-boosted trees on raw pixels",
        algorithm="gradient_boosting",
        family="classical_ml",
        module="training.gradient_boosting",
        floors={"mnist": 0.979, "digits": 0.85},
    ),
    Recipe(
        name="digits-cnn",
        title="Convolutional network, four convolutions, batch-normalised",
        algorithm="cnn",
        family="deep_learning",
        module="training.cnn",
        # The floor of a single run; `race` checks that the mean over seeds reaches 0.9950.
        floors={"mnist": 0.9945, "digits": 0.92},
    ),
)
