"""Every graph of a text answers as the fitted model does, hard texts included."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.graph import KNOWN_DOMAINS, outline
from tests.training.fit.texts import reviews
from training.calibration import log_loss
from training.fit.comparison import Entrant, Run
from training.fit.export import TOLERANCE, export
from training.fit.predictor import Calibrated, half_width
from training.fit.problem import Problem
from training.fit.scores import Figures
from training.fit.splits import Split, by_groups
from training.fit.texts.kind import HARD


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Problem]:
    folder = tmp_path_factory.mktemp("reviews")
    return {kind: reviews.problem(folder, kind) for kind in reviews.TASKS}


def split_of(problem: Problem) -> Split:
    return next(by_groups(problem.groups, problem.target, 0, discrete=bool(problem.labels)))


def entered(problem: Problem, name: str, split: Split) -> Entrant:
    data = problem.kind.prepare(
        problem.rows, problem.target, len(problem.labels), split.train, split.validation
    )
    (candidate,) = (c for c in problem.kind.candidates(problem.task) if c.name == name)
    learned = candidate.learner(data, seed=1, seconds=1.0)
    entrant = Entrant(name, candidate.title, candidate.algorithm, candidate.family, "weights")
    entrant.predictor, entrant.learned = Calibrated.of(learned, data), learned
    if not data.n_classes:
        entrant.half_width = half_width(entrant.model.validation, data.validation.target)
    entrant.runs[0] = Run(Figures({}, np.zeros(1), np.zeros(1)), 1.0)
    return entrant


@pytest.mark.parametrize("kind", reviews.TASKS)
def test_the_graph_answers_as_the_model(problems: dict[str, Problem], kind: str) -> None:
    problem = problems[kind]
    split = split_of(problem)
    exported = export(problem, entered(problem, "tfidf", split), split)
    probes = problem.kind.probes(problem.rows.take(split.test))
    assert exported.parity.samples == len(split.test) + len(probes)
    assert exported.parity.max_difference <= TOLERANCE
    (tensor,) = exported.inputs
    assert (tensor.name, tensor.content, tensor.datatype, tensor.shape) == (
        "text", "text", "BYTES", (-1,),
    )  # fmt: skip
    assert {domain for domain, _ in outline(exported.graph).operators} <= KNOWN_DOMAINS


@pytest.mark.parametrize("kind", ["binary", "classes"])
def test_the_model_learns_what_the_words_tell(problems: dict[str, Problem], kind: str) -> None:
    problem = problems[kind]
    split = split_of(problem)
    predicted = entered(problem, "tfidf", split).model.predict(problem.rows.take(split.test))
    right = predicted.argmax(axis=1) == problem.target[split.test]
    assert right.mean() > {"classes": 0.65, "binary": 0.75}[kind]


def test_the_strongest_terms_are_those_that_tell(problems: dict[str, Problem]) -> None:
    problem = problems["classes"]
    learned = entered(problem, "tfidf", split_of(problem)).learned
    assert learned is not None
    strongest = learned.notes["strongest_terms"]
    assert {"great", "lovely", "superb", "crème"} & set(strongest[problem.labels.index("c")])
    assert {"awful", "boring", "broken", "fade"} & set(strongest[problem.labels.index("a")])


def test_probes_hold_every_hard_text(problems: dict[str, Problem]) -> None:
    problem = problems["binary"]
    probes = problem.kind.probes(problem.rows)
    assert set(HARD) <= set(probes.texts)
    assert any(text.isupper() for text in probes.texts)


def test_shuffled_texts_tell_nothing(problems: dict[str, Problem]) -> None:
    problem = problems["classes"]
    order = np.random.default_rng(0).permutation(len(problem))
    rows = problem.rows.holding(problem.rows.texts[order])
    split = split_of(problem)
    data = problem.kind.prepare(rows, problem.target, 3, split.train, split.validation)
    (candidate,) = (c for c in problem.kind.candidates("classification") if c.name == "tfidf")
    predict: Callable[..., np.ndarray] = Calibrated.of(
        candidate.learner(data, seed=0, seconds=1.0), data
    ).predict
    found = np.log(np.maximum(predict(rows.take(split.test)), 1e-7))
    assert log_loss(found, problem.target[split.test]) > 0.9


@pytest.mark.parametrize("absent", [0, 2])
def test_a_class_that_no_training_row_has_is_all_but_impossible(
    problems: dict[str, Problem], absent: int
) -> None:
    problem = problems["classes"]
    split = split_of(problem)
    kept = [rows[problem.target[rows] != absent] for rows in (split.train, split.validation)]
    without = Split(kept[0], kept[1], split.test)
    found = entered(problem, "tfidf", without)
    exported = export(problem, found, without)
    assert exported.parity.max_difference <= TOLERANCE
    assert exported.answers["probabilities"][:, absent].max() < 1e-6
