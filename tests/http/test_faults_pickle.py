"""Pickles on every route, whatever content type they claim: refused, and never loaded."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults import fault
from tests.repositories import tiny_repository
from tests.server import Server, serve

PICKLES = (
    "application/vnd.bentoml+pickle",
    "application/vnd.bentoml.pickle",
    "application/x-pickle",
    "application/python-pickle",
    "application/x-python-serialize",
)
# Others that a pickle may come as; some routes take these, and then refuse what is in them.
OTHERS = ("application/octet-stream", "application/json", "image/png", "text/plain", None)
# BentoML's own, behind the product's.
BENTOMLS = ("/livez", "/healthz", "/metrics", "/schema.json", "/docs.json", "/static_content/x")


class Canary:
    """Whoever unpickles it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.fixture(scope="module", params=["ours", "BentoML's"])
def server(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Started either way; with BentoML's access log the routes stand behind its middlewares."""
    models = tiny_repository(tmp_path_factory.mktemp("models"))
    settings: dict[str, Any] = {
        "ROSENBLATT_MODELS_DIR": str(models), "ROSENBLATT_DEFAULT_MODEL": "alpha",
    }  # fmt: skip
    if request.param == "BentoML's":
        settings["ROSENBLATT_ACCESS_LOG"] = "true"
    with serve(None if request.param == "ours" else "service.app:Rosenblatt", **settings) as found:
        yield found


@pytest.fixture(scope="module")
def paths(server: Server) -> list[str]:
    """Every path that takes a POST by the service's own document, and BentoML's."""
    with server.client() as client:
        documented = client.get("/openapi.json").json()["paths"]
    posts = [
        re.sub(r"{name}", "alpha", path) for path, item in documented.items() if "post" in item
    ]
    posts = [re.sub(r"{version}", "1", path) for path in posts]
    assert len(posts) >= 11
    assert "/v2/models/alpha/infer" in posts
    return [*posts, *BENTOMLS]


@fault("pickle")
@pytest.mark.parametrize("content_type", [*PICKLES, *OTHERS])
def test_no_route_loads_a_pickle(
    server: Server, paths: list[str], tmp_path: Path, content_type: str | None
) -> None:
    body = pickle.dumps({"instances": Canary(tmp_path / "canary")})
    headers = {"content-type": content_type} if content_type else {}
    with server.client() as client:
        for path in paths:
            answer = client.post(path, content=body, headers=headers)
            assert 400 <= answer.status_code < 500, (path, answer.text)
            if content_type in PICKLES and path not in BENTOMLS:
                assert answer.status_code == 415, (path, answer.text)
    assert not (tmp_path / "canary").exists()


@fault("pickle")
def test_no_field_or_file_of_a_form_is_unpickled(
    server: Server, paths: list[str], tmp_path: Path
) -> None:
    body = pickle.dumps(Canary(tmp_path / "canary"))
    with server.client() as client:
        for path in paths:
            for name in ("file", "instances", "facts"):
                file = (f"{name}.pkl", body, PICKLES[0])
                answer = client.post(path, files={name: file})
                assert 400 <= answer.status_code < 500, (path, answer.text)
    assert not (tmp_path / "canary").exists()


@fault("pickle")
@pytest.mark.parametrize("content_type", PICKLES)
def test_get_routes_read_no_body(server: Server, tmp_path: Path, content_type: str) -> None:
    body = pickle.dumps(Canary(tmp_path / "canary"))
    headers = {"content-type": content_type}
    with server.client() as client:
        for path in ("/models", "/readyz", "/metrics", "/docs.json", "/v2", "/guide"):
            answer: httpx.Response = client.request("GET", path, content=body, headers=headers)
            assert answer.status_code == 200
    assert not (tmp_path / "canary").exists()


def test_the_canary_sings_where_it_is_loaded(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Canary(tmp_path / "canary")))
    assert (tmp_path / "canary").exists()
