"""Words are the same in Python and in a graph, for any text."""

from __future__ import annotations

import time

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from training.export.graph import Graph, tensor
from training.fit.texts.words import MARKS, MOST_CUTS, MOST_PIECES, Splitter, small

PLAIN = Splitter()
KEEPING = Splitter(MARKS, frozenset({".", "!", "("}))
SPLITTERS = {"plain": PLAIN, "keeping": KEEPING}


def session_of(splitter: Splitter) -> ort.InferenceSession:
    graph = Graph()
    words, rows = splitter.write(graph, "text")
    graph.add("Identity", words, output="words")
    graph.add("Identity", rows, output="rows")
    model = graph.model(
        "words",
        [tensor("text", "BYTES", ())],
        [
            helper.make_tensor_value_info("words", TensorProto.STRING, ["t"]),
            helper.make_tensor_value_info("rows", TensorProto.INT64, ["t"]),
        ],
    )
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


SESSIONS = {name: session_of(splitter) for name, splitter in SPLITTERS.items()}


def in_graph(name: str, texts: list[str]) -> list[list[str]]:
    words, rows = SESSIONS[name].run(None, {"text": np.array(texts, object)})
    found: list[list[str]] = [[] for _ in texts]
    for word, row in zip(words, rows, strict=True):
        found[row].append(word)
    assert (np.diff(rows) >= 0).all()
    return found


def test_a_text_is_cut_at_spaces_and_marks() -> None:
    assert PLAIN.words('He said: "Go  (NOW)!"\n\tWhy? É') == [
        "he", "said", "go", "now", "why", "É",
    ]  # fmt: skip


def test_marks_can_be_words() -> None:
    assert KEEPING.words("Stop. (really)!!") == ["stop", ".", "(", "really", "!", "!"]


def test_only_ascii_is_lower_cased() -> None:
    assert small("ABC xyz ÄÖÜ İ Σ") == "abc xyz ÄÖÜ İ Σ"


HARD = [
    "", " ", "    ", ".", "...", "." * 40, "a." * 40, "..a..b", " . ", "\n\n", "a\nb\r\nc\td",
    "É À ẞ ΣΑΣ İ", "😀😀 UP", "\u200bzero\u200b width", "nb\u00a0sp \u3000", "x" * 50_000,
    "\x01\x02 \x1b[0m \x7f", "a b " * 1_500, "tab\x0bvertical\x0cfeed", "\U0010ffff \ufffd",
]  # fmt: skip


@pytest.mark.parametrize("name", SPLITTERS)
def test_hard_texts_are_cut_alike(name: str) -> None:
    assert in_graph(name, HARD) == [SPLITTERS[name].words(text) for text in HARD]
    for text in HARD:
        assert in_graph(name, [text]) == [SPLITTERS[name].words(text)]


ALPHABET = st.sampled_from(list("aAbZ É😀\u00a0\x01'-") + list(MARKS) * 2 + ["  ", "...", "word"])
TEXTS = st.lists(st.lists(ALPHABET, max_size=40).map("".join), min_size=1, max_size=6)


@pytest.mark.parametrize("name", SPLITTERS)
@settings(max_examples=150, deadline=None)
@given(texts=TEXTS)
def test_texts_of_marks_are_cut_alike(name: str, texts: list[str]) -> None:
    assert in_graph(name, texts) == [SPLITTERS[name].words(text) for text in texts]


@pytest.mark.parametrize("name", SPLITTERS)
@settings(max_examples=100, deadline=None)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4))
def test_any_texts_are_cut_alike(name: str, texts: list[str]) -> None:
    assert in_graph(name, texts) == [SPLITTERS[name].words(text) for text in texts]


def test_hostile_texts_take_bounded_time() -> None:
    # Many words, many cuts in one word, and many rows at once: the widest result of each cut.
    texts = ["w " * 100_000, ",".join("abcdefgh") * 2_000, *["." * 1_000] * 254]
    started = time.perf_counter()
    assert in_graph("plain", texts) == [PLAIN.words(text) for text in texts]
    assert time.perf_counter() - started < 10
    assert len(PLAIN.words("w " * 100_000)) == MOST_PIECES
    assert PLAIN.words("a," * 20) == ["a"] * MOST_CUTS + ["a," * 13]
