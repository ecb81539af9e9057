"""A model repository of tiny models and the verb over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.serving.repository import Models
from service.settings import Settings
from service.verbs.infer import Infer
from tests.repositories import tiny_repository
from tests.serving.loading import load_models

MAX_ROWS = 8


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    root: Path = tiny_repository(tmp_path_factory.mktemp("protocol") / "models")
    return load_models(Settings(models_dir=root, default_model="beta", max_rows=MAX_ROWS))


@pytest.fixture(scope="session")
def infer(models: Models) -> Infer:
    return Infer(models.get)
