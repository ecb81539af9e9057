"""Regressions learnt in units of the target's spread, around its mean.

XGBoost ends where gains fall below an absolute limit, float32 sums of large leaves lose what
distinguishes them, and networks expect targets of about 1: so every candidate learns a standardised
target, and its answers are put back into the target's own units, in the graph too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from training.explain.answers import Scale
from training.export.graph import Graph
from training.fit.candidate import Data, Learned, Learner, Part, Reference


def standardised(learner: Learner) -> Learner:
    """The learner of a regression, on a target with mean 0 and standard deviation 1."""

    def learn(data: Data, *, seed: int, seconds: float) -> Learned:
        mean = float(np.mean(data.train.target))
        spread = float(np.std(data.train.target)) or 1.0

        def standard(part: Part) -> Part:
            return Part(part.rows, (part.target - mean) / spread)

        learned = learner(
            replace(
                data,
                train=standard(data.train),
                validation=standard(data.validation),
                both=standard(data.both),
            ),
            seed=seed,
            seconds=seconds,
        )

        def write(graph: Graph, features: Any) -> str:
            values = learned.write(graph, features)
            scaled = graph.add("Mul", values, graph.constant(np.float32(spread)))
            return graph.add("Add", scaled, graph.constant(np.float32(mean)))

        return replace(
            learned,
            scores=lambda rows: learned.scores(rows) * spread + mean,
            validation_scores=learned.validation_scores * spread + mean,
            write=write,
            explainers=tuple(
                replace(
                    one,
                    explains="value",
                    scale=Scale(one.scale.factor * spread, one.scale.offset * spread + mean),
                    reference=_scaled(one.reference, spread),
                )
                for one in learned.explainers
            ),
            notes={**learned.notes, "target_mean": mean, "target_spread": spread},
        )

    return learn


def _scaled(reference: Reference | None, spread: float) -> Reference | None:
    """The contributions of another library in the target's own units."""
    if reference is None:
        return None
    name, contributions = reference
    return name, lambda rows, target: contributions(rows, target) * spread
