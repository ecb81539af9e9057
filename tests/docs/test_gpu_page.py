"""The section of images per second by batch size, from the committed results."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts import gpu_page
from tests.conftest import ROOT


def results(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "docs" / "results" / name).read_text())
    return document


def page(share: float | None = None, processor: str | None = None, times: float = 1.0) -> str:
    """The section, with another share of a core, processor or speed of the loop."""
    measured, closed = results("gpu.json"), results("serving_closed.json")
    measured.pop("least_cpu_share", None)
    if share is not None:
        measured["least_cpu_share"] = share
    closed["processor"] = processor or measured["processor"]
    here = next(
        row["images_per_second"]
        for row in measured["timings"]
        if (row["model"], row["batch"]) == (closed["model"], 64)
    )
    for row in closed["rows"]:
        if row["server"] == "in-process loop":
            row["requests_per_second"] = here * times / 64
    return "\n\n".join(gpu_page.section(measured, closed))


@pytest.mark.parametrize(
    ("share", "first", "interrupted"),
    [
        (None, "How free the machine was is not recorded.", True),
        (0.4, "Each figure on the CPU had at least 40% of a core.", True),
        (0.97, "Each figure on the CPU had at least 97% of a core.", False),
    ],
)
def test_the_page_says_how_free_the_machine_was(
    share: float | None, first: str, interrupted: bool
) -> None:
    section = page(share)
    assert first in section
    assert ("interrupts calls of more than some 3 ms" in section) == interrupted


@pytest.mark.parametrize(
    ("processor", "times", "last"),
    [
        (None, 1.05, " here."),
        (None, 2.0, " here, measured at another time."),
        ("An abacus", 2.0, " here, on another processor (An abacus there)."),
    ],
)
def test_the_page_compares_the_network_with_the_loop(
    processor: str | None, times: float, last: str
) -> None:
    (line,) = (line for line in page(0.97, processor, times).splitlines() if "in-process" in line)
    assert line.endswith(last)
