"""A frozen encoder and a linear head: logistic regression or ridge regression of its vectors.

The penalty is chosen on the validation rows. The encoder is not trained; only which words it knows
the pieces of comes from the training texts.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits

from training.fit.candidate import Data, Learned, Scores, error_of
from training.fit.graph import Graph
from training.fit.logits import logits_of
from training.fit.texts.encoder import Encoder, find
from training.fit.texts.encoder_graph import EncoderNodes
from training.fit.texts.inputs import TextFeatures, Texts
from training.fit.texts.wordpiece import MOST_TOKENS, SPLITTER, Pieces

# Inverse penalties, as in `tfidf`.
STRENGTHS = (1.0, 10.0, 100.0)
# The share of the time for the training texts: the validation and test texts are encoded too.
_TRAINING = 0.6
_NAME = "all-MiniLM-L6-v2"


def learn(data: Data, *, seed: int, seconds: float) -> Learned:
    """Encode, choose the penalty on the validation rows, refit on both; deterministic.

    Raises:
        ValueError: the encoder is not there, or takes longer than `seconds`.
    """
    encoder = find()
    first, final = (
        Pieces.of(encoder.vocabulary, words_of(part.rows)) for part in (data.train, data.both)
    )
    return learn_with(data, encoder, first, final, seconds)


def learn_with(
    data: Data, encoder: Encoder, first: Pieces, final: Pieces, seconds: float
) -> Learned:
    """As `learn`, with the pieces of the first model and of the final one."""
    end = time.perf_counter() + seconds
    train = _vectors(encoder, first, data.train.rows, seconds * _TRAINING)
    validation = _vectors(encoder, first, data.validation.rows, end - time.perf_counter())
    errors: dict[float, float] = {}
    found: dict[float, Scores] = {}
    for strength in STRENGTHS:
        head = _fit(train, data.train.target, data, strength)
        found[strength] = _scores(head, validation)
        errors[strength] = error_of(found[strength], data.validation)
    best = min(errors, key=lambda strength: errors[strength])
    both = _vectors(encoder, final, data.both.rows, None)
    head = _fit(both, data.both.target, data, best)
    return Learned(
        scores=lambda rows: _scores(head, _vectors(encoder, final, rows, None)),
        validation_scores=found[best],
        write=lambda graph, features: _write(graph, features, encoder, final, head),
        hyperparameters={
            "encoder": _NAME,
            "encoder_sha256": encoder.sha256,
            "inverse_penalty": best,
            "tokens_read": MOST_TOKENS,
        },
        libraries=("torch", "sklearn"),
        notes={"words_with_pieces": len(final.rows)},
    )


def words_of(rows: Texts) -> set[str]:
    """The words of all texts."""
    return {word for text in rows.texts for word in SPLITTER.words(str(text))}


def _vectors(
    encoder: Encoder, pieces: Pieces, rows: Texts, seconds: float | None
) -> NDArray[np.float32]:
    return encoder.encode([pieces.encode(str(text)) for text in rows.texts], seconds)


Head = tuple[NDArray[np.float64], NDArray[np.float64]]


def _fit(vectors: NDArray[Any], target: NDArray[Any], data: Data, strength: float) -> Head:
    """Weights [width, outputs] and bias [outputs]."""
    wide = vectors.astype(np.float64)
    if data.task == "regression":
        ridge = Ridge(alpha=1 / (2 * strength)).fit(wide, target)
        return ridge.coef_[:, None], np.array([ridge.intercept_])
    with warnings.catch_warnings(), threadpool_limits(1):  # as in `tfidf`
        warnings.simplefilter("ignore", ConvergenceWarning)  # the validation rows judge
        model = LogisticRegression(C=strength, max_iter=300).fit(wide, target)
    weights, bias = logits_of(model, data.n_classes)
    return weights.T, bias


def _scores(head: Head, vectors: NDArray[np.float32]) -> Scores:
    found: Scores = vectors.astype(np.float64) @ head[0] + head[1]
    return found


def _write(
    graph: Graph, features: TextFeatures, encoder: Encoder, pieces: Pieces, head: Head
) -> str:
    ids, lengths = pieces.write(graph, features.texts, features.words(SPLITTER))
    vectors = EncoderNodes(graph, encoder).write(ids, lengths)
    weights, bias = (graph.constant(part.astype(np.float32)) for part in head)
    return graph.add("Gemm", vectors, weights, bias)
