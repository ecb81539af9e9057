"""Gradient-boosted trees (Friedman, 2001) with XGBoost (Chen and Guestrin, 2016).

Each round adds one tree per class that corrects the errors of the trees before it. Pixels need only
a few histogram bins, and sampling a few pixels per node makes training faster and reduces
overfitting; both settings were chosen on the validation set (docs/training-log.md).
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from training.accelerator import cuda_name
from training.datasets import Dataset
from training.export.trees import Tree, ensemble_graph
from training.fitted import Curve, Fitted, Report, silent


@dataclass(frozen=True)
class Hyperparameters:
    """XGBoost's parameters, by their names there; `rounds` trees are grown per class."""

    rounds: int = 300
    eta: float = 0.2
    max_depth: int = 8
    max_bin: int = 16
    subsample: float = 1.0
    colsample_bynode: float = 0.05


def train(
    data: Dataset,
    *,
    seed: int = 42,
    hyperparameters: Hyperparameters | None = None,
    report: Report = silent,
) -> Fitted:
    """Fit on the training split."""
    settings = hyperparameters or Hyperparameters()
    started = time.perf_counter()
    accelerator = cuda_name()
    parameters: dict[str, Any] = {
        **asdict(settings),
        "objective": "multi:softprob",
        "eval_metric": "merror",
        "num_class": len(data.labels),
        "tree_method": "hist",
        "device": "cuda" if accelerator else "cpu",
        "nthread": os.cpu_count(),
        "seed": seed,
    }
    rounds = parameters.pop("rounds")
    history: dict[str, Any] = {}
    train_matrix = xgboost.QuantileDMatrix(
        _pixels(data.train.images), data.train.labels, max_bin=settings.max_bin
    )
    validation = xgboost.DMatrix(_pixels(data.validation.images), data.validation.labels)
    booster = xgboost.train(
        parameters,
        train_matrix,
        rounds,
        evals=[(validation, "validation")],
        evals_result=history,
        verbose_eval=False,
        callbacks=[_Progress(report, rounds)],
    )
    errors = history["validation"]["merror"]
    trees, base = _trees(booster, len(data.labels))
    return Fitted(
        scores=lambda images: _scores(booster, images),
        validation_scores=_scores(booster, data.validation.images),
        core=ensemble_graph(trees, n_targets=len(data.labels), test="<", base=base),
        link="identity",
        parity_tolerance=1e-5,
        train_samples=len(data.train),
        seconds=time.perf_counter() - started,
        device=accelerator or f"{os.cpu_count()} CPU cores",
        hyperparameters=asdict(settings),
        curve=Curve("rounds", tuple(range(1, rounds + 1)), tuple(1 - e for e in errors)),
        libraries=("xgboost",),
        notes={"leaves": int(sum(np.count_nonzero(tree.left < 0) for tree in trees))},
    )


class _Progress(xgboost.callback.TrainingCallback):
    def __init__(self, report: Report, rounds: int) -> None:
        self._report, self._rounds = report, rounds

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        error = evals_log["validation"]["merror"][-1]
        self._report(epoch + 1, self._rounds, f"validation accuracy {1 - error:.4f}")
        return False  # continue training


def _scores(booster: xgboost.Booster, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    margins = booster.predict(xgboost.DMatrix(_pixels(images)), output_margin=True)
    result: NDArray[np.float64] = margins.astype(np.float64)
    return result


def _pixels(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return images.reshape(len(images), -1)


def _trees(booster: xgboost.Booster, n_targets: int) -> tuple[list[Tree], NDArray[np.floating]]:
    """The trees and the base score of a booster, from XGBoost's documented JSON format.

    A node goes left if x < threshold. `split_conditions` holds the values of leaves too.
    """
    learner = json.loads(booster.save_raw("json"))["learner"]
    model = learner["gradient_booster"]["model"]
    trees = []
    for tree, target in zip(model["trees"], model["tree_info"], strict=True):
        left = np.array(tree["left_children"])
        threshold = np.array(tree["split_conditions"], np.float32)
        values = np.zeros((len(left), n_targets), np.float32)
        values[left < 0, target] = threshold[left < 0]
        trees.append(
            Tree(left, np.array(tree["right_children"]), np.array(tree["split_indices"]),
                 threshold, values)
        )  # fmt: skip
    base = json.loads(learner["learner_model_param"]["base_score"])
    return trees, np.broadcast_to(np.asarray(base, np.float32), (n_targets,))
