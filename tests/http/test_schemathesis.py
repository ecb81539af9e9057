"""The service, fuzzed by its own OpenAPI document; `make fuzz` asks for longer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scripts.fuzz import fuzz
from service.api_keys import new_key
from tests.repositories import tiny_repository
from tests.server import Server, serve


@pytest.mark.parametrize(
    ("examples", "seed"), [(20, 1), pytest.param(100, 2, marks=pytest.mark.slow)]
)
def test_no_answer_breaks_the_document(server: Server, examples: int, seed: int) -> None:
    """No status 500, no status, media type or header that is not documented, no wrong body."""
    assert fuzz(server, examples, seed).failures == ""


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    key, entry = new_key(admin=True)
    models = tiny_repository(tmp_path_factory.mktemp("fuzz") / "models")
    wanted: dict[str, Any] = {
        "ROSENBLATT_MODELS_DIR": str(models),
        "ROSENBLATT_DEFAULT_MODEL": "alpha",
        "ROSENBLATT_API_KEYS": entry,
    }
    with serve(**wanted) as server:
        yield server, key


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "examples"), [(False, 10), (True, 2)])
def test_no_answer_breaks_the_document_of_keys(
    locked: tuple[Server, str], changes: bool, examples: int
) -> None:
    server, key = locked
    assert fuzz(server, examples, 3, key, changes=changes).failures == ""
