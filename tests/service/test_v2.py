"""The protocol's routes over tiny models, in process."""

from __future__ import annotations

import asyncio
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import pytest

import service
from contract.batch import Batch
from service.http.kernel.disconnect import ClientDisconnected
from service.http.kernel.messages import Request
from service.http.kernel.threads import Threads
from service.http.repository import RepositoryRoutes
from service.http.repository_control import RepositoryControl
from service.http.v2 import V2
from service.http.verbs import INLINE_BYTES
from service.inference import provider
from service.inference.policy import BatchingPolicy
from service.serving.repository import Models
from service.settings import Settings
from service.verbs.infer import Infer
from tests.conftest import ROOT
from tests.protocol.requests import IMAGES, binary, body, flat, sized
from tests.service.client import Client
from tests.serving.gated import Gated
from tests.serving.loading import serve

HEADER = "inference-header-content-length"


@pytest.fixture
def client(repository: Path) -> Client:
    return Client(Settings(models_dir=repository, default_model="beta"))


@pytest.fixture
def damaged(repository: Path) -> Client:
    (repository / "beta/10/model.onnx").unlink()
    return Client(Settings(models_dir=repository, default_model="beta"))


def infer(
    client: Client,
    content: bytes,
    length: int | str | None = None,
    model: str = "beta",
    content_type: str | None = None,
) -> httpx.Response:
    headers = {} if content_type is None else {"content-type": content_type}
    if length is not None:
        headers[HEADER] = str(length)
    return client.request("POST", f"/v2/models/{model}/infer", content=content, headers=headers)


def test_the_server(client: Client) -> None:
    expected = {
        "name": "rosenblatt",
        "version": tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"],
        "extensions": ["binary_tensor_data", "classification", "statistics"],
    }
    assert expected["version"] == service.__version__
    assert client.request("GET", "/v2").json() == expected
    assert client.request("GET", "/v2/").json() == expected
    assert client.request("GET", "/v2/health/live").json() == {"live": True}
    assert client.request("GET", "/v2/health/ready").json() == {"ready": True}
    assert client.request("GET", "/v2/models").json() == {"models": ["alpha", "beta"]}


def test_a_models_metadata(client: Client) -> None:
    document = client.request("GET", "/v2/models/beta").json()
    assert document == {
        "name": "beta",
        "versions": ["2", "10"],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": "images", "datatype": "UINT8", "shape": [-1, 28, 28]}],
        "outputs": [
            {"name": "label", "datatype": "INT64", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]},
        ],
    }
    assert client.request("GET", "/v2/models/beta/versions/2").json() == document
    ready = client.request("GET", "/v2/models/beta/versions/10/ready")
    assert (ready.status_code, ready.json()) == (200, {"name": "beta", "ready": True})


@pytest.mark.parametrize("part", ["", "/ready", "/stats", "/infer"])
@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("gamma", 'model "gamma" is unknown; choose from alpha, beta'),
        ("beta/versions/3", 'model "beta" has no version "3"; it has 2, 10'),
        ("beta/versions/02", 'model "beta" has no version "02"; it has 2, 10'),
        ("b%C3%A4%22%0A", r'model "b\u00e4\"\n" is unknown; choose from alpha, beta'),
    ],
)
def test_unknown_models(client: Client, part: str, model: str, error: str) -> None:
    method = "POST" if part == "/infer" else "GET"
    answer = client.request(method, f"/v2/models/{model}{part}")
    assert (answer.status_code, answer.json()) == (404, {"error": error})


def test_encoded_names_are_decoded_once(client: Client) -> None:
    assert client.request("GET", "/v2/models/b%65ta/ready").status_code == 200
    assert client.request("GET", "/v2/models/b%2565ta/ready").status_code == 404
    assert client.request("GET", "/v2/models/be%2Fta/ready").status_code == 404


def test_a_refused_model(damaged: Client) -> None:
    for method, path in (
        ("GET", "/v2/health/ready"),
        ("GET", "/v2/models/beta"),
        ("GET", "/v2/models/beta/ready"),
        ("GET", "/v2/models/beta/versions/10/ready"),
        ("GET", "/v2/models/beta/versions/10/stats"),
        ("POST", "/v2/models/beta/infer"),
    ):
        answer = damaged.request(method, path)
        assert answer.status_code == 503
        assert list(answer.json()) == ["error"]
        assert "model 'beta' version 10 was refused at load: " in answer.json()["error"]
    assert damaged.request("GET", "/v2/health/live").status_code == 200
    assert damaged.request("GET", "/v2/models/beta/versions/2/ready").status_code == 200
    stats = damaged.request("GET", "/v2/models/beta/stats").json()["model_stats"]
    assert [found["version"] for found in stats] == ["2"]


def test_the_index(damaged: Client) -> None:
    def index(**sent: Any) -> Any:
        return damaged.request("POST", "/v2/repository/index", **sent).json()

    ready = [
        {"name": "alpha", "version": "1", "state": "READY", "reason": ""},
        {"name": "beta", "version": "2", "state": "READY", "reason": ""},
    ]
    *serving, refused = index()
    assert serving == ready == index(content=b'{"ready": true}')
    assert (refused["version"], refused["state"]) == ("10", "UNAVAILABLE")
    assert "model.onnx cannot be read" in refused["reason"]
    assert len(index(content=b'{"ready": false}')) == 3
    assert index(content=b'{"ready": 1}') == {"error": "ready is 1; it must be true or false"}
    assert "the fields are ready" in index(content=b'{"name": "x"}')["error"]
    assert "the body is not valid JSON" in index(content=b"x")["error"]


