"""Which version answers while a model has a rollout.json, right or wrong."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from service.errors import UnavailableError
from service.selection import Rejection, Selection
from service.serving.repository import Models, load_all
from service.settings import Settings
from tests.faults import fault
from tests.repositories import image_model, tiny_model, write_rollout
from tests.serving.loading import load_models, serve


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """`alpha` in versions 1, 2 and 3."""
    for version in "123":
        tiny_model(tmp_path, "alpha", version, seed=int(version))
    return tmp_path


def load(root: Path) -> Models:
    return load_models(Settings(models_dir=root, default_model="alpha"))


def test_the_stable_version_answers_instead_of_the_highest(root: Path) -> None:
    assert load(root).get().version == "3"
    write_rollout(root, "alpha")
    models = load(root)
    assert models.get().version == models.get("alpha").version == "1"
    assert models.get("alpha", "3").version == "3"
    assert [served.version for served in models.serving()] == ["1"]
    assert models.is_default("alpha", 1)
    assert not models.is_default("alpha", 3)
    rollout = models.plans["alpha"].rollout
    assert rollout is not None
    assert rollout.candidate == "2"
    assert models.faults() == []


@fault("wrong-rollout")
@pytest.mark.parametrize(
    ("text", "answers", "reason"),
    [
        ('{"rollout_version": 1, "mode": "shadow", "stable": "2", "cand', "2", "is not valid: the"),
        ('{"stable": 2, "candidate": "3"}', "2", "is not valid: rollout_version: Field required"),
        ("", "3", "is not valid: the document"),
    ],
)
def test_a_text_that_is_broken(root: Path, text: str, answers: str, reason: str) -> None:
    (root / "alpha/rollout.json").write_text(text)
    models = load(root)
    assert models.get().version == answers
    assert models.ready()
    (found,) = models.faults()
    assert found.name == "alpha"
    assert found.reason.startswith(f"rollout.json {reason}")


@fault("wrong-rollout")
@pytest.mark.parametrize(
    ("fields", "answers", "reason"),
    [
        ({"candidate": "9"}, "1", "candidate is version 9, which is not in the repository; the"),
        (
            {"stable": "9"},
            "3",
            "stable is version 9, which is not in the repository; the model has",
        ),
        ({"candidate": "1"}, "1", "is not valid: the document: Value error, stable and candidate"),
    ],
)
def test_versions_that_do_not_fit(
    root: Path, fields: dict[str, Any], answers: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    write_rollout(root, "alpha", **fields)
    with caplog.at_level(logging.ERROR):
        models = load(root)
    assert models.get().version == answers
    (found,) = models.faults()
    assert reason in found.reason
    assert [record.getMessage() for record in caplog.records] == [f"model alpha: {found.reason}"]


@fault("wrong-rollout")
def test_a_candidate_of_another_kind(tmp_path: Path) -> None:
    """It has other labels than the stable version; by its name it can be asked all the same."""
    image_model(tmp_path, "alpha", 28, 28, ("a", "b"))
    image_model(tmp_path, "alpha", 28, 28, ("a", "c"), version="2")
    write_rollout(tmp_path, "alpha")
    models = load(tmp_path)
    assert models.get().version == "1"
    assert models.get("alpha", "2").version == "2"
    (found,) = models.faults()
    assert "the labels of version 2 are not those of version 1" in found.reason


@fault("wrong-rollout")
def test_a_candidate_that_is_refused(root: Path) -> None:
    write_rollout(root, "alpha")
    (root / "alpha/2/model.onnx").unlink()
    models = load(root)
    assert models.get().version == "1"
    assert [(one.name, one.version) for one in models.refused()] == [("alpha", "2")]
    (found,) = models.faults()
    assert found.reason.startswith("rollout.json: candidate is version 2, which was refused: ")


def test_nothing_steps_in_for_a_stable_version_that_is_refused(root: Path) -> None:
    """As nothing steps in for a highest version: docs/decisions/0004."""
    write_rollout(root, "alpha")
    (root / "alpha/1/model.onnx").unlink()
    models = load(root)
    with pytest.raises(UnavailableError, match="'alpha' version 1 was refused at load"):
        models.get()
    assert models.get("alpha", "2").version == "2"


def test_a_rejected_version_does_not_answer(root: Path) -> None:
    """As after a reload that was given up: this process leaves the version out."""
    write_rollout(root, "alpha", stable="3")
    settings = Settings(models_dir=root, default_model="alpha")
    selection = Selection(rejected=(Rejection("alpha", "3", "it is cut"),))
    models = load_all(settings, lambda session: serve(session, settings), selection=selection)
    assert models.get().version == "2"
    (found,) = models.faults()
    assert found.reason == "rollout.json: stable is version 3, which was refused: it is cut"
