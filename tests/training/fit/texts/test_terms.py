"""Terms are weighted as scikit-learn weights them, and a graph sums them as NumPy does."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from training.export.graph import Graph, tensor
from training.fit.texts.terms import LinearTerms, Vocabulary
from training.fit.texts.words import Splitter

SPLITTER = Splitter()
TEXTS = [
    "The cat sat. The cat ran!", "a dog sat on the cat", "É crème brûlée, CRÈME!", "",
    "dog dog dog", "ÉCOLE naïve ΣΑΣ dog", "nothing (here) was seen", "the the cat the cat",
]  # fmt: skip
CUT = [SPLITTER.words(text) for text in TEXTS]


def model_of(least: int = 1, outputs: int = 3) -> LinearTerms:
    vocabulary = Vocabulary.of(CUT, least)
    generator = np.random.default_rng(0)
    weights = generator.normal(0, 5, (len(vocabulary), outputs))
    return LinearTerms(vocabulary, weights, generator.normal(size=outputs))


def session_of(model: LinearTerms) -> ort.InferenceSession:
    graph = Graph()
    words = SPLITTER.write(graph, "text")
    graph.add("Identity", model.write(graph, "text", words), output="scores")
    made = graph.model(
        "terms",
        [tensor("text", "BYTES", ())],
        [tensor("scores", "FP32", (model.weights.shape[1],))],
    )
    return ort.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])


MODELS = {least: model_of(least) for least in (1, 2)}
SESSIONS = {least: session_of(model) for least, model in MODELS.items()}


def expected(model: LinearTerms, texts: list[str]) -> np.ndarray:
    return model.scores([SPLITTER.words(text) for text in texts])


@pytest.mark.parametrize("least", [1, 2])
def test_the_weights_are_those_of_scikit_learn(least: int) -> None:
    folded = [[word.lower() for word in text] for text in CUT]
    theirs = TfidfVectorizer(
        analyzer=lambda text: [*text, *(f"{a} {b}" for a, b in pairwise(text))],
        sublinear_tf=True,
        min_df=least,
    )
    wanted = theirs.fit_transform(folded).toarray()
    vocabulary = Vocabulary.of(CUT, least)
    order = [theirs.vocabulary_.get(vocabulary.name(i)) for i in range(len(vocabulary))]
    # A word that is in no term but a pair is known all the same.
    known = [i for i, place in enumerate(order) if place is not None]
    assert len(known) == len(theirs.vocabulary_) == len(vocabulary)
    np.testing.assert_allclose(vocabulary.matrix(CUT).toarray(), wanted[:, order], atol=1e-12)


@pytest.mark.parametrize("least", [1, 2])
def test_a_graph_gives_the_same_scores(least: int) -> None:
    (scores,) = SESSIONS[least].run(None, {"text": np.array(TEXTS, object)})
    np.testing.assert_allclose(scores, expected(MODELS[least], TEXTS), atol=1e-5)


def test_a_text_without_a_known_word_gets_the_bias() -> None:
    for text in ("", "   ", "qzx", "?!", "\U0001f600"):
        (scores,) = SESSIONS[1].run(None, {"text": np.array([text], object)})
        np.testing.assert_allclose(scores[0], MODELS[1].bias, atol=1e-6)


def test_words_that_differ_in_case_alone_are_one() -> None:
    vocabulary = Vocabulary.of(CUT, 1)
    assert {"crème", "école", "naïve"} <= set(vocabulary.words)
    for spelling in ("ÉCOLE", "École", "école"):
        (word,) = SPLITTER.words(spelling)
        assert vocabulary.words[vocabulary.spelled[word]] == "école"


def test_the_answer_does_not_depend_on_the_batch() -> None:
    (together,) = SESSIONS[1].run(None, {"text": np.array(TEXTS * 3, object)})
    for i, text in enumerate(TEXTS):
        (alone,) = SESSIONS[1].run(None, {"text": np.array([text], object)})
        np.testing.assert_allclose(alone[0], together[i], atol=1e-6)


WORDS = st.sampled_from(["the", "cat", "DOG", "dog.", "sat", "É", "école", "zzz", "cat,the", "\n"])


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(st.lists(WORDS, max_size=15).map(" ".join), min_size=1, max_size=5))
def test_any_mixture_of_words_gets_the_same_scores(texts: list[str]) -> None:
    (scores,) = SESSIONS[1].run(None, {"text": np.array(texts, object)})
    np.testing.assert_allclose(scores, expected(MODELS[1], texts), atol=2e-5)
