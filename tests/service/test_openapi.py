"""Every answer of every route is in the OpenAPI document, and every documented answer is given.

The client checks each answer against the document; the tests of the routes use it too.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnx
import pytest

from contract.batch import Batch
from contract.seen import CategoryRange
from contract.tensors import Input, Output
from guide.facts import Facts
from service.app import Rosenblatt
from service.errors import ReloadError
from service.http.examples import _value
from service.http.index import BENTOML
from service.http.repository_control import RepositoryControl
from service.http.schema import CompareRequest, PredictRequest
from service.protocol.schema import (
    InferenceRequest,
    RepositoryChangeRequest,
    RepositoryIndexRequest,
)
from service.settings import Settings
from tests.conftest import MODELS
from tests.repositories import tiny_model, tiny_repository, write_model, write_rollout
from tests.service.client import Client
from tests.service.openapi import Answer, Described

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 28, 28), np.uint8)
ONE = {"instances": IMAGES[:1].tolist()}
MANY = {"instances": IMAGES.tolist()}  # decoded on a thread
CSV = b"a,b\n" + b"".join(b"%d,%d\n" % (i, i % 2) for i in range(40))
JSON = {"content-type": "application/json"}
HTML = {"accept": "text/html"}
BINARY = {"content-type": "application/octet-stream", "inference-header-content-length": "0"}
PROFILE = "/recommend/profile"
DRIFT = "/models/{name}/drift"
INFER = ("/v2/models/{name}/infer", "/v2/models/{name}/versions/{version}/infer")
CHANGE = ("/v2/repository/models/{name}/load", "/v2/repository/models/{name}/unload")
JSON_POSTS = (
    "/predict", "/compare", "/explain", "/layers", "/recommend", "/v2/repository/index",
    *INFER, *CHANGE,
)  # fmt: skip
POSTS = (*JSON_POSTS, PROFILE)


def v2(images: Any) -> dict[str, Any]:
    shape = list(images.shape)
    data = images.ravel().tolist()
    return {"inputs": [{"name": "images", "datatype": "UINT8", "shape": shape, "data": data}]}


def at(path: str, name: str = "beta", version: str = "2") -> str:
    return path.replace("{name}", name).replace("{version}", version)


class Supervised(RepositoryControl):
    """A supervisor that loads everything but beta."""

    supported = True

    async def change(self, action: str, model: str) -> None:
        if model == "beta":
            raise ReloadError("beta cannot be loaded")


class Answers:
    """Provokes every answer, and gathers what was seen."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.seen: set[Answer] = set()

    def client(self, control: RepositoryControl | None = None, **settings: Any) -> Client:
        settings = {"models_dir": self.root, "default_model": "beta", **settings}
        client = Client(Settings(**settings), control)
        client.described.seen = self.seen
        return client

    def provoke(self) -> set[Answer]:
        self.successes(self.client())
        self.wrong_requests(self.client(max_body_bytes=1024, profile_max_bytes=1024))
        self.too_late()
        self.too_many()
        self.changes()
        return self.seen

    def successes(self, client: Client) -> None:
        """Each 200."""
        paths = client.request("GET", "/openapi.json").json()["paths"]
        for path, item in paths.items():
            if "get" in item and path not in {o.path for o in BENTOML}:
                client.request("GET", at(path).replace("{id}", "R3").replace("{file}", "page.css"))
        for path in ("/", "/docs", "/web/page.css", "/openapi.json", "/docs.json"):
            client.request("GET", path, headers=HTML)
            client.request("GET", path, headers={**HTML, "if-none-match": "*"})  # 304
        client.request("GET", "/models/alpha/rollout")
        client.request("POST", "/predict", ONE)
        client.request("POST", "/compare", ONE)
        client.request("POST", "/explain", ONE)
        networks = self.client(models_dir=MODELS, default_model="digits-cnn")
        networks.request("POST", "/layers", ONE)
        networks.request("GET", "/models/digits-cnn/layers/conv1/channels/0")
        client.request("POST", "/recommend", {"modalities": ["tabular"], "n_rows": 2000})
        client.request("POST", "/recommend?detail=full", {"modalities": ["graph"], "latency_ms": 5})
        client.request("POST", PROFILE, files={"file": CSV}, data={"target": "b"})
        client.request("POST", "/v2/repository/index")
        for path in INFER:
            client.request("POST", at(path), v2(IMAGES[:2]))
            client.request("POST", at(path), content=IMAGES[:2].tobytes(), headers=BINARY)

    def wrong_requests(self, client: Client) -> None:
        """Each error that a client is to blame for."""
        for path in POSTS:
            client.request("POST", at(path) + "?x=1", content=b"{}")  # 422
            client.request("POST", at(path), headers={"content-type": "text/csv"})  # 415
            client.request("POST", at(path), content=b" " * 300_000)  # 413
        for path in JSON_POSTS:
            client.request("POST", at(path), content=b"{", headers=JSON)  # 400
        client.request("POST", PROFILE, headers={"content-type": "multipart/form-data"})  # 400
        for path in (*INFER, *CHANGE):
            client.request("POST", at(path, "gamma"), {})  # 404
        for path in ("/predict", "/explain", "/layers"):
            client.request("POST", path, {"model": "gamma", "instances": []})  # 404
        client.request("GET", at(DRIFT) + "?x=1")  # 422
        client.request("GET", at(DRIFT) + "?version=2&version=2")  # 400
        for path in client.request("GET", "/openapi.json").json()["paths"]:
            if "{" in path:
                client.request(
                    "GET", at(path, "gamma").replace("{id}", "R9").replace("{file}", "no.js")
                )  # 404

    def refused(self) -> None:
        """Each 503 of models that do not serve: the files of all but alpha are gone."""
        client = self.client()
        for path in ("/readyz", "/v2/health/ready"):
            client.request("GET", path)
        for name, item in client.request("GET", "/openapi.json").json()["paths"].items():
            if name.startswith(("/v2/models/{", "/models/{name}/")) and "get" in item:
                client.request("GET", at(name, version="10"))

    def too_late(self) -> None:
        """408 and 504."""
        client = self.client(timeout_seconds=0.01)
        for path in POSTS:
            client.request("POST", at(path), content=_unfinished())
        client = self.client(timeout_seconds=1e-9, profile_timeout_seconds=1e-9)
        client.request("POST", "/predict", MANY)
        client.request("POST", "/compare", MANY)
        client.request("POST", "/explain", MANY)
        client.request("POST", "/layers", MANY)
        client.request("POST", PROFILE, files={"file": CSV})
        for path in INFER:
            client.request("POST", at(path), v2(IMAGES))

    def changes(self) -> None:
        """200, 403, 409 and 501 of a change of what serves."""
        supervised, alone = self.client(Supervised()), self.client()
        for path in CHANGE:
            supervised.request("POST", at(path, "alpha"))
            supervised.request("POST", at(path, "beta"))
            alone.request("POST", at(path, "alpha"))
            alone.request("POST", at(path), headers={"sec-fetch-site": "cross-site"})  # 403

    def too_many(self) -> None:
        """503 where another request is in progress."""
        client = self.client(max_pending_requests=1)
        for path, answer in asyncio.run(_beside_another(client)).items():
            client.described.check("POST", path, answer)


