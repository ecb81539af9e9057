"""Words and pairs of neighbouring words -> weighted counts and linear scores.

The weights are TF-IDF: 1 + log(count) times log((1 + n) / (1 + df)) + 1, of unit length for each
text (Salton and Buckley, 1988), as scikit-learn has them. In a graph nothing is as wide as the
vocabulary: the terms of all texts are counted by `Unique` and summed row by row, so a thousand
texts cost what their words cost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.export.graph import Graph
from training.fit.candidate import Scores
from training.fit.texts.words import Words, several, small

MOST_TERMS = 50_000
UNKNOWN = -1
# The length of a text without a known term; it must not divide by zero.
_SHORTEST = 1e-12
_FLOAT = 1


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The terms that a model knows: words first, then pairs.

    Attributes:
        spelled: the word of each spelling that differs in nothing but the case of letters.
        pairs: the term of each pair, by `first * words + second`.
        idf: float64 [terms]; terms that no text of the training rows has do not exist.
    """

    words: tuple[str, ...]
    spelled: dict[str, int]
    pairs: dict[int, int]
    idf: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.idf)

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]], least: int) -> Vocabulary:
        """The terms that at least so many of these texts hold, the most frequent first.

        Args:
            texts: the words of each text.
        """
        folded = [[word.lower() for word in text] for text in texts]
        held: Counter[str | tuple[str, str]] = Counter()
        for text in folded:
            held.update({*text, *pairwise(text)})
        often = [t for t, n in held.most_common(MOST_TERMS) if n >= least]
        pairs = sorted(t for t in often if isinstance(t, tuple))
        words = sorted({*(t for t in often if isinstance(t, str)), *chain.from_iterable(pairs)})
        index = {word: i for i, word in enumerate(words)}
        spelled = _spellings(index, {word for text in texts for word in text})
        known = {index[a] * len(words) + index[b]: len(words) + i for i, (a, b) in enumerate(pairs)}
        terms: list[str | tuple[str, str]] = [*words, *pairs]
        counts = np.array([held[term] for term in terms], np.float64)
        return cls(tuple(words), spelled, known, np.log((1 + len(texts)) / (1 + counts)) + 1)

    def terms(self, words: Sequence[str]) -> list[int]:
        """The known terms of a text, words first."""
        found = [self.spelled.get(word, UNKNOWN) for word in words]
        size = len(self.words)
        pairs = (
            self.pairs.get(a * size + b, UNKNOWN) for a, b in pairwise(found) if a >= 0 and b >= 0
        )
        return [term for term in (*found, *pairs) if term >= 0]

    def matrix(self, texts: Iterable[Sequence[str]]) -> sparse.csr_matrix:
        """TF-IDF of the words of each text, [n, terms]."""
        starts, columns, values = [0], [np.zeros(0, np.int64)], [np.zeros(0)]
        for text in texts:
            own, counts = np.unique(np.array(self.terms(text), np.int64), return_counts=True)
            weights = (1 + np.log(counts)) * self.idf[own]
            length = float(np.sqrt(np.sum(weights**2)))
            columns.append(own)
            values.append(weights / max(length, _SHORTEST))
            starts.append(starts[-1] + len(own))
        parts = (np.concatenate(values), np.concatenate(columns), np.array(starts))
        return sparse.csr_matrix(parts, shape=(len(starts) - 1, len(self)))

    def name(self, term: int) -> str:
        """A term in words."""
        if term < len(self.words):
            return self.words[term]
        pair = next(pair for pair, own in self.pairs.items() if own == term)
        return " ".join(self.words[i] for i in divmod(pair, len(self.words)))


@dataclass(frozen=True, eq=False)
class LinearTerms:
    """Linear scores of TF-IDF: weights float64 [terms, outputs], bias float64 [outputs]."""

    vocabulary: Vocabulary
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def scores(self, texts: Iterable[Sequence[str]]) -> Scores:
        """Scores [n, outputs] of the words of each text."""
        found: Scores = self.vocabulary.matrix(texts) @ self.weights + self.bias
        return found

    def write(self, graph: Graph, texts: str, words: Words) -> str:
        """The nodes of `scores`, FP32 [n, outputs], for the words of `texts`."""
        terms, rows, counts = _counted(graph, *_known(graph, self.vocabulary, words), self)
        weights = _weights(graph, self.vocabulary, terms, counts)
        n = graph.add("Shape", texts)
        squares = graph.add("Mul", weights, weights)
        length = graph.add("Sqrt", _summed(graph, squares, rows, n))
        shortest = graph.constant(np.float32(_SHORTEST))
        total = self._total(graph, terms, rows, weights, n)
        axis = graph.constant(np.array([1], np.int64))
        divisor = graph.add("Unsqueeze", graph.add("Max", length, shortest), axis)
        scaled = graph.add("Div", total, divisor)
        return graph.add("Add", scaled, graph.constant(self.bias.astype(np.float32)))

    def _total(self, graph: Graph, terms: str, rows: str, weights: str, n: str) -> str:
        """Sums of the terms' weighted scores, [n, outputs]."""
        axis = graph.constant(np.array([1], np.int64))
        table = graph.constant(self.weights.astype(np.float32), "weights")
        own = graph.add("Gather", table, terms, axis=0)
        parts = graph.add("Mul", own, graph.add("Unsqueeze", weights, axis))
        outputs = graph.constant(np.array([self.weights.shape[1]], np.int64))
        wide = graph.add("Expand", graph.add("Unsqueeze", rows, axis), graph.add("Shape", parts))
        return _summed(graph, parts, wide, graph.add("Concat", n, outputs, axis=0))


