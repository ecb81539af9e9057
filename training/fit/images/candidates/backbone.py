"""A pretrained network, frozen, with a linear head: transfer learning for few labels.

The features of an image are computed once, for all splits; the head is a logistic regression.
"""

from __future__ import annotations

import time

import numpy as np

from training.fit.candidate import Data, Learned
from training.fit.images import efficientnet
from training.fit.images.candidates import logistic
from training.fit.images.rows import Features, Images
from training.fit.images.weights import MISSING, PACKAGE, weights_file

# The test rows, and the head, take time as well.
_MORE = 1.4
_PROBE = 16


def learn(data: Data, *, seed: int, seconds: float) -> Learned:
    """Choose the head's penalty on the validation rows, refit it on both.

    Raises:
        ValueError: the weights are not installed, or the features take longer than the time.
    """
    path = weights_file()
    if path is None:
        raise ValueError(MISSING)
    backbone = efficientnet.load(path)

    def features(images: Images) -> Features:
        return images.store.features(images.rows, backbone.features)

    _check_time(data.both.rows.images, backbone, seconds)
    train, validation, both = (
        (features(part.rows.images), part.target)
        for part in (data.train, data.validation, data.both)
    )
    penalty, scores = logistic.choose(train, validation, data.n_classes, seconds)
    head = logistic.fit(*both, penalty, data.n_classes)
    return Learned(
        scores=lambda images: head.scores(features(images)),
        validation_scores=scores,
        write=lambda graph, planes: head.write(
            graph, backbone.write(graph, planes.planes(), planes.channels)
        ),
        hyperparameters={"penalty": penalty, "features": efficientnet.FEATURES, "frozen": True},
        libraries=("torch", "sklearn"),
        notes={"weights": f"{PACKAGE}: EfficientNet-Lite0, ImageNet, Apache-2.0"},
    )


def _check_time(images: Images, backbone: efficientnet.Backbone, seconds: float) -> None:
    """Refuse features that take longer than the time, by the pace of a few images."""
    missing = np.unique(images.store.missing(images.rows))
    if not len(missing):
        return
    images.store.features(missing[:1], backbone.features)  # the first is slower
    some = missing[1 : 1 + _PROBE]
    started = time.perf_counter()
    images.store.features(some, backbone.features)
    pace = (time.perf_counter() - started) / max(1, len(some))
    needed = pace * len(missing) * _MORE
    if needed > seconds:
        raise ValueError(
            f"{len(missing):,} images take it {needed:.0f} s of {seconds:.0f} s; raise --budget "
            f"{int(np.ceil(needed / seconds))}-fold"
        )
