"""Texts -> words, the same in Python and as standard operators of ONNX.

ASCII capitals become small. The text is cut at spaces, then at each mark in turn; empty pieces are
dropped. Standard operators know no regular expression that cuts, but `StringSplit` (opset 20) cuts
at a fixed text. Its result is as wide as the row with the most pieces, so every cut has a bound:
without one, a few kilobytes of text could take gigabytes of memory.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from onnx import helper

from training.export.graph import Graph

OPSET = 20
# The pieces of a text between its first so many spaces; what follows is not read.
MOST_PIECES = 1_000
# How often a mark cuts one piece; what follows keeps its marks.
MOST_CUTS = 7
MARKS = ("\n", "\r", "\t", ".", ",", "!", "?", ";", ":", '"', "(", ")")
_SMALL = {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}
_INT64 = 7


def small(text: str) -> str:
    """ASCII capitals as small letters; others as they are.

    ONNX Runtime lower-cases by a locale of the system. Only that of C exists everywhere, and it
    knows ASCII alone.
    """
    return text.translate(_SMALL)


class Words(NamedTuple):
    """Inside a graph: the words of all texts in order, BYTES [T], and their rows, INT64 [T]."""

    words: str
    rows: str


@dataclass(frozen=True)
class Splitter:
    """Where a text is cut.

    Attributes:
        marks: the texts that cut a word, besides spaces.
        kept: those that are words themselves.
    """

    marks: tuple[str, ...] = MARKS
    kept: frozenset[str] = frozenset()

    def words(self, text: str) -> list[str]:
        """The words of a text, in order."""
        found = [piece for piece in small(text).split(" ")[:MOST_PIECES] if piece]
        for mark in self.marks:
            if any(mark in piece for piece in found):
                found = [cut for piece in found for cut in self._cut(piece, mark)]
        return found

    def _cut(self, piece: str, mark: str) -> Sequence[str]:
        cuts = piece.split(mark, MOST_CUTS)
        if mark in self.kept:
            cuts = [part for cut in cuts for part in (cut, mark)][:-1]
        return [cut for cut in cuts if cut]

    def write(self, graph: Graph, texts: str) -> Words:
        """The nodes of `words`, for texts BYTES [n]."""
        graph.opset = max(graph.opset, OPSET)
        empty = graph.constant(np.array("", object))
        lower = graph.add(
            "StringNormalizer", texts, case_change_action="LOWER", is_case_sensitive=1, locale="C"
        )
        pieces, _ = several(graph, "StringSplit", (lower,), 2, delimiter=" ", maxsplit=MOST_PIECES)
        bounds = (graph.constant(np.array([i], np.int64)) for i in (0, MOST_PIECES, 1))
        first = graph.add("Slice", pieces, *bounds)
        words, rows = _without_empty(graph, first, empty)
        return cut_at(graph, Words(words, rows), self.marks, self.kept, MOST_CUTS)


def cut_at(
    graph: Graph, words: Words, marks: Sequence[str], kept: Collection[str], most: int
) -> Words:
    """Words cut at each mark in turn, at most so often each; those `kept` are pieces too."""
    empty = graph.constant(np.array("", object))
    found, rows = words
    for mark in marks:
        pieces, counts = several(graph, "StringSplit", (found,), 2, delimiter=mark, maxsplit=most)
        if mark in kept:
            pieces = _with_marks(graph, pieces, counts, mark, empty)
        found, origin = _without_empty(graph, pieces, empty)
        rows = graph.add("Gather", rows, origin, axis=0)
    return Words(found, rows)


def places(graph: Graph, rows: str, size: str) -> tuple[str, str]:
    """The place of each element within its row, INT64 [T], and the elements of each row [n].

    Args:
        rows: INT64 [T], rising.
        size: the number of rows, INT64 [1].
    """
    zero, one = (graph.constant(np.int64(i)) for i in (0, 1))
    zeros = graph.add("Cast", graph.add("ConstantOfShape", size), to=_INT64)
    ones = graph.add("Add", graph.add("Mul", rows, zero), one)
    counts = graph.add("ScatterElements", zeros, rows, ones, axis=0, reduction="add")
    starts = graph.add("CumSum", counts, zero, exclusive=1)
    first = graph.constant(np.array([0], np.int64))
    count = graph.add("Squeeze", graph.add("Shape", rows), first)
    start = graph.add("Gather", starts, rows, axis=0)
    return graph.add("Sub", graph.add("Range", zero, count, one), start), counts


def several(
    graph: Graph, op: str, inputs: Sequence[str], count: int, **attributes: Any
) -> list[str]:
    """A node with several outputs; their names."""
    outputs = [graph.name(op.lower()) for _ in range(count)]
    graph.nodes.append(helper.make_node(op, list(inputs), outputs, **attributes))
    return outputs


def _without_empty(graph: Graph, pieces: str, empty: str) -> tuple[str, str]:
    """Pieces [T, k] or [T, k, 2] that are not empty, in order, and the first index of each."""
    present = graph.add("Not", graph.add("Equal", pieces, empty))
    where = graph.add("NonZero", present)
    found = graph.add("GatherND", pieces, graph.add("Transpose", where, perm=[1, 0]))
    return found, graph.add("Gather", where, graph.constant(np.int64(0)), axis=0)


def _with_marks(graph: Graph, pieces: str, counts: str, mark: str, empty: str) -> str:
    """Pieces [T, k] with the marks between them, [T, k, 2]."""
    zero, one = (graph.constant(np.int64(i)) for i in (0, 1))
    last, middle = (graph.constant(np.array([i], np.int64)) for i in (2, 1))
    width = graph.add("Gather", graph.add("Shape", pieces), one, axis=0)
    place = graph.add("Range", zero, width, one)
    ends = graph.add("Unsqueeze", graph.add("Sub", counts, one), middle)
    between = graph.add("Less", place, ends)
    marks = graph.add("Where", between, graph.constant(np.array(mark, object)), empty)
    both = (graph.add("Unsqueeze", tensor, last) for tensor in (pieces, marks))
    return graph.add("Concat", *both, axis=2)