@pytest.mark.parametrize("content_type", ["application/json", "application/octet-stream", None])
def test_whatever_the_content_type(client: Client, content_type: str | None) -> None:
    answer = infer(client, body(flat()), content_type=content_type)
    assert answer.headers["content-type"] == "application/json"
    assert HEADER not in answer.headers
    sent = body(sized(), parameters={"binary_data_output": True})
    answer = infer(client, *binary(sent, IMAGES[:1].tobytes()), content_type=content_type)
    assert answer.headers["content-type"] == "application/octet-stream"
    length = int(answer.headers[HEADER])
    assert len(answer.content) == length + 8 + 40
    assert orjson.loads(answer.content[:length])["model_version"] == "10"


def test_other_content_types_and_encodings(client: Client) -> None:
    answer = infer(client, body(flat()), content_type="text/csv")
    assert answer.status_code == 415
    (error,) = answer.json().values()
    assert 'is "text/csv"; send application/json or application/octet-stream, in' in error
    encoded = {"content-encoding": "gzip"}
    answer = client.request("POST", "/v2/models/beta/infer", content=b"x", headers=encoded)
    assert (answer.status_code, list(answer.json())) == (415, ["error"])


@pytest.mark.parametrize("rows", [1, 20, 100])
@pytest.mark.parametrize("form", ["json", "binary", "raw"])
def test_an_answer_is_the_sessions(client: Client, rows: int, form: str) -> None:
    """On the event loop and on a thread."""
    images = np.random.default_rng(rows).integers(0, 256, (rows, 28, 28), np.uint8)
    sent: dict[str, tuple[bytes, int | None]] = {
        "json": (body(flat(rows, data=images.tolist())), None),
        "binary": binary(body(sized(rows)), images.tobytes()),
        "raw": (images.tobytes(), 0),
    }
    content, length = sent[form]
    assert rows < 20 or form != "json" or len(content) > INLINE_BYTES
    answer = infer(client, content, length, "beta/versions/2")
    session = client.models.get("beta", "2").session
    expected = session.predict(Batch({"images": images}))
    if form == "raw":
        label = np.frombuffer(answer.content, np.int64, rows, int(answer.headers[HEADER]))
        assert label.tolist() == expected["label"].tolist()
    else:
        label, probabilities = answer.json()["outputs"]
        assert label["data"] == expected["label"].tolist()
        # A GPU adds in another order for each size of a batch.
        tolerance = 1e-4 if session.provider == provider.CUDA else 1e-6
        np.testing.assert_allclose(
            probabilities["data"], expected["probabilities"].ravel(), atol=tolerance
        )


def test_errors_hold_nothing_but_a_sentence(client: Client) -> None:
    cases: list[tuple[bytes, int | str | None, int]] = [
        (b"", None, 400),
        (body(flat(id=1)), None, 422),
        (body(sized()), "x", 400),
        (b"x" * 100, 0, 422),
        (b" " * 5 * 2**20, None, 413),
        (body(flat(1025, data=[])), None, 413),
    ]
    for content, length, status in cases:
        answer = infer(client, content, length)
        assert (answer.status_code, list(answer.json())) == (status, ["error"])
    answer = client.request("GET", "/v2/models/beta/infer")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_client_that_leaves_while_rows_wait(tmp_path: Path) -> None:
    """Its request is cancelled, is counted as failed and is never run."""
    model = Gated()
    policy = BatchingPolicy(8, 0, 32, 5, row_seconds=1.0)  # worth watching, and on a thread
    served = serve(model, Settings(), policy=policy)
    models = Models("alpha", {"alpha": {1: served}})
    one = Batch({"images": IMAGES[:1]})

    async def leave() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def talk(pool: ThreadPoolExecutor) -> None:
        runs = asyncio.ensure_future(served.infer(one))
        assert await asyncio.to_thread(model.begun.wait, 5)
        repository = RepositoryRoutes(models, RepositoryControl(), Settings(models_dir=tmp_path))
        routes = V2(models, Infer(models.get), Threads(pool, 1), repository).routes()
        handler = next(r.handler for r in routes if r.path == "/v2/models/{name}/infer")
        headers = [(HEADER.encode(), b"0")]
        request = Request(one["images"].tobytes(), {"name": "alpha"}, "", leave, headers)
        with pytest.raises(ClientDisconnected):
            await handler(request)
        model.gate.set()
        await runs

    with ThreadPoolExecutor(1) as pool:
        asyncio.run(talk(pool))
    found = served.statistics.document()
    assert (found["inference_stats"]["fail"]["count"], found["inference_count"]) == (1, 1)
    assert model.sizes == [1]


def test_statistics_count_every_route(client: Client) -> None:
    infer(client, IMAGES.tobytes(), 0)
    infer(client, b"")
    client.request("POST", "/predict", {"instances": IMAGES[:1].tolist()})
    (found,) = client.request("GET", "/v2/models/beta/versions/10/stats").json()["model_stats"]
    assert (found["inference_count"], found["execution_count"]) == (4, 2)
    assert found["inference_stats"]["success"]["count"] == 2
    assert found["inference_stats"]["fail"]["count"] == 0
    assert [batch["batch_size"] for batch in found["batch_stats"]] == [1, 3]
    assert len(client.request("GET", "/v2/models/stats").json()["model_stats"]) == 3
    labels = {"route": "/v2/models/{name}/infer", "method": "POST", "status": "200"}
    assert client.registry.get_sample_value("rosenblatt_http_seconds_count", labels) == 1
