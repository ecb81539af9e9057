"""`python -m training transfer` as a person calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contract.repository import audit, entries
from tests.conftest import MODELS, ROOT
from tests.training.transfer import made


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "training", "transfer", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "COLUMNS": "120"},
    )  # fmt: skip


@pytest.mark.thorough
def test_a_folder_becomes_a_version(tmp_path: Path) -> None:
    folder = made.letters(tmp_path)
    out = tmp_path / "models"
    done = run(
        "--from", "digits-cnn", "--data", str(folder), "--labels", "300", "--out", str(out)
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (entry,) = entries(out)
    assert (entry.name, entry.version) == ("letters-transfer", 1)
    assert audit(entry).manifest.labels == made.CLASSES
    for words in (
        "Start from digits-cnn version 1: its convolutions keep their weights",
        "Learn 3 classes from",
        "300 labels a class are left out",
        f"Written to {entry.path}",
        f"ROSENBLATT_MODELS_DIR={out}",
    ):
        assert words in done.stdout
    assert "as it is" not in done.stdout  # the source knows no such labels


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "digits-svm", "--data", "digits"], "--from 'digits-svm' names no model"),
        (["--from", "digits-cnn", "--data", "nothing"], "--data 'nothing' is no folder"),
        (["--from", "digits-cnn", "--data", "digits", "--labels", "x"], "--labels 'x'"),
        (["--from", "digits-cnn", "--data", "digits", "--freeze", "x"], "--freeze 'x'"),
        (["--from", "digits-cnn", "--data", "digits", "--name", "digits-cnn"], "another --name"),
    ],
)
def test_a_wrong_argument_is_named_in_one_line(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    out = tmp_path / "models"
    out.symlink_to(MODELS)
    done = run(*arguments, "--out", str(out))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


@pytest.mark.thorough
def test_ctrl_c_ends_the_comparison_and_keeps_the_model(tmp_path: Path) -> None:
    out = tmp_path / "models"
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "training", "transfer", "--from", "digits-cnn",
         "--data", "digits", "--labels", "10", "--seeds", "20", "--out", str(out)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        while "Learn 10 classes" not in process.stdout.readline():
            assert process.poll() is None
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        written, complaint = process.communicate(timeout=400)
    finally:
        process.kill()
    assert process.returncode == 0, complaint
    assert "The comparison was stopped early." in written
    figures = json.loads((out / "digits-transfer" / "1" / "transfer.json").read_text())
    assert figures["interrupted"] is True


@pytest.mark.slow
def test_frozen_transfer_leads_with_ten_labels_a_class(tmp_path: Path) -> None:
    done = run(
        "--from", "digits-cnn", "--data", "digits", "--labels", "10", "--seeds", "2",
        "--out", str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "digits-cnn version 1 as it is: 0.96" in done.stdout
    version = tmp_path / "digits-transfer" / "1"
    points = json.loads((version / "transfer.json").read_text())["points"]
    mean = {
        name: sum(p["accuracy"] for p in points if p["approach"] == name) / 2
        for name in ("frozen", "scratch", "forest")
    }
    assert mean["frozen"] > mean["scratch"] > mean["forest"]
    assert (version / "transfer.png").exists()
    metrics = audit(entries(tmp_path)[0]).manifest.metrics
    assert metrics is not None
    assert metrics.task == "classification"
    assert metrics.accuracy > 0.98
