"""The soak in short: the mix is answered correctly, and nothing grows without bounds."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from benchmarks.serving.contenders import ROOT
from benchmarks.soak import _slope, soak
from benchmarks.soak_requests import EXPLAIN_EVERY, mix


def test_the_mix_has_every_model_and_route_and_notices_wrong_answers() -> None:
    asks = mix(ROOT / "models")
    assert len(asks) == 4 * EXPLAIN_EVERY
    paths = {ask.request.split(b" ", 2)[1].decode() for ask in asks}
    assert {"/predict", "/compare", "/explain", "/v2/models/digits-xgboost/infer"} <= paths
    wrong = {"label": "3", "probabilities": [0.1] * 10}
    predict: Callable[..., bool] = asks[0].check
    assert not predict(json.dumps({"predictions": [wrong]}).encode(), {})


def test_a_slope_is_that_of_a_line() -> None:
    assert _slope([(float(t), 1000 + 7 * t) for t in range(50)]) == pytest.approx(7)


@pytest.mark.slow
def test_half_a_minute() -> None:
    """With loose bounds: so short a run fills caches, and the machine may do other things."""
    document = soak(30)
    assert set(document["statuses"]) == {"200"}
    assert document["statuses"]["200"] > 500
    assert len(document["workers"]) == 2
    for worker in document["workers"]:
        assert worker["mb_last"] - worker["mb_first"] < 30
        assert worker["files_after"] <= worker["files_before"] + 2
