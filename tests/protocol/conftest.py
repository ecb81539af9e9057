"""A model repository of tiny models and their codec."""

from __future__ import annotations

from pathlib import Path

import pytest
from service.inference.repository import Models, load_all
from service.protocol.codec import Codec

from service.settings import Settings
from tests.repositories import tiny_repository

MAX_ROWS = 8


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    root: Path = tiny_repository(tmp_path_factory.mktemp("protocol") / "models")
    return load_all(Settings(models_dir=root, default_model="beta"))


@pytest.fixture(scope="session")
def codec(models: Models) -> Codec:
    return Codec(models, MAX_ROWS)