async def _unfinished() -> AsyncIterator[bytes]:
    """A body that does not arrive."""
    yield b"{"
    await asyncio.Future()


async def _beside_another(client: Client) -> dict[str, httpx.Response]:
    """What each POST is answered while another request's body is awaited."""
    awaited = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        awaited.set()
        yield await asyncio.Future()

    async with client.connect() as http:
        other = asyncio.ensure_future(http.post("/recommend", content=body()))
        await awaited.wait()
        answers = {at(path): await http.post(at(path), content=b"{}") for path in POSTS}
        other.cancel()
        await asyncio.wait([other])
    return answers


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[Answer], Described]:
    """The answers that were given, and the document that they are held against."""
    root = tiny_repository(tmp_path_factory.mktemp("models"))
    tiny_model(root, "alpha", "2", seed=4)
    write_rollout(root, "alpha")
    answers = Answers(root)
    answers.provoke()
    described = answers.client().described
    (root / "beta/10/model.onnx").unlink()
    answers.refused()
    return answers.seen, described


def test_every_documented_answer_is_given(seen: tuple[set[Answer], Described]) -> None:
    """But 500, which nothing may provoke, and what BentoML answers."""
    given, described = seen
    bentoml = {operation.path for operation in BENTOML}
    expected = {a for a in described.answers if a[2] != 500 and a[1] not in bentoml}
    assert sorted(expected - given) == []
    assert sorted(given - expected) == []


