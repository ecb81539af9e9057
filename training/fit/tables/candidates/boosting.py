"""Gradient-boosted trees with XGBoost (Chen and Guestrin, 2016), stopped by the validation rows."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from training.explain.answers import Scale
from training.export.graph import Graph
from training.export.trees import Tree
from training.fit.candidate import Data, Explainer, Learned, Scores, halves, two_logits
from training.fit.tables.candidates.explainers import explainers_of
from training.fit.tables.candidates.trees import sum_nodes
from training.fitted import Curve

ROUNDS = 4_000
PATIENCE = 60
MANY_ROWS = 5_000
# Tried in this order, as far as the time goes; the validation rows choose.
SETTINGS: tuple[dict[str, Any], ...] = (
    {"max_depth": 4, "min_child_weight": 1, "eta": 0.08},
    {"max_depth": 6, "min_child_weight": 2, "eta": 0.05},
    {"max_depth": 3, "min_child_weight": 1, "eta": 0.08},
    {"max_depth": 9, "min_child_weight": 8, "eta": 0.05},
)
# The final booster sees a fifth more rows than the one that was stopped.
MORE_ROUNDS = 1.1
COMMON: dict[str, Any] = {
    "subsample": 0.8,
    "colsample_bynode": 0.7,
    "tree_method": "hist",
    "lambda": 1.5,
}


@dataclass(frozen=True, eq=False)
class _Stopped:
    """A booster of one setting, with the round at which the validation rows stopped it."""

    settings: dict[str, Any]
    booster: xgboost.Booster
    rounds: int
    error: float
    curve: Curve


def learn(data: Data, *, seed: int, seconds: float) -> Learned:
    """Choose a setting and its rounds on the validation rows, refit on both."""
    started = time.perf_counter()
    common, intercept = parameters(data, seed), intercept_of(data)
    train, validation, both = (
        matrix_of(part.rows.matrix(), part.target, intercept)
        for part in (data.train, data.validation, data.both)
    )
    found: list[_Stopped] = []
    for settings in SETTINGS:
        # Each setting has a quarter of the time, and so has the last fit.
        found.append(_stopped(common, settings, train, validation, seconds / 4))
        if time.perf_counter() - started > seconds / 2:
            break
    best = min(found, key=lambda one: one.error)
    rounds = round(MORE_ROUNDS * best.rounds)
    booster = xgboost.train({**common, **best.settings}, both, rounds, verbose_eval=False)
    encoding, trees = data.both.rows.encoding, trees_of(booster, len(intercept))
    return Learned(
        scores=lambda columns: scores_of(
            margins_of(booster, encoding.encode(columns).matrix()) + intercept, data
        ),
        validation_scores=scores_of(
            margins_of(best.booster, data.validation.rows.matrix(), best.rounds) + intercept, data
        ),
        write=lambda graph, features: write(
            graph, features.matrix(encoding), trees, intercept, data
        ),
        hyperparameters={**COMMON, **best.settings, "rounds": rounds},
        libraries=("xgboost",),
        curve=best.curve,
        notes={"leaves": int(sum(np.count_nonzero(tree.left < 0) for tree in trees))},
        explainers=_explainers(booster, trees, intercept, data),
    )


def _explainers(
    booster: xgboost.Booster, trees: list[Tree], intercept: NDArray[np.float32], data: Data
) -> tuple[Explainer, ...]:
    """Shapley values and paths; of two classes the margin is the log odds of the second."""
    base, encoding = intercept.astype(np.float64), data.both.rows.encoding
    two = data.n_classes == 2
    scale = Scale(np.array([-1.0, 1.0]), base * [-1, 1]) if two else Scale(np.ones(len(base)), base)

    def own(rows: Any, target: NDArray[np.int64], *, approximate: bool) -> NDArray[np.float64]:
        found = booster.predict(
            xgboost.DMatrix(encoding.encode(rows).matrix()),
            pred_contribs=True, approx_contribs=approximate,
        ).astype(np.float64)  # fmt: skip
        if found.ndim == 3:
            found = found[np.arange(len(target)), target]
        return found[:, :-1] * (np.where(target == 1, 1.0, -1.0)[:, None] if two else 1.0)

    return explainers_of(
        trees, covers_of(booster), scale, "score", "<", encoding,
        classes=classes_of(booster) if data.n_classes > 2 else None,
        references={
            "tree_shap": ("xgboost's pred_contribs", partial(own, approximate=False)),
            "path": ("xgboost's approx_contribs", partial(own, approximate=True)),
        },
    )  # fmt: skip


def classes_of(booster: xgboost.Booster) -> NDArray[np.int64]:
    """The class to whose score each tree adds; not to be guessed, since a tree may be all zeros."""
    learner = json.loads(booster.save_raw("json"))["learner"]
    return np.array(learner["gradient_booster"]["model"]["tree_info"], np.int64)


def covers_of(booster: xgboost.Booster) -> list[NDArray[np.float64]]:
    """The sum of the hessians of the training rows at each node, per tree."""
    learner = json.loads(booster.save_raw("json"))["learner"]
    return [
        np.array(tree["sum_hessian"], np.float64)
        for tree in learner["gradient_booster"]["model"]["trees"]
    ]


def parameters(data: Data, seed: int) -> dict[str, Any]:
    """XGBoost's parameters by task; margins begin at `intercept_of`, not at a base score."""
    if data.task == "regression":
        task = {"objective": "reg:squarederror", "eval_metric": "rmse", "base_score": 0.0}
    elif data.n_classes == 2:
        task = {"objective": "binary:logistic", "eval_metric": "logloss", "base_score": 0.5}
    else:
        task = {
            "objective": "multi:softprob",
            "eval_metric": "mlogloss",
            "num_class": data.n_classes,
            "base_score": 0.0,
        }
    # Threads that wait for each other cost more than they share on small tables.
    threads = os.cpu_count() if len(data.train) >= MANY_ROWS else 1
    return {**COMMON, **task, "seed": seed, "nthread": threads}


