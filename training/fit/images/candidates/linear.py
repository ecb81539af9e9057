"""Logistic regression on pixels, made smaller where an image is large."""

from __future__ import annotations

from training.fit.candidate import Data, Learned
from training.fit.images.candidates import logistic


def learn(data: Data, *, seed: int, seconds: float) -> Learned:
    """Choose the penalty on the validation rows, refit on both."""
    train, validation, both = (
        (part.rows.matrix(), part.target) for part in (data.train, data.validation, data.both)
    )
    penalty, scores = logistic.choose(train, validation, data.n_classes, seconds)
    model, squares = logistic.fit(*both, penalty, data.n_classes), data.both.rows.encoding
    return Learned(
        scores=lambda images: model.scores(squares.encode(images).matrix()),
        validation_scores=scores,
        write=lambda graph, planes: model.write(graph, planes.matrix(squares)),
        hyperparameters={"penalty": penalty, "pixels_a_square": squares.side**2},
        libraries=("sklearn",),
    )
