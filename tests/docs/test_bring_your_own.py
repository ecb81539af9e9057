"""docs/bring-your-own.md, from training to HTTP as a reader would do it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.repository import audit, entries
from tests.conftest import ROOT
from tests.server import Server, serve
from training.importing.options import ROLES
from training.importing.pixels import NAMED

pytestmark = pytest.mark.thorough

PAGE = (ROOT / "docs" / "bring-your-own.md").read_text()
SECTIONS = dict(re.findall(r"## (.*?)\n(.*?)(?=\n## |\Z)", PAGE, re.S))
MODELS = {"A scikit-learn pipeline": "iris", "A torch network": "small-digits"}


def blocks(section: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", SECTIONS[section], re.DOTALL)


def run(command: list[str], folder: Path) -> str:
    """What a command prints, run in a folder with this source tree and its Python at hand."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "150"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which both models were trained and imported."""
    folder = tmp_path_factory.mktemp("own")
    for section in MODELS:
        (code,) = blocks(section, "python")
        run([sys.executable, "-c", code], folder)
        command, _ = blocks(section, "bash")
        assert "Written to models/" in run(["bash", "-c", command], folder)
    return folder


@pytest.fixture(scope="module")
def own(folder: Path) -> Iterator[Server]:
    models = str(folder / "models")
    with serve(ROSENBLATT_MODELS_DIR=models, ROSENBLATT_DEFAULT_MODEL="iris") as running:
        yield running


@pytest.mark.parametrize("section", MODELS)
def test_the_models_are_good_and_agree_with_their_library(folder: Path, section: str) -> None:
    artifacts = {entry.name: audit(entry) for entry in entries(folder / "models")}
    manifest = artifacts[MODELS[section]].manifest
    assert manifest.metrics is not None
    assert manifest.metrics.task == "classification"
    assert manifest.metrics.accuracy > 0.95
    assert manifest.parity is not None
    assert manifest.parity.label_mismatches == 0
    assert manifest.parity.max_difference <= 1e-5


@pytest.mark.parametrize("section", MODELS)
def test_the_question_gets_the_answer(folder: Path, own: Server, section: str) -> None:
    _, command = blocks(section, "bash")
    (shown,) = blocks(section, "json")
    answer = run(
        ["bash", "-c", command.replace("127.0.0.1:3000", own.url.removeprefix("http://"))], folder
    )
    assert answer.startswith(shown.split("[...]")[0])


def test_the_page_names_every_option_and_role() -> None:
    shown = run([sys.executable, "-m", "training", "import", "--help"], ROOT)
    options = set(re.findall(r"(--[a-z]+)(?:[ -]|$)", shown, re.MULTILINE))
    plain = {"--help", "--no", "--name", "--out", "--title", "--algorithm", "--family"}
    assert {o for o in options - plain if f"`{o}" not in PAGE} == set()
    assert [role for role in (*ROLES, *NAMED) if role not in PAGE] == []
