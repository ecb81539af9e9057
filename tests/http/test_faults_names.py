"""Model names that are paths, encoded, endless or broken: unknown, whatever the disk has."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT
from tests.faults import fault
from tests.http.inotify import Opened
from tests.repositories import tiny_model, tiny_repository
from tests.server import Server, serve

IMAGE = [[0] * 28] * 28
# Beside the repository, a model that would serve if a name could lead there.
NAMES = {
    "up": "../outside/secret",
    "up from a model": "alpha/../../outside/secret",
    "dot": ".",
    "dots": "..",
    "backslashes": "..\\outside\\secret",
    "absolute": "/etc/passwd",
    "encoded": "%2e%2e%2foutside%2fsecret",
    "encoded twice": "%252e%252e%252foutside%252fsecret",
    "overlong UTF-8": "%c0%ae%c0%ae/outside/secret",
    "NUL": "alpha\0",
    "NUL before": "\0alpha",
    "newline": "alpha\n",
    "carriage return": "alpha\r\nx: y",
    "10,000 characters": "a" * 10_000,
    "hidden": ".staging-1",
    "trailing dot": "alpha.",
    "other case": "ALPHA",
    "space": " alpha",
    "tilde": "~root",
    "wide dots": "\uff0e\uff0e/outside/secret",
    "not a character": "alpha\ufffe",
    "empty": "",
}
# A value of each named part of a path, where another part is the wrong one.
SOUND = {"name": "alpha", "version": "1", "layer": "conv1", "channel": "0"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("disk")
    tiny_repository(folder / "models")
    tiny_model(folder / "outside", "secret")
    shutil.copytree(folder / "outside/secret", folder / "models/.staging-1")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    settings: dict[str, Any] = {
        "ROSENBLATT_MODELS_DIR": str(folder / "models"), "ROSENBLATT_DEFAULT_MODEL": "alpha",
    }  # fmt: skip
    with serve(**settings) as running:
        yield running


@pytest.fixture
def untouched(folder: Path) -> Iterator[None]:
    """No file of the models that no name may lead to is opened."""
    watched = [
        Opened(folder / at)
        for at in ("outside/secret/1/manifest.json", "models/.staging-1/1/manifest.json")
    ]
    yield
    for each in watched:
        assert not each.any()
        each.close()


def check(answer: httpx.Response, status: int = 404) -> None:
    assert answer.status_code == status, answer.text
    assert set(answer.json()) <= {"error", "detail"}
    assert len(answer.text) < 1000
    assert str(ROOT) not in answer.text


@fault("model-names")
@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_a_body_is_unknown(client: httpx.Client, name: str) -> None:
    for route in ("/predict", "/explain", "/layers"):
        for field in ("model", "version"):
            body = {field: NAMES[name], "instances": [IMAGE]}
            check(client.post(route, json=body))
    fields = {"model": NAMES[name]}
    if "\0" not in NAMES[name] and "\n" not in NAMES[name]:
        check(client.post("/predict", params=fields, content=b"\x89PNG\r\n\x1a\n",
              headers={"content-type": "image/png"}))  # fmt: skip
    check(client.post("/predict", data=fields, files={"file": b"x"}))


@fault("model-names")
@pytest.mark.parametrize("value", [1, 1.5, True, [], ["alpha"], {}, {"name": "alpha"}])
@pytest.mark.parametrize("field", ["model", "version"])
def test_a_name_of_another_type_is_invalid(client: httpx.Client, field: str, value: Any) -> None:
    for route in ("/predict", "/explain", "/layers"):
        answer = client.post(route, json={field: value, "instances": [IMAGE]})
        check(answer, 422)
        assert answer.json()["detail"][0]["loc"] == [field]


@pytest.fixture(scope="module")
def paths(client: httpx.Client) -> list[tuple[str, str]]:
    """Every method and path with the name or version of a model, that part left as {}."""
    document = client.get("/openapi.json").json()
    found = []
    for path, item in document["paths"].items():
        for part in ("name", "version"):
            if f"{{{part}}}" in path:
                others = {**SOUND, part: "{}"}
                found += [(method.upper(), path.format(**others)) for method in item]
    return found


def test_the_paths_with_a_model_are_known(paths: list[tuple[str, str]]) -> None:
    assert len(paths) >= 15
    assert ("GET", "/models/{}/drift") in paths
    assert ("POST", "/v2/models/alpha/versions/{}/infer") in paths


@fault("model-names")
@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_a_path_is_unknown(
    client: httpx.Client, server: Server, paths: list[tuple[str, str]], name: str
) -> None:
    """Percent-encoded byte by byte, and half of it, as no client's own tidying would leave it."""
    whole = "".join(f"%{byte:02x}" for byte in NAMES[name].encode())
    half = NAMES[name].replace("%", "%25").encode("unicode_escape").decode().replace("\\", "%5c")
    for written in (whole, half):
        if not written or (written == NAMES[name] == "." or written == ".."):
            continue  # a client takes these for the folder itself
        for method, path in paths:
            content = b"{}" if method == "POST" else b""
            raw = httpx.URL(server.url).copy_with(raw_path=path.format(written).encode())
            check(client.request(method, raw, content=content))


@fault("model-names")
def test_the_models_serve_on(client: httpx.Client) -> None:
    assert client.post("/predict", json={"instances": [IMAGE]}).status_code == 200
    assert client.get("/readyz").json()["refused"] == []
