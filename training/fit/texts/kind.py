"""Texts: what `Kind` asks for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.manifest import Family
from training.fit.candidate import Candidate, Clarity, Data, Learned, Learner, Part, Task
from training.fit.splits import Indices
from training.fit.texts.inputs import Texts, TextTensors

# Rows of the test set that are asked again in capitals, and joined to the next.
PROBES = 20
# Texts that are hard to answer alike.
HARD = (
    "", " ", "  \n\t ", "?!...", "qzxv wjkq", "É À ΣΑΣ ẞ İ", "\U0001f600 \U0001f680!", "\u200b",
    "\x01\x1b[0m\x7f", "no\u00a0break \u3000wide", "." * 60, "a." * 60, "word " * 3_000,
    "x" * 20_000,
)  # fmt: skip


def _late(module: str) -> Learner:
    """The learners import their libraries late: `--help` needs no torch."""

    def learn(data: Data, *, seed: int, seconds: float) -> Learned:
        learner: Learner = importlib.import_module(f"training.fit.texts.{module}").learn
        return learner(data, seed=seed, seconds=seconds)

    return learn


def _candidate(
    name: str, title: str, algorithm: str, family: Family, clarity: Clarity, share: float
) -> Candidate:
    return Candidate(name, title, algorithm, family, clarity, share, _late(name))


class TextKind:
    """Rows are `Texts`."""

    def candidates(self, task: Task) -> tuple[Candidate, ...]:
        """See `Kind`."""
        head = "logistic regression" if task == "classification" else "ridge regression"
        linear = head.replace(" ", "_")
        return (
            _candidate(
                "tfidf", f"TF-IDF and {head}", f"tfidf_{linear}", "classical_ml", "weights", 1
            ),
            _candidate(
                "minilm", f"Frozen MiniLM encoder and {head}", f"minilm_{linear}",
                "deep_learning", "opaque", 12,
            ),
        )  # fmt: skip

    def prepare(
        self,
        rows: Texts,
        target: NDArray[Any],
        n_classes: int,
        train: Indices,
        validation: Indices,
    ) -> Data:
        """See `Kind`; candidates learn their vocabulary from the training rows themselves."""
        both = np.concatenate([train, validation])
        return Data(
            "classification" if n_classes else "regression",
            n_classes,
            *(Part(rows.take(some), target[some]) for some in (train, validation, both)),
        )

    def tensors(self, rows: Texts) -> TextTensors:
        """See `Kind`."""
        return TextTensors(rows)

    def probes(self, rows: Texts) -> Texts:
        """Hard texts, and texts of the test set in capitals, without spaces, and in pairs."""
        some = [str(text) for text in rows.texts[:PROBES]]
        capitals = [text.upper() for text in some]
        glued = [text.replace(" ", "") for text in some]
        pairs = [f"{a}\n{b}" for a, b in pairwise(some)]
        return rows.holding(np.array([*HARD, *capitals, *glued, *pairs], object))

    def parts(self, rows: Texts) -> int:
        """See `Kind`; a text has no named parts."""
        return 0

    def most_telling(self, rows: Texts, target: NDArray[Any]) -> Sequence[int]:
        """See `Kind`."""
        return ()

    def without(
        self, rows: Texts, order: Indices, parts: Sequence[int]
    ) -> Iterator[tuple[str, Texts]]:
        """See `Kind`."""
        return iter(())

    def instance(self, rows: Texts, row: int) -> dict[str, Any]:
        """The text by its column."""
        return {rows.column: str(rows.texts[row])}

    def describe(self, rows: Texts) -> str:
        """See `Kind`."""
        mean = float(np.mean([len(text.split()) for text in rows.texts]))
        return f"the text {rows.column!r} of {len(rows):,} rows, {mean:.0f} words on average"

    def facts(self, rows: Texts) -> dict[str, object]:
        """Text is the one modality: the other columns are left out."""
        return {"modalities": ["text"]}
