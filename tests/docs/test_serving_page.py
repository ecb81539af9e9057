"""The serving section of docs/benchmarks.md, from the committed results."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.serving.bars import PARTS, SPEED, bars
from scripts import serving_page
from tests.conftest import ROOT


@pytest.fixture
def results() -> list[dict[str, Any]]:
    folder = ROOT / "docs" / "results"
    return [json.loads((folder / f"serving_{part}.json").read_text()) for part in PARTS]


def test_every_bar_stands_on_the_page_with_its_verdict(results: list[dict[str, Any]]) -> None:
    page = "\n\n".join(serving_page.section(*results))
    for bar in bars(*results):
        (line,) = (line for line in page.splitlines() if line.startswith(f"| {bar.what} |"))
        assert line.endswith("| yes |" if bar.held else "| no |")


def test_a_missed_bar_is_shown_as_missed(results: list[dict[str, Any]]) -> None:
    results[2] |= {"p99_ratio": 7.25, "p99_ratios": [2.0, 7.25, 8.0]}
    page = "\n\n".join(serving_page.section(*results))
    assert "p99 without load | 7.250 | 2.00-8.00 | at most 5 | no |" in page


def test_the_readme_does_not_round_a_loss_to_a_draw(results: list[dict[str, Any]]) -> None:
    kind, peer, _ = SPEED[-1]
    for row in results[0]["rows"]:
        if (row["kind"], row["connections"]) == (kind, 8):
            for one in row["each"]:
                one["requests_per_second"] = 960 if row["server"] == "rosenblatt" else 1000
    assert f"| {peer} | one image as bytes | 0.96 times |" in serving_page.summary(results[0])


@pytest.mark.parametrize("draw", ["closed_picture", "tails_picture"])
def test_a_picture_is_the_same_text_every_time(draw: str, results: list[dict[str, Any]]) -> None:
    document = results[0] if draw == "closed_picture" else results[1]
    picture = getattr(serving_page, draw)(document)
    assert picture == getattr(serving_page, draw)(document)
    assert ElementTree.fromstring(picture).tag.endswith("svg")
    assert all(peer in picture for peer in ("rosenblatt", "MLServer", "Ray Serve"))
