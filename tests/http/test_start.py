"""Settings that cannot be fulfilled end the process at once, with one line."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence

import pytest

from tests.conftest import ROOT
from tests.faults import fault
from tests.server import Server, free_port, serve

OURS = ("service.serve",)
BENTOMLS = ("bentoml", "serve", "service.app:Rosenblatt")


def refused(module: Sequence[str], port: str, **variables: str) -> str:
    """The one line of a server that does not start."""
    done = subprocess.run(
        [sys.executable, "-m", *module, "--host", "127.0.0.1", "--port", port],
        cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("module", [OURS, BENTOMLS], ids=["ours", "BentoML's"])
@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("ROSENBLATT_MODELS_DIR", "/nowhere", "the model repository /nowhere is not a directory"),
        ("ROSENBLATT_MAX_ROWS", "0", "ROSENBLATT_MAX_ROWS is '0'"),
        ("ROSENBLATT_PROVIDER", "tpu", "ROSENBLATT_PROVIDER is 'tpu'"),
    ],
)
@fault("wrong-start")
def test_it_refuses_to_start(
    module: Sequence[str], variable: str, value: str, message: str
) -> None:
    line = refused(module, str(free_port()), **{variable: value})
    assert line.startswith(f"rosenblatt cannot start: {message}")


def test_bentomls_traces_see_every_route() -> None:
    """Tracing is BentoML's middleware: where it is wanted, the routes stand behind it."""
    with serve(ROSENBLATT_TRACING="true") as server, server.client() as client:
        assert client.get("/models").status_code == 200
        bad = client.post("/predict", json={"instances": []})
        assert (bad.status_code, bad.json()["error"]) == (
            422,
            "instances is empty; send at least one row",
        )
        assert client.get("/nowhere").json()["error"].startswith("there is no route")
        metrics = client.get("/metrics").text
        assert 'rosenblatt_http_seconds_count{method="GET",route="/models",status="200"}' in metrics


def test_paths_that_nobody_routes_leave_no_label(server: Server) -> None:
    """Otherwise a scanner could fill the memory of BentoML's metrics."""
    with server.client() as client:
        for path in ("/nowhere/1", "/nowhere/2", "/models/none"):
            assert client.get(path).status_code == 404
        metrics = client.get("/metrics").text
    assert "nowhere" not in metrics
    assert 'route="/models/{name}",status="404"' in metrics


@pytest.mark.parametrize(
    ("port", "message"), [("taken", "cannot be listened on"), ("65536", "1 to 65535")]
)
@fault("wrong-start")
def test_a_port_that_cannot_be_had_is_said_in_one_line(
    server: Server, port: str, message: str
) -> None:
    line = refused(OURS, server.url.rpartition(":")[2] if port == "taken" else port)
    assert line.startswith("rosenblatt cannot start: ")
    assert message in line


def test_the_index_lists_every_route_and_no_other_host(server: Server) -> None:
    with server.client() as client:
        index = client.get("/")
        assert "http" not in index.text
        listed = index.json()["routes"]
        assert {"/predict", "/guide/rules/{id}", "/metrics"} <= {r["path"] for r in listed}
        assert all(route["summary"] for route in listed)
        for route in listed:
            if route["method"] == "GET" and "{" not in route["path"]:
                assert client.get(route["path"]).status_code == 200
        assert client.get("/predict/").status_code == 404


@pytest.mark.parametrize("size", [5 * 2**20, 40 * 2**20])
@fault("large-body")
def test_a_client_that_sends_too_much_sees_the_answer(server: Server, size: int) -> None:
    """urllib sends the whole body before it reads: a closed connection would hide the 413."""
    request = urllib.request.Request(
        f"{server.url}/predict", b"a" * size, {"content-type": "application/json"}
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=30)
    assert caught.value.code == 413
    caught.value.close()
