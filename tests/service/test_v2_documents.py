"""The protocol's documents about models."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import NotFoundError
from service.http import v2_documents as documents
from service.serving.repository import Models
from service.settings import Settings
from tests.serving.loading import load_models


@pytest.fixture
def models(repository: Path) -> Models:
    return load_models(Settings(models_dir=repository, default_model="beta"))


def test_which_models_statistics_are_of(models: Models) -> None:
    def names(name: str | None = None, version: str | None = None) -> list[tuple[str, str]]:
        document = documents.statistics(models, name, version)
        assert set(document) == {"model_stats"}
        return [(found["name"], found["version"]) for found in document["model_stats"]]

    assert sorted(names()) == [("alpha", "1"), ("beta", "10"), ("beta", "2")]
    assert names("beta") == [("beta", "2"), ("beta", "10")]
    assert names("beta", "10") == [("beta", "10")]
    with pytest.raises(NotFoundError, match='model "gamma" is unknown'):
        documents.statistics(models, "gamma", None)
    with pytest.raises(NotFoundError, match='no version "3"'):
        documents.statistics(models, "beta", "3")
