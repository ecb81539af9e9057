"""`python -m guide`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from guide.__main__ import main
from guide.short import ShortDecision
from tests.conftest import ROOT

EXAMPLE = ["--modality", "image", "--n-labelled", "500", "--domain", "medical_diagnosis"]


def test_the_process_prints_a_decision() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "guide", *EXAMPLE],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("deep learning: Take a pretrained network, freeze its backbone")
    for title in ("Try", "Conflicts", "Not stated, and it matters", "Bears on it"):
        assert f"\n{title}\n" in done.stdout
    assert "\nEvidence\n" not in done.stdout
    assert len(done.stdout.split()) < 220


def test_everything_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*EXAMPLE, "--detail", "full"]) == 0
    text = capsys.readouterr().out
    for title in ("Try", "Rules that fired", "Conflicts", "Assumed", "Evidence"):
        assert f"\n{title}\n" in text


def test_the_short_answer_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*EXAMPLE, "--detail", "short", "--json"]) == 0
    assert ShortDecision.model_validate_json(capsys.readouterr().out)


def test_json_is_the_decision(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*EXAMPLE, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["strategy"] == "transfer_learning_frozen_backbone"
    assert document["conflicts"][0]["winner"] == "R2"


def test_every_fact_is_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "--modality", "tabular", "--modality", "text", "--task", "generation", "--n-rows", "9",
        "--n-labelled", "5", "--explainability", "required", "--domain", "legal",
        "--budget", "hard_limit", "--no-clean", "--trees-exhausted",
        "--feature-engineering", "infeasible", "--n-features", "30", "--n-classes", "2",
        "--rarest-class-share", "0.01", "--latency-ms", "5", "--n-series", "1",
        "--hardware", "cpu", "--detail", "full",
    ]  # fmt: skip
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert "Not met" in text
    assert "clean the table first" in " ".join(text.lower().split())


def test_too_little_is_status_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 1
    text = capsys.readouterr().out
    assert text.startswith("insufficient information: Too little is stated")
    assert "modalities: " in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["--n-rows", "3", "--n-labelled", "5"],
        ["--modality", "smell"],
        ["--n-rows", "x"],
        ["--latency-ms", "0"],
        ["--detail", "medium"],
    ],
)
def test_facts_that_cannot_be_are_status_two(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_the_same_modality_twice(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--modality", "image", "--modality", "image"])
    assert "name each modality once" in capsys.readouterr().err