def intercept_of(data: Data) -> NDArray[np.float32]:
    """The margin before any tree: the mean, the log odds, or the logs of the classes' shares."""
    target = data.train.target
    if data.task == "regression":
        return np.array([target.mean()], np.float32)
    shares = (np.bincount(target, minlength=data.n_classes) + 0.5) / (len(target) + 1)
    logs = np.log(shares)
    found = logs[1:] - logs[:1] if data.n_classes == 2 else logs
    return found.astype(np.float32)


def matrix_of(
    rows: NDArray[np.float32], target: NDArray[Any], margin: NDArray[np.float32]
) -> xgboost.DMatrix:
    """Rows and targets as XGBoost takes them, with margins [outputs] or [n, outputs]."""
    margins = np.broadcast_to(margin, (len(rows), margin.shape[-1]))
    base = margins[:, 0] if margin.shape[-1] == 1 else margins
    return xgboost.DMatrix(rows, target, base_margin=np.ascontiguousarray(base))


def _stopped(
    common: dict[str, Any],
    settings: dict[str, Any],
    train: xgboost.DMatrix,
    validation: xgboost.DMatrix,
    seconds: float,
) -> _Stopped:
    history: dict[str, Any] = {}
    booster = xgboost.train(
        {**common, **settings},
        train,
        ROUNDS,
        evals=[(validation, "validation")],
        evals_result=history,
        verbose_eval=False,
        early_stopping_rounds=PATIENCE,
        callbacks=[TimeLimit(seconds)],
    )
    (losses,) = history["validation"].values()
    curve = Curve("rounds", tuple(range(1, len(losses) + 1)), tuple(losses), "validation loss")
    # Not `best_iteration`, which a booster lacks that the time limit ended in its first round.
    best = int(np.argmin(losses))
    return _Stopped(settings, booster, best + 1, losses[best], curve)


class TimeLimit(xgboost.callback.TrainingCallback):
    """Stops after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._end = time.perf_counter() + seconds

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """True to stop."""
        return time.perf_counter() > self._end


def margins_of(
    booster: xgboost.Booster, matrix: NDArray[np.float32], rounds: int = 0
) -> NDArray[np.float64]:
    """Sums of the trees [n, outputs] of the first rounds, or of all."""
    margins = booster.predict(
        xgboost.DMatrix(matrix), output_margin=True, iteration_range=(0, rounds)
    )
    found: NDArray[np.float64] = margins.astype(np.float64).reshape(len(matrix), -1)
    return found


def scores_of(margins: NDArray[np.float64], data: Data) -> Scores:
    """Logits [n, classes] or values [n, 1] of margins [n, outputs]."""
    return halves(margins[:, 0]) if data.n_classes == 2 else margins


def trees_of(booster: xgboost.Booster, outputs: int) -> list[Tree]:
    """The trees, from XGBoost's documented JSON format.

    A node goes left if x < threshold. `split_conditions` holds the values of leaves too.
    """
    learner = json.loads(booster.save_raw("json"))["learner"]
    model = learner["gradient_booster"]["model"]
    trees = []
    for tree, target in zip(model["trees"], model["tree_info"], strict=True):
        left = np.array(tree["left_children"])
        threshold = np.array(tree["split_conditions"], np.float32)
        values = np.zeros((len(left), outputs), np.float32)
        values[left < 0, target] = threshold[left < 0]
        trees.append(
            Tree(
                left,
                np.array(tree["right_children"]),
                np.array(tree["split_indices"]),
                threshold,
                values,
                np.array(tree["default_left"]).astype(bool),
            )
        )
    return trees


def write(
    graph: Graph, matrix: str, trees: list[Tree], base: NDArray[np.floating], data: Data
) -> str:
    """Nodes of boosted trees: their sum and the base margin."""
    total = sum_nodes(graph, trees, matrix, outputs=len(base), test="<")
    margin = graph.add("Add", total, graph.constant(base.astype(np.float32)))
    return two_logits(graph, margin) if data.n_classes == 2 else margin
