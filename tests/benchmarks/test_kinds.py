"""The kinds of networks that the guide compares a latency with."""

from __future__ import annotations

import json

import pytest

from benchmarks.kinds import KINDS, Kind, encoder, measure
from guide.latencies import latencies
from scripts.latencies_file import SERVED
from tests.conftest import ROOT


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of the exporter's own code
def test_a_kind_is_measured() -> None:
    tiny = Kind(
        "tiny", "one layer of 16, one text of 4 tokens", (1, 4, 16), lambda: encoder(1, 16, 2)
    )
    assert 0 < measure(tiny, calls=2, rounds=1) < 1_000


def test_every_kind_is_in_the_results_and_in_the_guide() -> None:
    results = json.loads((ROOT / "docs" / "results" / "kinds.json").read_text())
    assert [kind["kind"] for kind in results["kinds"]] == [kind.id for kind in KINDS]
    assert set(latencies()) == {kind.id for kind in KINDS} | set(SERVED)


@pytest.mark.parametrize("kind", [k for k in KINDS if k.id in ("resnet_50", "mobilenet_v2")])
def test_a_network_has_the_size_that_was_published(kind: Kind) -> None:
    """In millions of weights: He et al. 2016 and Sandler et al. 2018."""
    weights = sum(p.numel() for p in kind.build().parameters()) / 1e6
    assert weights == pytest.approx({"resnet_50": 25.6, "mobilenet_v2": 3.5}[kind.id], rel=0.02)
