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

# Largest gap between value and sum, largest difference of the value from the model's own answer,
# and largest difference from another library: of numbers in the size of a logit; of a regression in
# the size of the target's spread. The value is computed in float32, so a contribution that is a
# thousand times as large as usual is allowed a gap as a share of the change.
TOLERANCE = AGREEMENT = 1e-4
RELATIVE = 1e-5
_CHECKED = 200
_AT_ONCE = 20  # rows; those of a graph of Shapley values take megabytes each

Made = tuple[Explanation, bytes]


def explanations_of(
    problem: Problem, entrant: Entrant, tensors: Tensors, test: Any
) -> tuple[tuple[Made, ...], dict[str, str]]:
    """Graphs with what the manifest says of them, the default first, and why others are left out.

    An explanation that is wrong is not written; the model it explains is still right.
    """
    if entrant.learned is None or row_of(tensors.specs()) is None:
        return (), {}
    rows = test.take(np.arange(min(len(test), _CHECKED)))
    made: list[Made] = []
    left_out: dict[str, str] = {}
    for explainer in entrant.learned.explainers:
        try:
            made.append(_explanation(problem, entrant, explainer, tensors, rows))
        except ParityError as error:
            left_out[explainer.method] = str(error)
    return tuple(made), left_out


def _explanation(
    problem: Problem, entrant: Entrant, explainer: Explainer, tensors: Tensors, rows: Any
) -> Made:
    graph = Graph()
    parts = explainer.write(graph, tensors.features(graph))
    specs, classes = tensors.specs(), len(problem.labels)
    written = serialize(
        finish(
            graph, entrant.name, tensors.values(), specs, parts, explainer.scale,
            classes=classes > 0,
        )
    )  # fmt: skip
    size = 1.0 if classes else float(np.std(problem.target)) or 1.0
    allowed = Explanation(
        method=explainer.method,
        variant=f"explain_{explainer.method}",
        explains=explainer.explains,
        tolerance=TOLERANCE * size,
        relative_tolerance=RELATIVE,
    )
    batch = tensors.batch(rows)
    answers = [_asked(written, batch, k if classes else None) for k in range(max(1, classes))]
    for answer in answers:
        _check_sums(allowed, answer)
    values = np.stack([answer[VALUE] for answer in answers], axis=1)
    own = _own_answers(entrant, explainer, rows, classes)
    difference = float(np.max(np.abs(values - own) / np.maximum(1.0, np.abs(own) / size)))
    if not difference <= TOLERANCE * size:
        raise ParityError(
            f"what {explainer.method} explains differs from the model's answer by "
            f"{difference:.2g} (limit {TOLERANCE * size:.2g})"
        )
    target = np.arange(len(rows)) % max(1, classes)
    found = np.stack([answer[ATTRIBUTION] for answer in answers])[target, np.arange(len(rows))]
    return allowed.model_copy(
        update={"agreement": _agreement(explainer, rows, target, found, size)}
    ), written


def _asked(graph: bytes, batch: Batch, target: int | None) -> Batch:
    """The answers of an explanation graph, a few rows at a time."""
    arrays = dict(batch.arrays)
    if target is not None:
        arrays[TARGET] = np.full(len(batch), target)
    return run_graph(graph, Batch(arrays), _AT_ONCE)


def _check_sums(explanation: Explanation, answer: Batch) -> None:
    change = answer[ATTRIBUTION].sum(axis=1)
    gaps = answer[BASE] + change - answer[VALUE]
    if not all(map(explanation.allows, gaps, change)):
        raise ParityError(
            f"contributions of {explanation.method} miss the answer by {np.abs(gaps).max():.2g} "
            f"(limit {explanation.tolerance:.2g})"
        )


def _own_answers(
    entrant: Entrant, explainer: Explainer, rows: Any, classes: int
) -> NDArray[np.float64]:
    """What the fitted model itself says in the terms of the explanation, [n, classes or 1]."""
    if entrant.learned is None:
        raise LookupError(f"{entrant.name} was not fitted")
    scores = entrant.learned.scores(rows)
    if explainer.explains == "value":
        return scores
    if explainer.explains == "probability":
        return _shares(scores)
    if classes == 2:  # the log odds of each class
        margin = scores[:, 1] - scores[:, 0]
        return np.stack([-margin, margin], axis=1)
    return scores


def _shares(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares of votes from their logarithms, whose sum is 1 without what keeps them above 0."""
    raised = np.exp(logits)
    found: NDArray[np.float64] = raised - (raised.sum(axis=1, keepdims=True) - 1) / raised.shape[1]
    return found


def _agreement(
    explainer: Explainer,
    rows: Any,
    target: NDArray[np.int64],
    found: NDArray[np.float64],
    size: float,
) -> Agreement | None:
    if explainer.reference is None:
        return None
    name, other = explainer.reference
    difference = float(np.abs(other(rows, target) - found).max())
    if not difference <= AGREEMENT * size:
        raise ParityError(
            f"contributions of {explainer.method} differ from those of {name} by "
            f"{difference:.2g} (limit {AGREEMENT * size:.2g})"
        )
    return Agreement(
        reference=name, samples=len(rows), max_difference=difference, tolerance=AGREEMENT * size
    )
