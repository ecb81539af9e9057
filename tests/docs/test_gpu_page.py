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
        if (row["model"], row["device"], row["batch"]) == (closed["model"], "cpu", 64)
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


def measured_on(device: str, difference: float = 1e-6, mismatches: int = 0) -> dict[str, Any]:
    """Results in which a batch takes 1 ms on a GPU and a tenth of that per image on the CPU."""
    found = {"samples": 10_000, "label_mismatches": mismatches, "max_difference": difference}
    measured = results("gpu.json")
    trees = {"model": "trees", "form": "tensors", "tolerance": 1e-4, "golden": found}
    measured["parity"] = [trees | {"device": one} for one in ("cpu", device)]
    measured["timings"] = [
        row
        for batch in (1, 8, 16, 64)
        for row in (
            {"model": "trees", "form": "native", "device": "cpu", "batch": batch,
             "p50_ms": batch / 10, "images_per_second": 10_000},
            {"model": "trees", "form": "tensors", "device": device, "batch": batch,
             "p50_ms": 1.0, "images_per_second": batch * 1000},
        )
    ]  # fmt: skip
    return measured


def section_of(measured: dict[str, Any]) -> str:
    closed = results("serving_closed.json") | {"model": "trees"}
    native = {"model": "trees", "form": "native", "device": "cpu", "batch": 64}
    measured["timings"].append(native | {"images_per_second": 1, "p50_ms": 6.4})
    return "\n\n".join(gpu_page.section(measured, closed))


def test_the_page_says_from_which_batch_a_gpu_pays() -> None:
    section = section_of(measured_on("cuda"))
    assert "| trees | 16 images | 0.10 | 6 at 64 |" in section
    assert "On CUDA no labels differ" in section
    assert "a probability is 1.0e-06. Products" in section


def test_the_page_hides_no_label_that_differs_on_a_gpu() -> None:
    assert "On CUDA 3 labels differ" in section_of(measured_on("cuda", mismatches=3))


def test_without_a_gpu_the_page_does_not_speak_of_one() -> None:
    assert "On CUDA" not in section_of(measured_on("cpu"))
