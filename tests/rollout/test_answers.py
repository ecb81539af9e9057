"""What is observed of the answers of each kind of model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contract.batch import Batch
from service.rollout import answers as scale
from service.rollout.answers import Answers, request_means
from service.serving.served import Served
from service.settings import Settings
from tests.repositories import other_model, regression_model, table_model
from tests.rollout.trials import digits, images, served
from tests.serving.loading import load_models

SIZES = np.array([2, 1, 3])


def loaded(root: Path, name: str) -> Served:
    return load_models(Settings(models_dir=root)).get(name)


def test_rows_of_a_request_are_one_observation() -> None:
    found = Answers(served("1", digits), 0.25)
    together = found.join([digits(images(each)) for each in ([7, 7], [1], [7, 2, 3])])
    assert len(together) == 6
    shares = found.label_shares(together, SIZES)
    assert shares[:, 7].tolist() == pytest.approx([1, 0, 1 / 3])
    assert shares[:, 1].tolist() == [0, 1, 0]
    assert shares.sum(axis=1).tolist() == pytest.approx([1, 1, 1])
    assert request_means(found.confidence(together), SIZES) == pytest.approx([0.9] * 3)
    assert request_means(np.arange(6.0), SIZES).tolist() == [0.5, 2, 4]


def test_a_label_that_is_text_is_compared(tmp_path: Path) -> None:
    table_model(tmp_path)
    model = loaded(tmp_path, "loans")
    found = Answers(model, 0.25)
    outputs = model.session.predict(model.session.samples)
    assert found.usable(outputs)
    other = Batch({**outputs.arrays, "approved": outputs["approved"][::-1].copy()})
    same = outputs["approved"] == other["approved"]
    assert found.agreement(outputs, outputs).all()
    assert found.agreement(outputs, other).tolist() == same.tolist()
    assert found.confidence_change(outputs, outputs) == 0
    foreign = Batch({**outputs.arrays, "approved": np.array(["no", "yes", "perhaps"], object)})
    assert not found.usable(foreign)


def test_values_agree_within_a_share_of_their_spread(tmp_path: Path) -> None:
    """The golden prices are 4, 43 and 82, with a standard deviation of 31.8."""
    regression_model(tmp_path)
    model = loaded(tmp_path, "prices")
    found = Answers(model, 0.25)
    outputs = model.session.predict(model.session.samples)
    assert outputs["price"].ravel().tolist() == [4, 43, 82]
    spread = float(np.std([4, 43, 82]))

    def plus(*changes: float) -> Batch:
        moved = outputs["price"] + np.array(changes, np.float32)[:, None]
        return Batch({**outputs.arrays, "price": moved})

    near, far = 0.24 * spread, 0.26 * spread
    assert found.agreement(outputs, plus(near, -near, -far)).tolist() == [True, True, False]
    assert found.value_change(outputs, plus(near, 0, 0)) == pytest.approx(0.08, abs=1e-4)
    assert found.value_change(outputs, plus(1e6, 0, 0)) == pytest.approx(1 / 3)
    assert found.level(outputs).mean() == pytest.approx(0.5)
    assert found.level(plus(1e9, 0, -1e9)).tolist() == pytest.approx([1, 0.5, 0])
    assert not found.usable(plus(np.nan, 0, 0))


def test_other_outputs_agree_within_the_golden_tolerance(tmp_path: Path) -> None:
    other_model(tmp_path)
    model = loaded(tmp_path, "sums")
    found = Answers(model, 0.25)
    outputs = model.session.predict(model.session.samples)
    moved = outputs["sums"] + np.array([[1e-9], [1.0], [0.0]])
    assert found.agreement(outputs, Batch({**outputs.arrays, "sums": moved})).tolist() == [
        True, False, True,
    ]  # fmt: skip


def test_latencies_there_and_back() -> None:
    one, other = scale.latency(0.010), scale.latency(0.032)
    assert scale.latency_ratio(other - one) == pytest.approx(3)
    assert scale.latency(1e9) == 1
    assert scale.paired_latency_ratio(scale.paired_latency(0.010, 0.032)) == pytest.approx(3)
    assert scale.paired_latency(0, 1e9) == 1
    assert scale.paired_latency(1e9, 0) == 0
