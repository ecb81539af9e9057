"""TF-IDF and a linear model: logistic regression or ridge regression, a weight for each term.

How rare a term may be and the penalty are chosen on the validation rows.
"""

from __future__ import annotations

import itertools
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits

from training.fit.candidate import Data, Learned, Part, Scores, error_of
from training.fit.graph import Graph
from training.fit.logits import logits_of
from training.fit.texts.inputs import TextFeatures, Texts
from training.fit.texts.terms import LinearTerms, Vocabulary
from training.fit.texts.words import MOST_CUTS, MOST_PIECES, Splitter

SPLITTER = Splitter()
# Inverse penalties: those of scikit-learn's logistic regression, 1 / (2 alpha) of ridge.
STRENGTHS = (10.0, 1.0, 100.0, 1_000.0)
LEAST = (1, 2)
# The terms with the largest weights that the card shows for each class.
_SHOWN = 12


# A text -> its words.
Cut = Callable[[str], Sequence[str]]


class Chosen(NamedTuple):
    """The model of all rows, its settings, and what a first model said of the validation rows."""

    model: LinearTerms
    least: int
    strength: float
    validation_scores: Scores


def learn(data: Data, *, seed: int, seconds: float) -> Learned:
    """Choose on the validation rows, refit on both; deterministic.

    Raises:
        ValueError: no text has a word.
    """
    final, least, strength, validation_scores = choose(data, SPLITTER.words, seconds)
    return Learned(
        scores=lambda rows: final.scores(map(SPLITTER.words, rows.texts)),
        validation_scores=validation_scores,
        write=lambda graph, features: _write(final, graph, features),
        hyperparameters={
            "least_texts_of_a_term": least,
            "inverse_penalty": strength,
            "pieces_read": MOST_PIECES,
            "cuts_of_a_mark": MOST_CUTS,
        },
        libraries=("sklearn",),
        notes={
            "words": len(final.vocabulary.words),
            "pairs_of_words": len(final.vocabulary.pairs),
            "strongest_terms": _strongest(final),
        },
    )


def choose(data: Data, cut: Cut, seconds: float) -> Chosen:
    """As `learn`, for any way to cut texts into words."""
    end = time.perf_counter() + seconds / 2
    train, validation = _cut(data.train, cut), _cut(data.validation, cut)
    errors: dict[tuple[int, float], float] = {}
    found: dict[tuple[int, float], Scores] = {}
    for least, strength in itertools.product(LEAST, STRENGTHS):
        if errors and time.perf_counter() > end:
            break
        model = _fit(train, data.train.target, data, least, strength)
        if model is not None:
            key = (least, strength)
            found[key] = model.scores(validation)
            errors[key] = error_of(found[key], data.validation)
    if not errors:
        raise ValueError("no text of the training rows has a word")
    best = min(errors, key=lambda key: errors[key])
    final = _fit(_cut(data.both, cut), data.both.target, data, *best)
    if final is None:
        raise ValueError("no text of the training rows has a word")
    return Chosen(final, *best, found[best])


def _cut(part: Part, cut: Cut) -> list[Sequence[str]]:
    rows: Texts = part.rows
    return [cut(str(text)) for text in rows.texts]


def _fit(
    texts: Sequence[Sequence[str]],
    target: NDArray[Any],
    data: Data,
    least: int,
    strength: float,
) -> LinearTerms | None:
    """The model of these texts; None if no term is in enough of them."""
    vocabulary = Vocabulary.of(texts, least)
    if not len(vocabulary):
        return None
    matrix = vocabulary.matrix(texts)
    if data.task == "regression":
        ridge = Ridge(alpha=1 / (2 * strength), solver="sparse_cg").fit(matrix, target)
        return LinearTerms(vocabulary, ridge.coef_[:, None], np.array([ridge.intercept_]))
    # Vectors of a few thousand numbers: threads cost more than they share, most on a busy machine.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # the validation rows judge
        model = LogisticRegression(C=strength, max_iter=200).fit(matrix, target)
    weights, bias = logits_of(model, data.n_classes)
    return LinearTerms(vocabulary, weights.T, bias)


def _write(model: LinearTerms, graph: Graph, features: TextFeatures) -> str:
    return model.write(graph, features.texts, features.words(SPLITTER))


def _strongest(model: LinearTerms) -> list[list[str]]:
    """For each output the terms that raise it most, the strongest first."""
    order = np.argsort(-model.weights, axis=0)[:_SHOWN]
    return [[model.vocabulary.name(int(term)) for term in column] for column in order.T]
