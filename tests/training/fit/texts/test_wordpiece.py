"""Pieces are BERT's, and a graph gives the ids that Python gives."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from tests.training.fit.texts import tiny
from training.export.graph import Graph, tensor
from training.fit.texts.encoder import PACKAGE
from training.fit.texts.wordpiece import MOST_TOKENS, SPLITTER, Pieces, pieces_of

IDS = {piece: i for i, piece in enumerate(tiny.VOCABULARY)}
SEEN = ("lovely", "boring", "don't", "crème", "naïve", "qqq", "superb")
PIECES = Pieces.of(tiny.VOCABULARY, SEEN)


def named(word: str) -> list[str]:
    return [tiny.VOCABULARY[i] for i in pieces_of(word, IDS)]


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("great", ["great"]),
        ("GREAT", ["great"]),
        ("lovely", ["love", "##ly"]),
        ("boring", ["bor", "##ing"]),
        ("Crème", ["creme"]),
        ("great-film", ["great", "-", "film"]),
        ("film東a", ["film", "東", "a"]),
        ("lovelyz", ["[UNK]"]),
        ("a" * 101, ["[UNK]"]),
        ("gr\x00eat\ufffd", ["great"]),
        ("\u0301", []),
    ],
)
def test_a_word_is_cut_as_bert_cuts_it(word: str, pieces: list[str]) -> None:
    assert named(word) == pieces


# What the reference, Hugging Face's tokenizers 0.23 with all-MiniLM-L6-v2, gives.
REFERENCE = {
    "Unbelievably naïve café-goers don't e-mail!!": [
        101, 4895, 8671, 2666, 3567, 6321, 15743, 7668, 1011, 2175, 2545, 2123, 1005, 1056, 1041,
        1011, 5653, 999, 999, 102,
    ],
    "東京 is 😀 great": [101, 1879, 1755, 2003, 100, 2307, 102],
    "supercalifragilistic 3.14 U.S.A.": [
        101, 3565, 9289, 10128, 29181, 24411, 4588, 1017, 1012, 2403, 1057, 1012, 1055, 1012, 1037,
        1012, 102,
    ],
    "ÉCOLE straße ΣΑΣ": [101, 12431, 2358, 27807, 1173, 14608, 29733, 102],
}  # fmt: skip


@pytest.mark.skipif(importlib.util.find_spec(PACKAGE) is None, reason="needs all-MiniLM-L6-v2")
def test_the_ids_are_those_of_the_reference() -> None:
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "model" / "vocab.txt"
    vocabulary = path.read_text(encoding="utf-8").splitlines()
    pieces = Pieces.of(vocabulary, [w for text in REFERENCE for w in SPLITTER.words(text)])
    assert {text: pieces.encode(text) for text in REFERENCE} == REFERENCE


def in_graph(texts: list[str]) -> list[list[int]]:
    ids, lengths = SESSION.run(None, {"text": np.array(texts, object)})
    assert all((row[n:] == PIECES.pad).all() for row, n in zip(ids, lengths, strict=True))
    return [row[:n].tolist() for row, n in zip(ids, lengths, strict=True)]


def session() -> ort.InferenceSession:
    graph = Graph()
    ids, lengths = PIECES.write(graph, "text", SPLITTER.write(graph, "text"))
    graph.add("Identity", ids, output="ids")
    graph.add("Identity", lengths, output="lengths")
    model = graph.model(
        "ids",
        [tensor("text", "BYTES", ())],
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", "l"]),
            helper.make_tensor_value_info("lengths", TensorProto.INT64, ["n"]),
        ],
    )
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


SESSION = session()
HARD = [
    "", " ", "?!", "unseen words", "great " * 300, "lovely " * 300, "!" * 500, "CRÈME NAÏVE",
    "greatly filmly", "greatx", "superbly aa", "a" * 20, "a" * 21, "lylyly", "great" * 4,
    "loveing " * 40, "bb supering",
]  # fmt: skip


def test_hard_texts_have_the_same_ids() -> None:
    assert in_graph(HARD) == [PIECES.encode(text) for text in HARD]
    assert in_graph([""]) == [[IDS["[CLS]"], IDS["[SEP]"]]]
    assert len(PIECES.encode("lovely " * 300)) == MOST_TOKENS


PARTS = st.sampled_from(
    ["great", "LOVELY", "don't", "naïve", "東", "qqq", "zz", ".", "!?", " ", "  "]
)


@settings(max_examples=200, deadline=None)
@given(
    texts=st.lists(
        st.lists(st.sampled_from(["great", "ly", "a", "b", "ing", "love", "film", "x", " ", "9"]),
                 max_size=25).map("".join),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_unknown_words_are_cut_into_the_same_pieces(texts: list[str]) -> None:
    assert in_graph(texts) == [PIECES.encode(text) for text in texts]


def test_an_unknown_word_is_cut_as_bert_cuts_it() -> None:
    for word in ("greatly", "filming", "lovelying", "supering", "aing"):
        assert word not in PIECES.rows
        assert in_graph([word]) == [[IDS["[CLS]"], *pieces_of(word, IDS), IDS["[SEP]"]]]
    assert in_graph(["greatq"]) == [[IDS["[CLS]"], IDS["[UNK]"], IDS["[SEP]"]]]


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(st.lists(PARTS, max_size=30).map("".join), min_size=1, max_size=5))
def test_any_texts_have_the_same_ids(texts: list[str]) -> None:
    assert in_graph(texts) == [PIECES.encode(text) for text in texts]