def _spellings(index: dict[str, int], seen: Iterable[str]) -> dict[str, int]:
    """The word of each spelling: those seen, and the word as it is, as a title and in capitals.

    ASCII is lower-case already; this is for words with other letters.
    """
    spelled = dict(index)
    for word in seen:
        if word.lower() in index:
            spelled.setdefault(word, index[word.lower()])
    for word, i in index.items():
        for other in (word.upper(), word.capitalize()):
            spelled.setdefault(small(other), i)
    return spelled


def _known(graph: Graph, vocabulary: Vocabulary, words: Words) -> tuple[str, str]:
    """The known terms, INT64 [K], and their rows."""
    ids = graph.add(
        "LabelEncoder",
        words.words,
        keys_strings=list(vocabulary.spelled),
        values_int64s=list(vocabulary.spelled.values()),
        default_int64=UNKNOWN,
    )
    terms, rows = ids, words.rows
    if vocabulary.pairs:
        pairs, starts = _pairs_of(graph, vocabulary, ids, words.rows)
        terms = graph.add("Concat", ids, pairs, axis=0)
        rows = graph.add("Concat", words.rows, starts, axis=0)
    zero = graph.constant(np.int64(0))
    known = graph.add("GreaterOrEqual", terms, zero)
    return graph.add("Compress", terms, known, axis=0), graph.add("Compress", rows, known, axis=0)


def _pairs_of(graph: Graph, vocabulary: Vocabulary, ids: str, rows: str) -> tuple[str, str]:
    """The terms of neighbouring words, `UNKNOWN` where there is none, and their rows."""
    first, last, one, end = (
        graph.constant(np.array([i], np.int64)) for i in (0, -1, 1, np.iinfo(np.int64).max)
    )
    before, after = ((first, last), (one, end))
    a, b = (graph.add("Slice", ids, *part) for part in (before, after))
    row, other = (graph.add("Slice", rows, *part) for part in (before, after))
    zero, size = (graph.constant(np.int64(i)) for i in (0, len(vocabulary.words)))
    known = graph.add("GreaterOrEqual", graph.add("Min", a, b), zero)
    together = graph.add("And", known, graph.add("Equal", row, other))
    key = graph.add("Add", graph.add("Mul", a, size), b)
    unknown = graph.constant(np.int64(UNKNOWN))
    pairs = graph.add(
        "LabelEncoder",
        graph.add("Where", together, key, unknown),
        keys_int64s=list(vocabulary.pairs),
        values_int64s=list(vocabulary.pairs.values()),
        default_int64=UNKNOWN,
    )
    return pairs, row


def _counted(graph: Graph, terms: str, rows: str, model: LinearTerms) -> tuple[str, str, str]:
    """Each term of each row once: terms, rows and counts."""
    size = graph.constant(np.int64(len(model.vocabulary)))
    key = graph.add("Add", graph.add("Mul", rows, size), terms)
    keys, _, _, counts = several(graph, "Unique", (key,), 4, axis=0)
    return graph.add("Mod", keys, size), graph.add("Div", keys, size), counts


def _weights(graph: Graph, vocabulary: Vocabulary, terms: str, counts: str) -> str:
    """TF-IDF of each term, FP32, not yet of unit length."""
    logs = graph.add("Log", graph.add("Cast", counts, to=_FLOAT))
    often = graph.add("Add", logs, graph.constant(np.float32(1)))
    table = graph.constant(vocabulary.idf.astype(np.float32), "idf")
    return graph.add("Mul", often, graph.add("Gather", table, terms, axis=0))


def _summed(graph: Graph, values: str, rows: str, shape: str) -> str:
    """Values added up by row."""
    zeros = graph.add("ConstantOfShape", shape)
    return graph.add("ScatterElements", zeros, rows, values, axis=0, reduction="add")
