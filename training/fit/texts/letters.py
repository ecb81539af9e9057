"""Nodes that cut unknown words into BERT's pieces, letter by letter.

No standard operator sees the letters of a word, but `StringSplit` at every letter of the alphabet,
with the letters kept, leaves nothing else. `StringConcat` joins neighbours again, to every part of
every word, and `LabelEncoder` says which parts are pieces. The longest at each place is known then,
and WordPiece walks from one to the next.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from training.export.graph import Graph
from training.fit.texts.words import Words, cut_at, places

CONTINUED = "##"
UNKNOWN = "[UNK]"
# What is cut: longer words would make every part of every word too many.
MOST_LETTERS = 20
# Unknown words of one text that are cut; the memory grows with them.
MOST_WORDS = 32
ELIGIBLE = re.compile(rf"[a-z0-9]{{1,{MOST_LETTERS}}}")
_ALPHABET = string.ascii_lowercase + string.digits
_NONE = -1


def write(
    graph: Graph, texts: str, words: Words, known: str, wide: str, ids: Mapping[str, int]
) -> str:
    """Pieces of all words, with those of unknown ones.

    Args:
        known: INT64 [W], 0 for words that are not known.
        wide: INT64 [W, pieces], the pieces of known words, 0 behind the last.
        ids: of the pieces of the vocabulary.
    """
    axis = graph.constant(np.array([1], np.int64))
    chosen = _chosen(graph, texts, words, known)
    own = graph.add("Gather", words.words, chosen, axis=0)
    characters, lengths = _letters(graph, own)
    best, steps = _longest(graph, characters, lengths, ids)
    found = _walked(graph, best, steps, ids[UNKNOWN])
    width = graph.add("Gather", graph.add("Shape", wide), axis, axis=0)
    first = graph.constant(np.array([0], np.int64))
    kept = graph.add("Slice", found, first, width, axis)
    return graph.add("ScatterND", wide, graph.add("Unsqueeze", chosen, axis), kept)


def _chosen(graph: Graph, texts: str, words: Words, known: str) -> str:
    """Which words are cut, INT64 [U]: the first so many of each text that are unknown and short."""
    zero = graph.constant(np.int64(0))
    short = graph.add("RegexFullMatch", words.words, pattern=ELIGIBLE.pattern)
    wanted = graph.add("And", graph.add("Equal", known, zero), short)
    first = graph.constant(np.array([0], np.int64))
    index = graph.add("Squeeze", graph.add("NonZero", wanted), first)
    rows = graph.add("Gather", words.rows, index, axis=0)
    place, _ = places(graph, rows, graph.add("Shape", texts))
    near = graph.add("Less", place, graph.constant(np.int64(MOST_WORDS)))
    return graph.add("Compress", index, near, axis=0)


def _letters(graph: Graph, words: str) -> tuple[str, str]:
    """The letters of each word, BYTES [U, MOST_LETTERS], and their number, INT64 [U]."""
    zero, one = (graph.constant(np.int64(i)) for i in (0, 1))
    first, axis = (graph.constant(np.array([i], np.int64)) for i in (0, 1))
    size = graph.add("Shape", words)
    owners = graph.add("Range", zero, graph.add("Squeeze", size, first), one)
    cut = cut_at(graph, Words(words, owners), _ALPHABET, _ALPHABET, MOST_LETTERS)
    place, counts = places(graph, cut.rows, size)
    most = graph.constant(np.array([MOST_LETTERS], np.int64))
    shape = graph.add("Concat", size, most, axis=0)
    empty = graph.add("Expand", graph.constant(np.array([[""]], object)), shape)
    where = (graph.add("Unsqueeze", part, axis) for part in (cut.rows, place))
    index = graph.add("Concat", *where, axis=1)
    return graph.add("ScatterND", empty, index, cut.words), counts


def _longest(
    graph: Graph, characters: str, lengths: str, ids: Mapping[str, int]
) -> tuple[str, str]:
    """The longest piece at each place, INT64 [U, MOST_LETTERS + 1], and its letters.

    Behind the end both are 0; where there is no piece, -1 and 0.
    """
    begun = {p: i for p, i in ids.items() if ELIGIBLE.fullmatch(p)}
    parts = _parts(graph, characters)
    starts = graph.add("Concat", *(_columns(graph, part, 0, 1) for part in parts), axis=1)
    size = len(CONTINUED)
    continued = {p[size:]: i for p, i in ids.items() if p.startswith(CONTINUED)}
    candidates = (
        _encoded(graph, starts, begun),
        _encoded(graph, graph.add("Concat", *parts, axis=1), continued),
    )
    both = graph.add("Concat", *candidates, axis=1)
    by_length = graph.add("Gather", both, graph.constant(_places_of_parts()), axis=1)
    found = graph.add("GreaterOrEqual", by_length, graph.constant(np.int64(0)))
    axis = graph.constant(np.array([2], np.int64))
    first = graph.add("ArgMax", graph.add("Cast", found, to=6), axis=2, keepdims=1)
    best = graph.add("Squeeze", graph.add("GatherElements", by_length, first, axis=2), axis)
    most = graph.constant(np.int64(MOST_LETTERS))
    steps = graph.add("Sub", most, graph.add("Squeeze", first, axis))
    return _ended(graph, best, steps, lengths)


def _ended(graph: Graph, best: str, steps: str, lengths: str) -> tuple[str, str]:
    """With a place behind the last letter, and nothing behind the end of the word."""
    zero = graph.constant(np.int64(0))
    axis = graph.constant(np.array([1], np.int64))
    pads = graph.constant(np.array([0, 0, 0, 1], np.int64))
    place = graph.constant(np.arange(MOST_LETTERS + 1, dtype=np.int64))
    inside = graph.add("Less", place, graph.add("Unsqueeze", lengths, axis))
    best = graph.add("Where", inside, graph.add("Pad", best, pads), zero)
    there = graph.add("Greater", best, zero)
    return best, graph.add("Where", there, graph.add("Pad", steps, pads), zero)


def _parts(graph: Graph, characters: str) -> list[str]:
    """Every part of the words by length: [U, MOST_LETTERS], [U, MOST_LETTERS - 1], ..., [U, 1]."""
    parts = [characters]
    for length in range(2, MOST_LETTERS + 1):
        before = _columns(graph, parts[-1], 0, MOST_LETTERS - length + 1)
        last = _columns(graph, characters, length - 1, MOST_LETTERS)
        parts.append(graph.add("StringConcat", before, last))
    return parts


def _columns(graph: Graph, tensor: str, start: int, end: int) -> str:
    bounds = (graph.constant(np.array([i], np.int64)) for i in (start, end, 1))
    return graph.add("Slice", tensor, *bounds)


def _encoded(graph: Graph, parts: str, ids: Mapping[str, int]) -> str:
    return graph.add(
        "LabelEncoder",
        parts,
        keys_strings=list(ids),
        values_int64s=list(ids.values()),
        default_int64=_NONE,
    )


def _places_of_parts() -> NDArray[np.int64]:
    """The column of the part at each place, the longest first, int64 [MOST_LETTERS, MOST_LETTERS].

    A part that would reach beyond the last letter counts as that which ends there.
    """
    n = MOST_LETTERS
    offset = np.cumsum([n, *range(n, 1, -1)])  # behind the starts, by length
    columns = np.zeros((n, n), np.int64)
    for place in range(n):
        for i, length in enumerate(range(n, 0, -1)):
            inside = min(length, n - place)
            columns[place, i] = inside - 1 if place == 0 else offset[inside - 1] + place
    return columns


def _walked(graph: Graph, best: str, steps: str, unknown: int) -> str:
    """The pieces of each word, INT64 [U, MOST_LETTERS], 0 behind the last."""
    zero, last = (graph.constant(np.int64(i)) for i in (0, MOST_LETTERS))
    # The first place of every word, whatever their number.
    place = graph.add("Mul", _columns(graph, best, 0, 1), zero)
    pieces = []
    for _ in range(MOST_LETTERS):
        pieces.append(graph.add("GatherElements", best, place, axis=1))
        step = graph.add("GatherElements", steps, place, axis=1)
        place = graph.add("Min", graph.add("Add", place, step), last)
    found = graph.add("Concat", *pieces, axis=1)
    lowest = graph.add("ReduceMin", found, graph.constant(np.array([1], np.int64)), keepdims=1)
    alone = np.zeros(MOST_LETTERS, np.int64)
    alone[0] = unknown
    failed = graph.add("Less", lowest, zero)
    return graph.add("Where", failed, graph.constant(alone), found)
