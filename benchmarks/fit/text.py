"""`python -m benchmarks fit-text`: TF-IDF against a frozen sentence encoder, by number of labels.

The candidates are those of `fit`, with its calibration: five sixths of the labels train, one sixth
chooses and calibrates, both then train the final model. Two variants tell what tokenising inside
the graph costs: TF-IDF with scikit-learn's own tokens, and the encoder with BERT's exact tokens.
"""

from __future__ import annotations

import json
import os
import platform
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fit import text_sets
from training.fit import scores
from training.fit.candidate import Data, Learned
from training.fit.intervals import over_rows
from training.fit.predictor import Calibrated
from training.fit.texts import encoder, minilm, tfidf
from training.fit.texts.inputs import Texts
from training.fit.texts.kind import TextKind
from training.fit.texts.read import text_twins
from training.fit.texts.wordpiece import Pieces
from training.provenance import processor

LABELS = (30, 100, 300, 1_000)
# Texts to test on and texts to label, the same for every draw: encoding one takes 15 ms.
TEST = 500
POOL = 1_500
_SECONDS = 3_600.0
# scikit-learn's default: two word characters and more.
_TOKEN = re.compile(r"(?u)\b\w\w+\b")
Learner = Callable[[Data, Texts], Learned]


def main(out: Path, scratch: Path, names: list[str], seeds: int) -> None:
    """Measure the sets that are named, and write all that are known."""
    scratch.mkdir(parents=True, exist_ok=True)
    os.environ[encoder.FOLDER] = str(text_sets.encoder(scratch))
    found = json.loads(out.read_text())["sets"] if out.exists() else {}
    for name in names or list(text_sets.SETS):
        found[name] = _measure(*text_sets.texts(scratch, name), seeds)
        document = {
            "processor": processor(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "test": TEST,
            "pool": POOL,
            "sets": found,
        }
        out.write_text(json.dumps(document, indent=1) + "\n")


def _measure(texts: np.ndarray, ratings: np.ndarray, seeds: int) -> dict[str, Any]:
    """A set: positive against negative, without texts whose mean rating is zero."""
    told = ratings != 0
    rows, target = Texts("text", texts[told]), (ratings[told] > 0).astype(np.int64)
    # Twins once: the first of each.
    _, first = np.unique(text_twins(rows), return_index=True)
    rows, target = rows.take(first), target[first]
    chosen = np.random.default_rng(0).permutation(len(target))[: TEST + POOL]
    test, pool = chosen[:TEST], chosen[TEST:]
    points = [p for seed in range(seeds) for p in _draw(rows, target, test, pool, seed)]
    share = float(target.mean())
    return {
        "texts": len(target),
        "majority": round(max(share, 1 - share), 4),
        "points": [
            {key: value for key, value in point.items() if key != "wrong"} for point in points
        ],
        "differences": list(_differences(points)),
    }


def _draw(
    rows: Texts, target: np.ndarray, test: np.ndarray, pool: np.ndarray, seed: int
) -> Iterator[dict[str, Any]]:
    """Every candidate at every number of labels."""
    order = np.random.default_rng(seed + 1).permutation(pool)
    for labels in LABELS:
        train, validation = _parts(order[:labels])
        data = TextKind().prepare(rows, target, 2, train, validation)
        for name, learner in LEARNERS.items():
            started = time.perf_counter()
            learned = learner(data, rows)
            predicted = Calibrated.of(learned, data).predict(rows.take(test))
            figures = scores.classification(predicted, target[test])
            point = {
                "candidate": name,
                "labels": labels,
                "seed": seed,
                "accuracy": round(figures.values["accuracy"], 4),
                "log_loss": round(figures.values["log_loss"], 4),
                "seconds": round(time.perf_counter() - started, 2),
            }
            if name == "minilm":
                point["read_otherwise"] = _read_otherwise(rows, train, validation, test)
            print(json.dumps(point), flush=True)
            yield {**point, "wrong": figures.wrong}


def _parts(labelled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Five sixths to train, one sixth to choose and calibrate."""
    cut = len(labelled) // 6
    return labelled[cut:], labelled[:cut]


def _read_otherwise(
    rows: Texts, train: np.ndarray, validation: np.ndarray, test: np.ndarray
) -> float:
    """The share of the test texts with a piece that BERT's tokeniser would not give."""
    some, vocabulary = rows.take(test), encoder.find().vocabulary
    known = minilm.words_of(rows.take(np.concatenate([train, validation])))
    exact, own = (Pieces.of(vocabulary, words) for words in (known | minilm.words_of(some), known))
    differ = [own.encode(text) != exact.encode(text) for text in some.texts]
    return round(sum(differ) / len(differ), 4)


def _tfidf(data: Data, rows: Texts) -> Learned:
    return tfidf.learn(data, seed=0, seconds=_SECONDS)


def _sklearn_tokens(data: Data, rows: Texts) -> Learned:
    def cut(text: str) -> list[str]:
        return _TOKEN.findall(text.lower())

    chosen = tfidf.choose(data, cut, _SECONDS)
    return Learned(
        scores=lambda some: chosen.model.scores(map(cut, some.texts)),
        validation_scores=chosen.validation_scores,
        write=lambda graph, features: "",
        hyperparameters={},
        libraries=(),
    )


def _minilm(data: Data, rows: Texts) -> Learned:
    return minilm.learn(data, seed=0, seconds=_SECONDS)


def _exact_tokens(data: Data, rows: Texts) -> Learned:
    """The pieces of every word of the set, test texts too: what BERT's tokeniser would give."""
    found = encoder.find()
    pieces = Pieces.of(found.vocabulary, minilm.words_of(rows))
    return minilm.learn_with(data, found, pieces, pieces, _SECONDS)


LEARNERS: dict[str, Learner] = {
    "tfidf": _tfidf,
    "tfidf, scikit-learn's tokens": _sklearn_tokens,
    "minilm": _minilm,
    "minilm, exact tokens": _exact_tokens,
}


def _differences(points: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Accuracy of `better` less that of `than`, paired by test text, the mean of all draws."""
    for better, than in (
        ("minilm", "tfidf"),
        ("minilm, exact tokens", "minilm"),
        ("tfidf, scikit-learn's tokens", "tfidf"),
    ):
        for labels in LABELS:
            wrong = {
                name: np.mean(
                    [
                        p["wrong"]
                        for p in points
                        if p["candidate"] == name and p["labels"] == labels
                    ],
                    axis=0,
                )
                for name in (better, than)
            }
            found = over_rows(wrong[than] - wrong[better], np.arange(len(wrong[than])))
            yield {
                "better": better,
                "than": than,
                "labels": labels,
                "accuracy": round(found.mean, 4),
                "low": round(found.low, 4),
                "high": round(found.high, 4),
            }
