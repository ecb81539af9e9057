"""No answer tells where on the server its files are: every route, and the errors of each."""

from __future__ import annotations

import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conftest import MODELS, ROOT
from tests.faults import fault
from tests.repositories import table_model, tiny_model
from tests.server import Server, serve

IMAGE = [[0] * 28] * 28
NAMES = ("digits-cnn", "loans", "cut", "none")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models that serve, one of them with layers and explanations, and refused ones."""
    models = tmp_path_factory.mktemp("repository")
    shutil.copytree(MODELS / "digits-cnn", models / "digits-cnn")
    table_model(models, "loans")
    for name in ("cut", "gone", "unreadable"):
        tiny_model(models, name)
    (models / "cut/1/model.onnx").write_bytes(b"cut")
    (models / "gone/1/golden.npz").unlink()
    (models / "unreadable/1/manifest.json").write_text("{")
    (models / "stray/latest").mkdir(parents=True)
    return models


@pytest.fixture(scope="module")
def server(repository: Path) -> Iterator[Server]:
    with serve(ROSENBLATT_MODELS_DIR=str(repository)) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def secrets(server: Server, repository: Path) -> list[str]:
    """The folders of the sources, the repository, Python, its packages, temporary files, home."""
    home = str(Path.home())
    folders = {
        str(ROOT), str(repository), sys.prefix, sys.base_prefix, str(server.log.parent),
        str(Path(psutil.__file__).parent.parent), tempfile.gettempdir(), home,
    }  # fmt: skip
    return [f"{folder}/" for folder in folders if folder != "/"] + [str(ROOT), str(repository)]


def check(answer: httpx.Response, secrets: list[str]) -> None:
    shown = answer.text + "\n".join(f"{k}: {v}" for k, v in answer.headers.items())
    for secret in secrets:
        assert secret not in shown, (answer.request.url, secret)


def routes(client: httpx.Client) -> Iterator[tuple[str, str]]:
    """Method and path of every operation, with each name in the place of a parameter."""
    own = [("get", path) for path in ("/docs.json", "/schema.json", "/metrics", "/livez", "/")]
    yield from own
    for path, item in client.get("/openapi.json").json()["paths"].items():
        for method in item:
            for name in NAMES:
                filled = path.replace("{name}", name).replace("{version}", "1")
                yield method, re.sub(r"{\w+}", "R1", filled)


@fault("paths")
def test_no_answer_of_a_get_has_one(client: httpx.Client, secrets: list[str]) -> None:
    found = {(method, path) for method, path in routes(client) if method == "get"}
    assert len(found) > 40
    for _, path in sorted(found):
        check(client.get(path), secrets)
        check(client.request("PATCH", path), secrets)


@fault("paths")
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"instances": []}', b'{"model": "cut", "instances": [1]}', b"\xff",
     b'{"model": "none", "instances": [1]}', b'{"instances": ["AAAA"]}', b'{"inputs": [{}]}'],
)  # fmt: skip
def test_no_error_of_a_post_has_one(client: httpx.Client, secrets: list[str], body: bytes) -> None:
    posts = {p for method, p in routes(client) if method == "post" and not p.endswith("load")}
    assert len(posts) > 10
    for path in sorted(posts):
        for content_type in ("application/json", "image/png", "multipart/form-data; boundary=b"):
            check(client.post(path, content=body, headers={"content-type": content_type}), secrets)


@fault("paths")
def test_no_refusal_or_damaged_explanation_has_one(
    client: httpx.Client, repository: Path, secrets: list[str]
) -> None:
    """Graphs beside a model are read when they are first asked for."""
    for path in (repository / "digits-cnn/1").glob("*.onnx"):
        if path.name != "model.onnx":
            path.write_bytes(b"damaged")
    statuses = set()
    for verb in ("/explain", "/layers"):
        answer = client.post(verb, json={"model": "digits-cnn", "instances": [IMAGE]})
        statuses.add(answer.status_code)
        check(answer, secrets)
    assert statuses == {503}
    ready = client.get("/readyz")
    assert {one["name"] for one in ready.json()["refused"]} == {
        "cut", "gone", "unreadable", "stray",
    }  # fmt: skip
    check(ready, secrets)


@fault("paths")
def test_a_missing_repository_is_reported_without_its_path(
    server: Server, client: httpx.Client, repository: Path, secrets: list[str]
) -> None:
    away = repository.with_name("away")
    repository.rename(away)
    try:
        load = client.post("/v2/repository/models/loans/load")
        assert load.status_code == 409
        assert "the model repository is not a directory" in load.json()["error"]
        check(load, secrets)
        psutil.Process(server.pid).send_signal(signal.SIGHUP)
        until = time.monotonic() + 60
        while "reload" not in (ready := client.get("/readyz")).json() and time.monotonic() < until:
            time.sleep(0.1)
        assert "the model repository is not a directory" in ready.json()["reload"]
        check(ready, secrets)
    finally:
        away.rename(repository)
