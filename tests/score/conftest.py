from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.score.__main__ import main
from service.settings import settings
from tests.repositories import (
    image_model,
    other_model,
    regression_model,
    table_model,
    tiny_repository,
)
from tests.score.models import lookup_model, mixed_model

Score = Callable[..., int]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Digits in two models, and one model of every other kind."""
    root = tiny_repository(tmp_path_factory.mktemp("models"))
    table_model(root)
    regression_model(root)
    other_model(root)
    mixed_model(root)
    lookup_model(root)
    image_model(root, "signs", 5, 7, ("stop", "go"))
    return root


@pytest.fixture
def score(models: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Score]:
    """The command line in this process, on the tiny repository; `alpha` unless named."""
    monkeypatch.setenv("ROSENBLATT_MODELS_DIR", str(models))
    monkeypatch.setenv("ROSENBLATT_DEFAULT_MODEL", "alpha")
    monkeypatch.setenv("ROSENBLATT_PROVIDER", "cpu")
    settings.cache_clear()
    yield lambda *arguments: main([str(argument) for argument in arguments])
    settings.cache_clear()
