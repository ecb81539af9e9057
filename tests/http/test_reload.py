"""Models are loaded and unloaded while the server serves; Triton's own client asks for it."""

from __future__ import annotations

import os
import signal
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from service.api_keys import new_key
from tests.faults import fault
from tests.http.load import load
from tests.http.reloads import reload, served, until
from tests.repositories import tiny_model, tiny_repository
from tests.server import Server


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_repository(tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="module")
def server(models: Path) -> Iterator[Server]:
    with served(models, workers=2) as found:
        yield found


@pytest.fixture
def client(server: Server) -> Iterator[Any]:
    client = triton.InferenceServerClient(
        server.url.removeprefix("http://"), network_timeout=120, connection_timeout=120
    )
    yield client
    client.close()


def states(client: Any) -> dict[tuple[str, str], str]:
    index = client.get_model_repository_index()
    return {(entry["name"], entry["version"]): entry["state"] for entry in index}


def refused(call: Callable[[], None]) -> tuple[str, str]:
    """Status and sentence of an error."""
    with pytest.raises(InferenceServerException) as caught:
        call()
    return caught.value.status(), caught.value.message()


def pids(server: Server) -> set[int]:
    """Of the two workers; one that was replaced may still have its client to answer."""
    until(lambda: len(server.workers()) == 2)
    return {worker.pid for worker in server.workers()}


def ready(server: Server) -> Any:
    return httpx.get(f"{server.url}/readyz", timeout=30).json()


def test_the_extension_is_listed(client: Any) -> None:
    assert "model_repository" in client.get_server_metadata()["extensions"]


@fault("new-version")
def test_a_new_version_is_loaded_in_every_worker(client: Any, server: Server, models: Path) -> None:
    before = pids(server)
    tiny_model(models, "alpha", "2", seed=7)
    client.load_model("alpha")
    for _ in range(10):
        assert httpx.get(f"{server.url}/v2/models/alpha").json()["versions"] == ["1", "2"]
    assert states(client)["alpha", "2"] == "READY"
    assert not before & pids(server)


def test_a_model_is_unloaded_until_it_is_loaded_again(client: Any, server: Server) -> None:
    client.unload_model("beta")
    for _ in range(10):
        answer = httpx.get(f"{server.url}/v2/models/beta/ready")
        assert answer.status_code == 503
        assert answer.json()["error"].startswith("model 'beta' is unloaded; POST /v2/repository/")
    assert states(client)["beta", "10"] == "UNAVAILABLE"
    assert not client.is_model_ready("beta")
    assert client.is_server_ready()
    assert ready(server)["state"] == "ready"
    metrics = httpx.get(f"{server.url}/metrics").text
    assert 'rosenblatt_model_ready{model="alpha",version="1"} 1.0' in metrics
    until(lambda: 'rosenblatt_model_ready{model="beta"' not in metrics_of(server))
    client.unload_model("beta")  # no error: it is unloaded already
    client.load_model("beta")
    assert client.is_model_ready("beta")
    assert states(client)["beta", "10"] == "READY"


def metrics_of(server: Server) -> str:
    return httpx.get(f"{server.url}/metrics").text


@fault("new-version")
def test_a_bad_version_keeps_the_old_serving_and_says_why(
    client: Any, server: Server, models: Path
) -> None:
    before = pids(server)
    graph = tiny_model(models, "alpha", "3", seed=8) / "model.onnx"
    whole = graph.read_bytes()
    graph.write_bytes(whole[:-1])
    status, why = refused(lambda: client.load_model("alpha"))
    assert status == "409"
    assert why.startswith("model 'alpha' version 3 was refused: alpha/3/model.onnx holds")
    assert pids(server) == before
    assert f"versions before serve on: {why}" in server.log.read_text()
    for _ in range(10):
        document = ready(server)
        assert (document["state"], document["reload"]) == ("degraded", why)
        (entry,) = document["refused"]
        assert (entry["name"], entry["version"]) == ("alpha", "3")
        assert entry["reason"] in why
    assert states(client)["alpha", "3"] == "UNAVAILABLE"
    assert client.get_model_metadata("alpha")["versions"] == ["1", "2"]
    assert client.is_model_ready("alpha")

    # A worker that dies meanwhile is replaced by one that serves the same.
    killed = server.workers()[0]
    killed.kill()
    killed.wait()
    until(lambda: len(server.workers()) == 2)
    until(lambda: "died; another is started" in server.log.read_text())
    for _ in range(30):
        answer = httpx.get(f"{server.url}/v2/models/alpha")
        assert (answer.status_code, answer.json()["versions"]) == (200, ["1", "2"])

    graph.write_bytes(whole)
    client.load_model("alpha")
    assert states(client)["alpha", "3"] == "READY"
    assert ready(server) == ready(server) | {"state": "ready", "refused": []}
    assert "reload" not in ready(server)


