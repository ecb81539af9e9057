"""API keys over HTTP: every route needs one but those that are declared public."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import bentoml
import httpx
import pytest
from tritonclient.http import InferenceServerClient

from service.api_keys import new_key
from tests.conftest import ROOT
from tests.faults import fault
from tests.repositories import tiny_repository
from tests.server import Server, free_port, serve

PUBLIC = {
    ("GET", "/"), ("GET", "/docs"), ("GET", "/web/{file}"), ("GET", "/livez"), ("GET", "/healthz"),
    ("GET", "/readyz"), ("GET", "/v2/health/live"), ("GET", "/v2/health/ready"),
}  # fmt: skip
ADMIN = {f"/v2/repository/models/{{name}}/{action}" for action in ("load", "unload")}
IMAGE = {"instances": [[[0] * 28] * 28]}


class Locked(NamedTuple):
    """A server with keys."""

    server: Server
    key: str
    admin: str
    file: Path

    def client(self, key: str | None) -> httpx.Client:
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.server.url, timeout=60, headers=headers)


@contextmanager
def locking(folder: Path, target: str | None = None) -> Iterator[Locked]:
    """A server with a key of each kind; with a `target`, of `bentoml serve`."""
    (key, entry), (admin, admin_entry) = new_key(), new_key(admin=True)
    file = folder / "keys"
    file.write_text(admin_entry)
    wanted: dict[str, Any] = {
        "ROSENBLATT_MODELS_DIR": str(tiny_repository(folder / "models")),
        "ROSENBLATT_DEFAULT_MODEL": "alpha",
        "ROSENBLATT_API_KEYS": entry,
        "ROSENBLATT_API_KEYS_FILE": str(file),
        "ROSENBLATT_ACCESS_LOG": "true",
    }
    with serve(target, **wanted) as server:
        yield Locked(server, key, admin, file)


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    with locking(tmp_path_factory.mktemp("keys")) as found:
        yield found


def operations(locked: Locked) -> list[tuple[str, str]]:
    """Every method of every path, from the list that the service gives of itself."""
    with locked.client(None) as client:
        return [(r["method"], r["path"]) for r in client.get("/").json()["routes"]]


def ask(client: httpx.Client, method: str, path: str) -> httpx.Response:
    for name, value in {"name": "alpha", "version": "1", "id": "R3", "file": "page.css"}.items():
        path = path.replace(f"{{{name}}}", value)
    return client.request(method, path, content=b"{}" if method == "POST" else None)


@pytest.mark.parametrize("key", [None, "wrong"])
@fault("keys")
def test_every_route_but_the_public_ones_needs_a_key(locked: Locked, key: str | None) -> None:
    seen = set()
    with locked.client(key) as client:
        for method, path in operations(locked):
            answer = ask(client, method, path)
            if answer.status_code == 401:
                assert set(answer.json()) == {"error"}
            else:
                seen.add((method, path))
        assert seen == PUBLIC
        # Nor can paths be probed, of BentoML's or of nobody's, nor other methods.
        for path in ("/nowhere", "/schema.json", "/docs.json", "/static_content/x", "/predict/"):
            assert client.get(path).status_code == 401
        assert client.delete("/models").status_code == 401
        assert client.options("/predict").status_code == 401


@fault("keys")
def test_a_key_opens_all_but_what_changes_the_models(locked: Locked) -> None:
    with locked.client(locked.key) as client:
        for method, path in operations(locked):
            answer = ask(client, method, path)
            assert (answer.status_code == 403) == (path in ADMIN), path
            assert answer.status_code != 401
        assert client.post("/predict", json=IMAGE).status_code == 200
    with locked.client(locked.admin) as client:
        assert client.post("/v2/repository/models/beta/load").status_code == 200


def test_the_document_tells_of_keys(locked: Locked) -> None:
    with locked.client(locked.key) as client:
        document = client.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
    for path, item in document["paths"].items():
        for method, operation in item.items():
            public = (method.upper(), path) in PUBLIC
            assert (operation["security"] == []) == public, path
            assert ("401" in operation["responses"]) == (not public)
            # Elsewhere 403 is the answer to pages of other origins alone.
            assert ("$ref" not in operation["responses"]["403"]) == (path in ADMIN)


def test_other_peoples_clients_can_send_it(locked: Locked) -> None:
    address = locked.server.url.removeprefix("http://")
    headers = {"authorization": f"Bearer {locked.key}"}
    with InferenceServerClient(address) as client:
        assert client.is_model_ready("alpha", headers=headers)
    with bentoml.SyncHTTPClient(locked.server.url, token=locked.key) as ours:
        assert ours.predict(**IMAGE)["model"] == "alpha"


@pytest.mark.thorough
def test_keys_are_exchanged_by_a_reload(locked: Locked) -> None:
    key, entry = new_key(admin=True)
    before = locked.file.read_text()
    locked.file.write_text(f"{before}\n{entry}\n")
    with locked.client(key) as client:
        assert client.get("/models").status_code == 401
        with locked.client(locked.admin) as old:
            assert old.post("/v2/repository/models/alpha/load").status_code == 200
        assert client.get("/models").status_code == 200
        locked.file.write_text(entry)
        assert client.post("/v2/repository/models/alpha/load").status_code == 200
    with locked.client(locked.admin) as old:
        assert old.get("/models").status_code == 401
        locked.file.write_text(before)
        with locked.client(key) as client:
            assert client.post("/v2/repository/models/alpha/load").status_code == 200


@fault("secrets")
def test_no_key_is_logged_or_answered(locked: Locked) -> None:
    with locked.client(locked.key) as client:
        assert client.get("/models").status_code == 200
    with locked.client("a-wrong-key") as client:
        answer = client.get(f"/models/{locked.key}")
        assert answer.status_code == 401
        assert locked.key not in answer.text
        assert "a-wrong-key" not in answer.text
    log = locked.server.log.read_text()
    for secret in (locked.key, locked.admin, "a-wrong-key"):
        assert secret not in log


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
@fault("keys", "wrong-start")
def test_without_keys_it_does_not_listen_where_strangers_are(host: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service.serve", "--host", host, "--port", str(free_port())],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"rosenblatt cannot start: {host} can be reached from other machines")


@fault("secrets")
def test_a_key_in_place_of_its_entry_is_not_shown() -> None:
    key, _ = new_key()
    done = subprocess.run(
        [sys.executable, "-m", "service.serve", "--port", str(free_port())],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
        env={"PATH": "", "ROSENBLATT_API_KEYS": key},
    )  # fmt: skip
    assert done.returncode == 1
    assert "ROSENBLATT_API_KEYS, entry 1, is not the SHA-256 of a key" in done.stderr
    assert key not in done.stderr + done.stdout


@pytest.mark.parametrize("path", ["/predict", "/v2/models/alpha/infer", "/recommend/profile"])
@fault("keys")
def test_a_body_is_not_waited_for_before_the_key(locked: Locked, path: str) -> None:
    host, _, port = locked.server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        head = f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 5000\r\n\r\n{{"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")
