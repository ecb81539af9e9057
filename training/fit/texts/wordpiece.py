"""Texts -> the pieces of words that BERT reads, in Python and as nodes.

WordPiece takes the longest known beginning of a word, again and again (Devlin et al., 2019). A
graph looks words up: those of BERT's own vocabulary, and every word that the training texts hold.
Other words of ASCII letters and digits are cut letter by letter (`letters`). What remains is
`[UNK]`: unseen words that are longer, or in other scripts. Python follows the same rules.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.export.graph import Graph
from training.fit.texts import letters
from training.fit.texts.letters import CONTINUED, UNKNOWN
from training.fit.texts.words import Splitter, Words, places, small

# Tokens of a text with [CLS] and [SEP]: the limit that the encoder's own tokeniser has.
MOST_TOKENS = 128
# Pieces of one word; BERT calls a word of more than 100 letters unknown.
MOST_PIECES = 12
LONGEST = 100
SPLITTER = Splitter(("\n", "\r", "\t", *string.punctuation), frozenset(string.punctuation))
PAD, CLS, SEP = "[PAD]", "[CLS]", "[SEP]"
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused")


@dataclass(frozen=True, eq=False)
class Pieces:
    """The pieces of known words.

    Attributes:
        rows: of `table`, by spelling; row 0 is of all other words.
        ids: of BERT's pieces.
        table: int64 [words, MOST_PIECES], ids of pieces, `pad` behind the last.
    """

    rows: dict[str, int]
    table: NDArray[np.int64]
    ids: dict[str, int]

    @property
    def pad(self) -> int:
        """The id behind the last piece."""
        return self.ids[PAD]

    @classmethod
    def of(cls, vocabulary: Sequence[str], seen: Iterable[str]) -> Pieces:
        """The words of a vocabulary, and those that were seen.

        Args:
            vocabulary: BERT's pieces in the order of their ids.
        """
        ids = {piece: i for i, piece in enumerate(vocabulary)}
        whole = (piece for piece in vocabulary if not piece.startswith((CONTINUED, *_SPECIAL)))
        known = dict.fromkeys([*whole, *sorted(set(seen))])
        cut = {word: pieces_of(word, ids)[:MOST_PIECES] for word in known}
        table = np.full((len(cut) + 1, MOST_PIECES), ids[PAD], np.int64)
        table[0, 0] = ids[UNKNOWN]
        for row, own in enumerate(cut.values(), 1):
            table[row, : len(own)] = own
        rows = {word: row for row, word in enumerate(cut, 1)}
        for word, row in list(rows.items()):
            if not word.isascii():  # small letters of ASCII come from the splitter
                for other in (word.upper(), word.capitalize()):
                    rows.setdefault(small(other), row)
        return cls(rows, table, ids)

    def encode(self, text: str) -> list[int]:
        """The ids of a text, from [CLS] to [SEP]."""
        found: list[int] = []
        cut = 0
        for word in SPLITTER.words(text)[: MOST_TOKENS - 2]:
            row = self.rows.get(word, 0)
            if not row and letters.ELIGIBLE.fullmatch(word):
                cut += 1
                if cut <= letters.MOST_WORDS:
                    found += _longest(word, self.ids)[:MOST_PIECES]
                    continue
            found += [int(piece) for piece in self.table[row] if piece != self.pad]
        return [self.ids[CLS], *found[: MOST_TOKENS - 2], self.ids[SEP]]

    def write(self, graph: Graph, texts: str, words: Words) -> tuple[str, str]:
        """The nodes of `encode`: ids INT64 [n, L] with `pad` behind the last, lengths INT64 [n]."""
        most = graph.constant(np.int64(MOST_TOKENS - 2))
        place, _ = places(graph, words.rows, graph.add("Shape", texts))
        near = graph.add("Less", place, most)
        read = Words(*(graph.add("Compress", part, near, axis=0) for part in words))
        row = graph.add(
            "LabelEncoder",
            read.words,
            keys_strings=list(self.rows),
            values_int64s=list(self.rows.values()),
            default_int64=0,
        )
        wide = graph.add("Gather", graph.constant(self.table, "pieces"), row, axis=0)
        wide = letters.write(graph, texts, read, row, wide, self.ids)
        pad = graph.constant(np.int64(self.pad))
        where = graph.add("NonZero", graph.add("Not", graph.add("Equal", wide, pad)))
        pieces = graph.add("GatherND", wide, graph.add("Transpose", where, perm=[1, 0]))
        word = graph.add("Gather", where, graph.constant(np.int64(0)), axis=0)
        rows = graph.add("Gather", read.rows, word, axis=0)
        return self._laid_out(graph, texts, pieces, rows)

    def _laid_out(self, graph: Graph, texts: str, pieces: str, rows: str) -> tuple[str, str]:
        """Pieces [K] of rows [K] as one padded row for each text."""
        one, most = (graph.constant(np.int64(i)) for i in (1, MOST_TOKENS - 2))
        axis = graph.constant(np.array([1], np.int64))
        place, all_counts = places(graph, rows, graph.add("Shape", texts))
        near = graph.add("Less", place, most)
        counts = graph.add("Min", all_counts, most)
        lengths = graph.add("Add", counts, graph.constant(np.int64(2)))
        empty = self._frame(graph, counts, lengths)
        index = graph.add(
            "Concat",
            *(
                graph.add("Unsqueeze", graph.add("Compress", part, near, axis=0), axis)
                for part in (rows, graph.add("Add", place, one))
            ),
            axis=1,
        )
        kept = graph.add("Compress", pieces, near, axis=0)
        return graph.add("ScatterND", empty, index, kept), lengths

    def _frame(self, graph: Graph, counts: str, lengths: str) -> str:
        """[CLS], room for the pieces, [SEP] and padding, [n, L]."""
        zero, one = (graph.constant(np.int64(i)) for i in (0, 1))
        axis = graph.constant(np.array([1], np.int64))
        longest = graph.add("ReduceMax", lengths, keepdims=0)
        places = graph.add("Range", zero, longest, one)
        end = graph.add("Unsqueeze", graph.add("Add", counts, one), axis)
        pad, cls, sep = (
            graph.constant(np.int64(i)) for i in (self.pad, self.ids[CLS], self.ids[SEP])
        )
        ending = graph.add("Where", graph.add("Equal", places, end), sep, pad)
        return graph.add("Where", graph.add("Equal", places, zero), cls, ending)


def pieces_of(word: str, ids: dict[str, int]) -> list[int]:
    """BERT's pieces of a text without white space: cleaned, without accents, cut at punctuation."""
    return [piece for part in _basic(word) for piece in _longest(part, ids)]