def test_other_changes_that_are_not_made(client: Any, server: Server) -> None:
    assert refused(lambda: client.load_model("svm")) == (
        "404",
        'model "svm" is not in the repository; it has alpha, beta',
    )
    assert refused(lambda: client.unload_model("svm"))[0] == "404"
    status, why = refused(lambda: client.load_model("alpha", config="{}"))
    assert (status, why.split(";")[0]) == ("422", 'parameter "config" is not supported')
    url = f"{server.url}/v2/repository/models/alpha/load"
    for body, status_code in [
        ("[]", 400),
        ("{", 400),
        ('{"x": 1}', 422),
        ('{"parameters": 1}', 422),
    ]:
        answer = httpx.post(url, content=body)
        assert (answer.status_code, list(answer.json())) == (status_code, ["error"])


def test_a_reload_that_would_lose_the_default_model_is_given_up(
    client: Any, server: Server, models: Path
) -> None:
    aside = models.parent / "aside"
    (models / "alpha").rename(aside)
    status, why = refused(lambda: client.load_model("beta"))
    assert (status, why.split(";")[0]) == ("409", "the default model would no longer serve")
    aside.rename(models / "alpha")
    assert client.is_model_ready("alpha")
    client.load_model("beta")


def test_counts_go_on_in_as_many_files(server: Server) -> None:
    """Those of workers that were replaced are not lost, and there are not ever more."""
    seats = {path.name for path in server.counts().glob("alpha/1/*")}
    assert len(seats) <= 4
    with load(server) as clients:
        until(lambda: clients.answered > 20)
    assert not clients.failures
    url = f"{server.url}/v2/models/alpha/versions/3/stats"
    before = httpx.get(url).json()["model_stats"][0]["inference_count"]
    assert before >= clients.answered
    log = len(server.log.read_text())
    os.kill(server.pid, signal.SIGHUP)
    until(lambda: "reload: done" in server.log.read_text()[log:])
    assert httpx.get(url).json()["model_stats"][0]["inference_count"] == before


@pytest.mark.thorough
@fault("new-version")
def test_the_folder_is_followed(tmp_path: Path) -> None:
    models = tiny_repository(tmp_path / "models")
    with served(models, ROSENBLATT_REPOSITORY_POLL_SECONDS="0.2") as server:
        tiny_model(models, "gamma")
        until(lambda: httpx.get(f"{server.url}/v2/models/gamma/ready").status_code == 200)
        graph = tiny_model(models, "gamma", "2", seed=4) / "model.onnx"
        graph.write_bytes(b"no graph")
        until(lambda: ready(server)["state"] == "degraded")
        assert "gamma" in ready(server)["reload"]
        assert httpx.get(f"{server.url}/v2/models/gamma").json()["versions"] == ["1"]
        graph.unlink()
        (graph.parent / "golden.npz").unlink()
        (graph.parent / "manifest.json").unlink()
        graph.parent.rmdir()
        until(lambda: ready(server)["state"] == "ready")


def sighup(server: Server, outcome: str) -> str:
    """Have the repository loaded anew; the log from then on, once it says what came of it."""
    before = len(server.log.read_text())
    os.kill(server.pid, signal.SIGHUP)
    until(lambda: outcome in server.log.read_text()[before:])
    return server.log.read_text()[before:]