def sum_of_columns(root: Path) -> Path:
    """A regression over two columns of a table."""
    float_type, integer = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("Cast", ["hours"], ["floats"], to=float_type),
            onnx.helper.make_node("Add", ["age", "floats"], ["sum"]),
        ],
        "sum",
        [
            onnx.helper.make_tensor_value_info("age", float_type, ["n"]),
            onnx.helper.make_tensor_value_info("hours", integer, ["n"]),
        ],
        [onnx.helper.make_tensor_value_info("sum", float_type, ["n"])],
    )
    opset = onnx.helper.make_opsetid("", 20)
    model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=9)
    write_model(
        root,
        "sums",
        model.SerializeToString(),
        (
            Input(name="age", datatype="FP32", shape=(-1,), content="number", columns=("age",)),
            Input(
                name="hours", datatype="INT64", shape=(-1,), content="number", columns=("hours",)
            ),
        ),
        (Output(name="sum", datatype="FP32", shape=(-1,), role="value"),),
        Batch({"age": np.array([1.5, 2], np.float32), "hours": np.array([3, 4])}),
        task="regression",
        labels=(),
    )
    return root


@pytest.mark.parametrize("model", ["alpha", "sums"])
def test_the_examples_are_answered(model: str, repository: Path) -> None:
    """An image model and a table; the client holds their answers against the document."""
    client = Client(Settings(models_dir=sum_of_columns(repository), default_model=model))
    document = client.request("GET", "/openapi.json").json()
    for path in ("/predict", "/compare", "/explain", *INFER):
        operation = document["paths"][path]["post"]
        (example,) = operation["requestBody"]["content"]["application/json"]["schema"]["examples"]
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                (value,) = parameter["schema"]["examples"]
                path = path.replace(f"{{{parameter['name']}}}", value)
        answer = client.request("POST", path, example)
        assert answer.status_code == 200, answer.text


def test_a_category_that_training_never_saw_has_an_empty_example() -> None:
    """As where all values of a column are in test rows: the service starts all the same."""
    seen = CategoryRange(content="category", categories=(), missing=1.0)
    town = Input(
        name="town", datatype="BYTES", shape=(-1,), content="category", columns=("town",),
        seen=(seen,),
    )  # fmt: skip
    assert _value(town, 0) == ""


def test_a_model_that_does_not_serve_has_no_example(tmp_path: Path) -> None:
    client = Client(Settings(models_dir=tmp_path))
    body = client.request("GET", "/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]
    assert "examples" not in body["content"]["application/json"]["schema"]
    assert client.request("POST", "/predict", ONE).status_code == 503
    assert client.request("GET", "/readyz").status_code == 503


@pytest.mark.parametrize(
    ("path", "request_type"),
    [
        ("/predict", PredictRequest),
        ("/compare", CompareRequest),
        ("/recommend", Facts),
        ("/v2/models/alpha/infer", InferenceRequest),
        ("/v2/repository/index", RepositoryIndexRequest),
        ("/v2/repository/models/alpha/load", RepositoryChangeRequest),
    ],
)
def test_the_fields_of_a_request_are_those_that_are_read(
    path: str, request_type: Any, repository: Path
) -> None:
    client = Client(Settings(models_dir=repository, default_model="beta"))
    error = client.request("POST", path, {"zzz": 1}).json()["error"]
    read = re.split(r"; the (?:fields|facts) are ", error)[1].split(", ")
    assert sorted(read) == sorted(request_type.__annotations__)


def test_the_routes_of_bentoml_are_documented(repository: Path) -> None:
    """Except the files of a page that the product replaces."""
    client = Client(Settings(models_dir=repository, default_model="beta"))
    bentomls = {route.path for route in Rosenblatt.to_asgi().app.app.routes}  # type: ignore[attr-defined]
    documented = {path for _, path, _ in client.described.answers}
    assert bentomls - documented == {"/static_content"}
