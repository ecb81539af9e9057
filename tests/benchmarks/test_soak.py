"""The soak in short: the mix is answered correctly, and nothing grows without bounds."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from benchmarks.serving.contenders import ROOT
from benchmarks.soak import _bars, _slope, main, soak
from benchmarks.soak_requests import SLOW_EVERY, mix


def test_the_mix_has_every_model_and_route_and_notices_wrong_answers() -> None:
    asks = mix(ROOT / "models")
    paths = [ask.request.split(b" ", 2)[1].decode() for ask in asks]
    predictions = {"/predict", "/compare", "/v2/models/digits-xgboost/infer"}
    rare = {"/explain", "/layers", "/recommend", "/metrics", "/readyz", "/models"}
    assert predictions | rare <= set(paths)
    assert sum(path in rare for path in paths) == len(paths) / SLOW_EVERY
    wrong = {"label": "3", "probabilities": [0.1] * 10}
    predict: Callable[..., bool] = asks[0].check
    assert not predict(json.dumps({"predictions": [wrong]}).encode(), {})


def test_a_slope_is_that_of_a_line() -> None:
    assert _slope([(float(t), 1000 + 7 * t) for t in range(50)]) == pytest.approx(7)


@pytest.mark.parametrize(
    ("gpu_mb", "met"), [([], []), ([100, 100], [True]), ([100, 101], [False]), ([100, 99], [True])]
)
def test_memory_of_a_gpu_may_not_grow(gpu_mb: list[int], met: list[bool]) -> None:
    found = _bars({"200": 9}, [], gpu_mb)
    assert [bar["met"] for bar in found if "GPU" in bar["bar"]] == met


def test_without_a_gpu_nothing_is_begun(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(None, 30, "cuda") == 1
    assert "nvidia-smi does not say how much memory of the GPU is used; --provider cpu needs" in (
        capsys.readouterr().out
    )


@pytest.mark.slow
def test_half_a_minute() -> None:
    """With loose bounds: so short a run fills caches, and the machine may do other things."""
    document = soak(30)
    assert set(document["statuses"]) == {"200"}
    assert document["statuses"]["200"] > 500
    assert [one["role"] for one in document["processes"]] == ["supervisor", "worker", "worker"]
    for one in document["processes"]:
        assert one["mb_last"] - one["mb_first"] < 30
        assert one["files_after"] <= one["files_before"] + 2
