"""`python -m training` as a person calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from contract.repository import audit, entries
from tests.conftest import ROOT


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
        env={**os.environ, "COLUMNS": "120", **environment},
    )  # fmt: skip


def test_training_ends_with_a_table(tmp_path: Path) -> None:
    done = run("train", "digits-perceptron", "--dataset", "digits", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    for word in ("accuracy", "seconds", "MB", "digits-perceptron"):
        assert word in done.stdout
    training = audit(entries(tmp_path)[0]).manifest.training
    assert training is not None
    assert training.seed == 42


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "digits-svm", "--dataset", "digits"], "unknown model 'digits-svm'"),
        (["train", "--dataset", "cifar"], "unknown data set 'cifar'"),
        (["train", "--seed", "-1"], "--seed"),
    ],
)
def test_a_wrong_argument_is_named(arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.returncode != 0
    assert message in done.stderr


def test_a_truncated_file_ends_the_run_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b")
    done = run("train", "digits-perceptron", ROSENBLATT_DATA_DIR=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "train-images-idx3-ubyte.gz is truncated" in done.stderr


@pytest.mark.thorough
def test_a_race_writes_its_figures(tmp_path: Path) -> None:
    out = tmp_path / "race.json"
    done = run(
        "race", "--dataset", "digits", "--guide-seeds", "1", "--sprint-seeds", "1",
        "--fast-seeds", "2", "--out", str(out),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    figures = json.loads(out.read_text())
    assert [(lap["recipe"], lap["seed"]) for lap in figures["laps"]] == [
        ("guide", 0),
        ("sprint", 0),
        ("fast", 0),
        ("fast", 1),
    ]
    fast = [
        lap["epochs"][-1]["test_accuracy"] for lap in figures["laps"] if lap["recipe"] == "fast"
    ]
    assert figures["summary"]["fast"]["mean_test_accuracy"] == pytest.approx(sum(fast) / 2)
    assert min(fast) > 0.9
    assert figures["summary"]["sprint"]["time_ratio"] > 0
    assert "0.9921" in done.stdout
