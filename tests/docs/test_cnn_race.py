from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from scripts import cnn_race
from training.race import EpochResult, Lap, Race, to_json


def laps(recipe: str, seconds: float, *accuracies: tuple[float, float]) -> tuple[Lap, ...]:
    return tuple(
        Lap(recipe, seed, (EpochResult(seconds / 2, first), EpochResult(seconds, last)))
        for seed, (first, last) in enumerate(accuracies)
    )


@pytest.fixture
def race() -> dict[str, Any]:
    runs = (
        *laps("guide", 40.0, (0.97, 0.98), (0.98, 0.99)),
        *laps("sprint", 10.0, (0.98, 0.993)),
        *laps("fast", 60.0, (0.99, 0.996)),
    )
    figures = Race("a processor", False, "float32", runs)
    document: dict[str, Any] = json.loads(to_json(figures))
    return document


def test_points_are_means_over_the_seeds(race: dict[str, Any]) -> None:
    first, last = cnn_race.epochs(race, "guide")
    assert (first.epoch, first.seconds, first.accuracies) == (1, 20.0, (0.97, 0.98))
    assert (last.epoch, last.seconds) == (2, 40.0)
    assert last.mean == pytest.approx(0.985)


def test_the_section_names_the_bar_that_is_missed(race: dict[str, Any]) -> None:
    page = "\n\n".join(cnn_race.section(race, race))
    assert "| `sprint` | time as a share of guide's | 0.2500 | at most 0.3333 | yes |" in page
    assert (
        "| `fast` | time as a share of guide's | 1.5000 | at most 1.0000 | "
        "no; required only with matrix units |" in page
    )
    race["bars"][-1]["binds"] = True
    assert "| 1.5000 | at most 1.0000 | no |" in "\n\n".join(cnn_race.section(race, race))
    assert "| `guide` | 1 | 20.0 | 0.9750 | 0.9700 | 0.9800 | 0.0050 |" in page


def test_the_section_has_the_race_on_a_gpu_too(race: dict[str, Any]) -> None:
    page = "\n\n".join(cnn_race.section(race, race | {"device": "a GPU"}))
    before, after = page.split("on one a GPU")
    assert "a processor" in before
    assert "| 1.5000 | at most 1.0000 |" in after


def test_the_picture_is_the_same_text_every_time(race: dict[str, Any]) -> None:
    picture = cnn_race.picture(race)
    assert picture == cnn_race.picture(race)
    assert ElementTree.fromstring(picture).tag.endswith("svg")
    assert not re.search(r"<dc:date>|matplotlib v", picture, re.IGNORECASE)
    assert "guide, mean of 2 seeds" in picture
    assert "sprint, mean of 1 seed<" in picture
