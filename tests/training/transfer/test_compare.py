"""What is compared, and the comparison."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.transfer import lead, merged
from tests.conftest import MODELS
from training.datasets import Dataset
from training.transfer import approaches
from training.transfer.approaches import Approach, Setting, forest, learn_network
from training.transfer.compare import as_it_is, compare, document
from training.transfer.data import Given, digits, draw
from training.transfer.figures import Comparison, Point, comparison_of, shown
from training.transfer.networks import with_new_head
from training.transfer.picture import picture
from training.transfer.source import Source, read_source

QUICK = Setting(0.01, 12)


@pytest.fixture(scope="module")
def source() -> Source:
    return read_source(MODELS, "digits-cnn")


@pytest.fixture(scope="module")
def given() -> Given:
    return digits()


def learnt(source: Source, data: Dataset, seed: int) -> approaches.LearnedNetwork:
    """A new head after a few steps."""
    return learn_network(
        lambda: with_new_head(source, len(data.labels), "conv"), [QUICK], data, seed
    )


def quick(source: Source) -> Approach:
    return Approach("frozen", "a few steps", lambda data, seed: learnt(source, data, seed))


def test_only_the_head_is_learnt(source: Source, given: Given) -> None:
    data = draw(given, 4, seed=0)
    learned = learnt(source, data, 0)
    layers = list(learned.network.children())
    for before, after in zip(source.body, layers, strict=False):
        for old, new in zip(before.state_dict().values(), after.state_dict().values(), strict=True):
            torch.testing.assert_close(old, new, rtol=0, atol=0)
    assert learned.validation_scores.shape == (10, 10)
    assert learned.curve.y[-1] > 0.5


def test_a_seed_gives_the_same_network_again(source: Source, given: Given) -> None:
    data = draw(given, 4, seed=0)
    one, other = (quick(source).learn(data, 5).scores(data.test.images[:20]) for _ in range(2))
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


def test_the_validation_rows_choose(source: Source, given: Given) -> None:
    """A rate that learns nothing loses to one that does."""
    data = draw(given, 6, seed=0)
    settings = [Setting(1e-7, 40), Setting(0.01, 40)]
    learned = learn_network(lambda: with_new_head(source, 10, "conv"), settings, data, 0)
    assert learned.hyperparameters["peak_learning_rate"] == 0.01


@pytest.mark.parametrize(
    ("rows", "batch", "epochs"),
    [(8, 8, 300), (80, 16, 60), (500, 62, 38), (10_000, 128, 10)],
)
def test_few_rows_take_small_batches_and_many_epochs(rows: int, batch: int, epochs: int) -> None:
    recipe = approaches._sized(torch.nn.Identity, Setting(0.01, 300), rows)
    assert (recipe.batch_size, recipe.epochs) == (batch, epochs)


@pytest.mark.thorough
def test_a_comparison_has_a_point_for_all_draws(source: Source, given: Given) -> None:
    seen: list[tuple[str, int, int]] = []
    found = compare(
        source, given, (quick(source), forest()), (3, 5, 300), 2, lambda *a: seen.append(a)
    )
    assert [(p.approach, p.labels, p.seed) for p in found.points] == [
        (name, labels, seed)
        for labels in (3, 5) for seed in (0, 1) for name in ("frozen", "forest")
    ]  # fmt: skip
    assert found.left_out == {300: "the rarest class has 135 images that are not for testing"}
    assert seen[0] == ("a few steps, 3 labels a class, seed 0", 0, 8)
    assert all(0.2 < point.accuracy <= 1 for point in found.points)
    written = document(found, source, given)
    assert comparison_of(json.loads(json.dumps(written))) == found
    assert written["source"]["sha256"] == source.sha256
    assert picture(found).startswith(b"\x89PNG")


def test_an_interrupt_keeps_what_is_done(source: Source, given: Given) -> None:
    def stopped(data: Dataset, seed: int) -> approaches.LearnedNetwork:
        raise KeyboardInterrupt

    found = compare(
        source, given, (forest(), Approach("scratch", "stopped", stopped)), (3,), 2, lambda *a: None
    )
    assert found.interrupted
    assert [point.approach for point in found.points] == ["forest"]
    assert picture(found).startswith(b"\x89PNG")


def test_the_source_as_it_is_needs_its_own_labels(source: Source, given: Given) -> None:
    found = as_it_is(source, given)
    assert found is not None
    assert found > 0.9
    letters = replace(given.parts, labels=tuple("abcdefghij"))
    assert as_it_is(source, Given(letters, ())) is None


def test_figures_in_words() -> None:
    assert (shown([]), shown([0.5])) == ("-", "0.500")
    assert shown([0.5, 0.6]) == "0.550 ± 0.071"


def test_the_lead_is_paired_by_seed() -> None:
    rows = [("frozen", 0, 0.9), ("frozen", 1, 0.8), ("scratch", 1, 0.7), ("scratch", 0, 0.8)]
    points = tuple(Point(name, 30, seed, accuracy, 1.0, {}) for name, seed, accuracy in rows)
    found = lead(Comparison({}, points, None, {}), 30)
    assert found == {
        "labels": 30, "mean": 0.1, "low": 0.1, "high": 0.1, "seeds": 2, "leading": 2,
    }  # fmt: skip


def test_a_number_of_labels_measured_again_replaces_the_old() -> None:
    def of(*sizes: int, seconds: float, left_out: tuple[int, ...] = ()) -> Comparison:
        points = tuple(Point("frozen", labels, 0, 0.9, seconds, {}) for labels in sizes)
        return Comparison({}, points, None, dict.fromkeys(left_out, "too few"))

    found = merged(of(10, 100, seconds=1.0, left_out=(30,)), of(30, 100, seconds=2.0))
    assert [(p.labels, p.seconds) for p in found.points] == [(10, 1.0), (30, 2.0), (100, 2.0)]
    assert found.left_out == {}