def _basic(word: str) -> list[str]:
    clean = "".join(c for c in word if unicodedata.category(c)[0] != "C" and c != "\ufffd")
    plain = unicodedata.normalize("NFD", clean.lower())
    spaced = (f" {c} " if _stands_alone(c) else c for c in plain if unicodedata.category(c) != "Mn")
    return "".join(spaced).split()


def _stands_alone(character: str) -> bool:
    """Punctuation, and the ideographs of Chinese, Japanese and Korean."""
    code = ord(character)
    ideograph = 0x4E00 <= code <= 0x9FFF or 0x3400 <= code <= 0x4DBF or 0xF900 <= code <= 0xFAFF
    wide = 0x20000 <= code <= 0x2CEAF or 0x2F800 <= code <= 0x2FA1F
    mark = character in string.punctuation or unicodedata.category(character).startswith("P")
    return mark or ideograph or wide


def _longest(word: str, ids: dict[str, int]) -> list[int]:
    """Greedy cuts from the left; [UNK] for a word that no pieces make up."""
    if len(word) > LONGEST:
        return [ids[UNKNOWN]]
    found, start = [], 0
    while start < len(word):
        prefix = CONTINUED if start else ""
        for end in range(len(word), start, -1):
            if (piece := ids.get(prefix + word[start:end])) is not None:
                break
        else:
            return [ids[UNKNOWN]]
        found.append(piece)
        start = end
    return found