@pytest.mark.thorough
@fault("new-version")
def test_a_signal_loads_a_good_version_and_leaves_a_broken_one_out(tmp_path: Path) -> None:
    """In every worker, without a lost request."""
    models = tiny_repository(tmp_path / "models")
    with served(models, workers=2) as server, load(server) as clients:
        before = pids(server)
        tiny_model(models, "alpha", "2", seed=7)
        sighup(server, "reload: done")
        after = pids(server)
        assert not before & after
        until(lambda: "2" in clients.versions)
        (tiny_model(models, "alpha", "3", seed=8) / "model.onnx").write_bytes(b"no graph")
        log = sighup(server, "reload was given up, and the versions before serve on")
        assert "model 'alpha' version 3 was refused" in log
        assert pids(server) == after
        assert ready(server)["state"] == "degraded"
        assert httpx.get(f"{server.url}/v2/models/alpha").json()["versions"] == ["1", "2"]
    assert clients.failures == []
    assert clients.versions == {"1", "2"}


@pytest.mark.thorough
@fault("new-version", "keys")
def test_keys_change_though_a_broken_version_keeps_the_workers(tmp_path: Path) -> None:
    """A revoked key must not stay in force because of a model."""
    models, file = tiny_repository(tmp_path / "models"), tmp_path / "keys"
    (old, old_entry), (new, new_entry) = new_key(), new_key()
    file.write_text(old_entry)
    with served(models, workers=2, ROSENBLATT_API_KEYS_FILE=str(file)) as server:
        before = pids(server)
        assert statuses(server, old, new) == [{200}, {401}]
        (tiny_model(models, "alpha", "2", seed=8) / "model.onnx").write_bytes(b"no graph")
        file.write_text(new_entry)
        sighup(server, "API keys were read anew")
        until(lambda: statuses(server, old, new) == [{401}, {200}])
        assert pids(server) == before
        file.write_text("not an entry")
        sighup(server, "the API keys are unchanged: ROSENBLATT_API_KEYS_FILE, line 1,")
        assert statuses(server, old, new) == [{401}, {200}]


def statuses(server: Server, *keys: str) -> list[set[int]]:
    """The answers to each key on several connections, so that both workers are asked."""
    url = f"{server.url}/models"
    return [
        {httpx.get(url, headers={"authorization": f"Bearer {key}"}).status_code for _ in range(20)}
        for key in keys
    ]


@pytest.mark.thorough
def test_one_worker_is_replaced_under_load(tmp_path: Path) -> None:
    models = tiny_repository(tmp_path / "models")
    with served(models) as server, server.client() as client, load(server) as clients:
        for version in range(2, 6):
            tiny_model(models, "alpha", str(version), seed=version)
            reload(server, client)
            answered = clients.answered
            until(lambda: clients.answered > answered + 20)  # noqa: B023 - called at once
    assert clients.failures == []
    assert clients.versions == {"1", "2", "3", "4", "5"}


@pytest.mark.slow
def test_200_reloads_under_load_lose_no_request_and_no_memory(tmp_path: Path) -> None:
    models = tiny_repository(tmp_path / "models")
    worker, supervisor, files = [], [], []
    with served(models) as server, server.client() as client, load(server, clients=2) as clients:
        process = psutil.Process(server.pid)
        for _ in range(200):
            reload(server, client)
            worker.append(server.worker().memory_info().rss)
            supervisor.append(process.memory_info().rss)
            files.append(process.num_fds())
        counts = len(list(server.counts().glob("alpha/1/*")))
    assert clients.failures == []
    print(  # noqa: T201
        f"{clients.answered} answered; worker {worker[0] / 1e6:.0f} to {worker[-1] / 1e6:.0f} MB, "
        f"supervisor {supervisor[0] / 1e6:.1f} to {supervisor[-1] / 1e6:.1f} MB"
    )
    # The one that serves, the one that takes its place, and one that has ended a moment ago.
    assert counts <= 3
    assert max(files[100:]) <= max(files[:100])
    for held in (worker, supervisor):
        assert statistics.median(held[150:]) < 1.03 * statistics.median(held[10:60])
