"""API keys under `bentoml serve`, whose own routes and middlewares stand behind the same guard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import fault
from tests.http.test_keys import ADMIN, IMAGE, PUBLIC, Locked, ask, locking, operations

# BentoML has routes for some; nobody may find out for which.
OWN = ("/schema.json", "/docs.json", "/metrics", "/static_content/x", "/nowhere", "/predict/")


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    with locking(tmp_path_factory.mktemp("keys"), "service.app:Rosenblatt") as found:
        yield found


@pytest.mark.parametrize("key", [None, "wrong"])
@fault("keys")
def test_every_route_but_the_public_ones_needs_a_key(locked: Locked, key: str | None) -> None:
    with locked.client(key) as client:
        answers = {(m, p): ask(client, m, p).status_code for m, p in operations(locked)}
        assert {route for route, status in answers.items() if status != 401} == PUBLIC
        for path in OWN:
            for method in ("GET", "POST", "HEAD", "OPTIONS", "DELETE"):
                assert client.request(method, path).status_code == 401, (method, path)
        for path in ("/livez", "/healthz", "/readyz"):
            assert client.get(path).status_code == 200


@fault("keys")
def test_a_key_opens_all_but_what_changes_the_models(locked: Locked) -> None:
    with locked.client(locked.key) as client:
        for method, path in operations(locked):
            answer = ask(client, method, path)
            assert (answer.status_code == 403) == (path in ADMIN), path
            assert answer.status_code != 401, path
        for path in ("/schema.json", "/docs.json", "/metrics"):
            assert client.get(path).status_code == 200
        assert client.post("/predict", json=IMAGE).status_code == 200
    with locked.client(locked.admin) as client:  # `bentoml serve` cannot load models
        assert client.post("/v2/repository/models/beta/load").status_code == 501
