"""Every candidate's graph answers as the fitted model does, gaps and new categories included."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contract.graph import outline
from contract.seen import CategoryRange, NumberRange
from contract.tensors import Input
from tests.training.fit import tables
from training.errors import ParityError
from training.explain.answers import Scale
from training.fit.candidate import Data
from training.fit.comparison import Entrant, Run
from training.fit.export import ROUNDING, TOLERANCE, export
from training.fit.predictor import Blend, Calibrated, half_width
from training.fit.problem import Problem
from training.fit.scores import Figures
from training.fit.splits import Split, by_groups
from training.fit.tables.candidates.catalogue import candidates_for
from training.fit.tables.columns import twins_of
from training.fit.tables.encoding import Columns
from training.fit.tables.kind import PROBES, TableKind
from training.fit.tables.read import read_problem

KIND = TableKind()
NAMES = tuple(candidate.name for candidate in candidates_for("classification"))


def entered(problem: Problem, name: str, split: Split) -> Entrant:
    """One candidate, fitted quickly."""
    data = problem.kind.prepare(
        problem.rows, problem.target, len(problem.labels), split.train, split.validation
    )
    (candidate,) = (c for c in candidates_for(problem.task) if c.name == name)
    learned = candidate.learner(data, seed=1, seconds=1.0)
    entrant = Entrant(name, candidate.title, candidate.algorithm, candidate.family, "trees")
    entrant.predictor, entrant.learned = Calibrated.of(learned, data), learned
    return _with_width(entrant, data)


def _with_width(entrant: Entrant, data: Data) -> Entrant:
    if not data.n_classes:
        entrant.half_width = half_width(entrant.model.validation, data.validation.target)
    entrant.runs[0] = Run(Figures({}, np.zeros(1), np.zeros(1)), 1.0)
    return entrant


def split_of(problem: Problem) -> Split:
    return next(by_groups(problem.groups, problem.target, 0, discrete=bool(problem.labels)))


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Problem]:
    folder = tmp_path_factory.mktemp("tables")
    return {kind: tables.problem(folder, kind) for kind in tables.TASKS}


def rows_seen(tensor: Input) -> int:
    """Training rows, as the distribution of a column says, which later rows are compared with."""
    (seen,) = tensor.seen
    assert isinstance(seen, NumberRange | CategoryRange)
    if isinstance(seen, CategoryRange):
        assert seen.rows is not None
        return round(seen.rows / (1 - seen.missing))
    assert seen.histogram is not None
    return round(seen.histogram.values / (1 - seen.missing))


@pytest.mark.thorough
@pytest.mark.parametrize(("kind", "name"), list(itertools.product(tables.TASKS, NAMES)))
def test_the_graph_answers_as_the_model(problems: dict[str, Problem], kind: str, name: str) -> None:
    problem = problems[kind]
    split = split_of(problem)
    exported = export(problem, entered(problem, name, split), split)
    probes = problem.kind.probes(problem.rows.take(split.test))
    assert exported.parity.samples == len(split.test) + len(probes)
    assert exported.parity.max_difference <= TOLERANCE
    assert exported.parity.label_mismatches == 0
    columns = [column for tensor in exported.inputs for column in tensor.columns]
    assert columns == ["age", "income", "member", "city", "label"]
    sizes = {len(split.train), len(split.train) + len(split.validation)}
    assert {rows_seen(tensor) for tensor in exported.inputs} <= sizes
    if kind == "regression":
        value, interval = exported.answers["value"], exported.answers["interval"]
        assert (interval[:, 0] < value).all()
        assert (value < interval[:, 1]).all()
    else:
        np.testing.assert_allclose(exported.answers["probabilities"].sum(axis=1), 1, atol=1e-5)


@pytest.mark.thorough
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("factor", "offset"), [(1e-8, 0.0), (0.05, 1e6)])
def test_a_target_of_any_size_is_answered_to_its_own_spread(
    tmp_path: Path, name: str, factor: float, offset: float
) -> None:
    rows = tables.rows("regression")
    for row in rows:
        row["target"] = repr(offset + factor * row["target"])
    path = tables.write(tmp_path / "scaled.csv", rows)
    problem = read_problem(tables.options(path, task="regression"))
    split = split_of(problem)
    found = entered(problem, name, split)
    exported = export(problem, found, split)
    expected = found.model.predict(problem.rows.take(split.test))[:, 0]
    spread, size = np.std(problem.target), np.abs(problem.target).max()
    difference = np.abs(exported.answers["value"] - expected).max()
    assert difference <= TOLERANCE * spread + ROUNDING * size
    assert np.std(expected) > 0.3 * spread  # it learnt something


@pytest.mark.thorough
def test_every_candidate_that_can_explains_itself(problems: dict[str, Problem]) -> None:
    methods = {
        "linear": ["linear"], "additive": ["curves"], "xgboost": ["tree_shap", "path"],
        "mlp": [],
    }  # fmt: skip
    for kind, (name, expected) in itertools.product(tables.TASKS, methods.items()):
        problem = problems[kind]
        split = split_of(problem)
        exported = export(problem, entered(problem, name, split), split)
        assert [one.method for one, _ in exported.explanations] == expected
        assert exported.unexplained == {}
        agreed = [one.agreement is not None for one, _ in exported.explanations]
        assert agreed == [name == "xgboost"] * len(expected)


@pytest.mark.parametrize("kind", tables.TASKS)
def test_an_explanation_of_another_answer_is_left_out(
    problems: dict[str, Problem], kind: str
) -> None:
    """Contributions that add up, to the wrong class or the wrong size."""
    problem = problems[kind]
    split = split_of(problem)
    found = entered(problem, "additive", split)
    assert found.learned is not None
    (explainer,) = found.learned.explainers
    scale = Scale(explainer.scale.factor[::-1] * 1.01, explainer.scale.offset[::-1])
    wrong = replace(explainer, scale=scale)
    found.learned = replace(found.learned, explainers=(wrong,))
    exported = export(problem, found, split)
    assert exported.explanations == ()
    assert "differs from the model's answer" in exported.unexplained["curves"]


def test_a_blend_is_one_graph_of_both(problems: dict[str, Problem]) -> None:
    problem = problems["classes"]
    split = split_of(problem)
    one, other = (entered(problem, name, split) for name in ("xgboost", "mlp"))
    blend = Entrant("blend", "Mean", "blend", None, "opaque")
    blend.predictor = Blend(one.model, other.model)
    exported = export(problem, blend, split)
    operators = {name for _, name in outline(exported.graph).operators}
    assert {"TreeEnsemble", "Relu"} <= operators
    assert exported.parity.max_difference <= TOLERANCE


@pytest.mark.parametrize("name", ["linear", "random-forest", "xgboost", "mlp-ensemble"])
def test_many_columns_share_a_tensor(name: str) -> None:
    generator = np.random.default_rng(0)
    numbers = generator.normal(size=(300, 70)).astype(np.float32)
    codes = generator.integers(0, 3, (300, 66)).astype(np.int32)
    columns = Columns(
        tuple(f"n{i}" for i in range(70)), numbers,
        tuple(f"c{i}" for i in range(66)), codes, (("a", "b", "c", "new"),) * 66,
    )  # fmt: skip
    target = (numbers[:, 0] + codes[:, 0] > 1).astype(np.int64)
    problem = made(columns, target, ("0", "1"))
    split = split_of(problem)
    exported = export(problem, entered(problem, name, split), split)
    assert [tensor.shape for tensor in exported.inputs] == [(-1, 70), (-1, 66)]


@pytest.mark.thorough
def test_a_table_of_categories_alone_is_served() -> None:
    generator = np.random.default_rng(0)
    codes = generator.integers(0, 3, (300, 2)).astype(np.int32)
    columns = Columns(
        (), np.zeros((300, 0), np.float32), ("x", "y"), codes, (("a", "b", "c", "new"),) * 2
    )
    problem = made(columns, (codes[:, 0] == 1).astype(np.int64), ("0", "1"))
    split = split_of(problem)
    for name in NAMES:
        assert export(problem, entered(problem, name, split), split).parity.max_difference < 1e-5


def made(columns: Columns, target: np.ndarray, labels: tuple[str, ...]) -> Problem:
    twins = twins_of(columns)
    return Problem(KIND, columns, "y", target, labels, "classification", twins, twins, None, {}, {})


def test_a_graph_that_answers_otherwise_is_refused(problems: dict[str, Problem]) -> None:
    problem = problems["binary"]
    split = split_of(problem)
    entrant = entered(problem, "linear", split)

    class Off(Calibrated):
        def predict(self, columns: Columns) -> np.ndarray:
            answers = super().predict(columns).copy()
            answers[-1] = answers[-1, ::-1]
            return answers

    assert isinstance(entrant.predictor, Calibrated)
    entrant.predictor = Off(entrant.predictor.learned, entrant.predictor.temperature)
    with pytest.raises(ParityError, match="linear: the graph's answers differ"):
        export(problem, entrant, split)


def test_probes_miss_every_column_in_turn_and_hold_categories_that_are_new(
    problems: dict[str, Problem],
) -> None:
    columns = problems["binary"].rows
    probes = KIND.probes(columns)
    assert len(probes) == PROBES * (3 + 2 * 2) + 1
    assert np.isnan(probes.numbers).any(axis=0).all()
    assert (probes.codes == -1).any(axis=0).all()
    assert all((probes.codes[:, i] == len(columns.categories[i]) - 1).any() for i in range(2))
