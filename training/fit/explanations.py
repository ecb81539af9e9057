"""The explanation graphs of a fitted candidate, checked on its test rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.batch import Batch
from contract.explanations import ATTRIBUTION, BASE, TARGET, VALUE, Agreement, Explanation, row_of
from training.answers import run_graph
from training.errors import ParityError
from training.explain.answers import finish
from training.export.graph import Graph
from training.export.packing import serialize
from training.fit.candidate import Explainer
from training.fit.comparison import Entrant
from training.fit.problem import Problem, Tensors

# Largest gap between value and sum, and largest difference from another library, both of numbers
# in the size of a logit; of a regression in the size of the target's spread.
TOLERANCE = 1e-4
AGREEMENT = 1e-4
_CHECKED = 200


def explanations_of(
    problem: Problem, entrant: Entrant, tensors: Tensors, test: Any
) -> tuple[tuple[Explanation, bytes], ...]:
    """Graphs with what the manifest says of them, the default first; none of a blend.

    Raises:
        ParityError: contributions do not add up, or differ from another library's.
    """
    if entrant.learned is None or row_of(tensors.specs()) is None:
        return ()
    rows = test.take(np.arange(min(len(test), _CHECKED)))
    return tuple(
        _explanation(problem, entrant, explainer, tensors, rows)
        for explainer in entrant.learned.explainers
    )


def _explanation(
    problem: Problem, entrant: Entrant, explainer: Explainer, tensors: Tensors, rows: Any
) -> tuple[Explanation, bytes]:
    graph = Graph()
    parts = explainer.write(graph, tensors.features(graph))
    specs, classes = tensors.specs(), bool(problem.labels)
    written = serialize(
        finish(
            graph, entrant.name, tensors.values(), specs, parts, explainer.scale, classes=classes
        )
    )
    size = 1.0 if classes else float(np.std(problem.target)) or 1.0
    target = np.arange(len(rows)) % max(1, len(problem.labels))
    given = dict(tensors.batch(rows).arrays) | ({TARGET: target} if classes else {})
    answers = run_graph(written, Batch(given))
    gap = np.abs(answers[BASE] + answers[ATTRIBUTION].sum(axis=1) - answers[VALUE]).max()
    if not gap <= TOLERANCE * size:
        raise ParityError(
            f"{entrant.name}: contributions of {explainer.method} miss the answer by {gap:.2g} "
            f"(limit {TOLERANCE * size:.2g}); nothing was written for it"
        )
    explanation = Explanation(
        method=explainer.method,
        variant=f"explain_{explainer.method}",
        explains=explainer.explains,
        tolerance=TOLERANCE * size,
        agreement=_agreement(entrant, explainer, rows, target, answers[ATTRIBUTION]),
    )
    return explanation, written


def _agreement(
    entrant: Entrant,
    explainer: Explainer,
    rows: Any,
    target: NDArray[np.int64],
    found: NDArray[np.float64],
) -> Agreement | None:
    if explainer.reference is None:
        return None
    name, other = explainer.reference
    difference = float(np.abs(other(rows, target) - found).max())
    if not difference <= AGREEMENT:
        raise ParityError(
            f"{entrant.name}: contributions of {explainer.method} differ from those of {name} by "
            f"{difference:.2g} (limit {AGREEMENT:g}); nothing was written for it"
        )
    return Agreement(
        reference=name, samples=len(rows), max_difference=difference, tolerance=AGREEMENT
    )
