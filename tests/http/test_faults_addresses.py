"""URLs and paths in every field: refused, nothing is fetched and no file is opened."""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.faults import fault
from tests.http.inotify import Opened
from tests.repositories import table_model, tiny_model
from tests.server import Server, serve

IMAGE = [[0] * 28] * 28
LOAN = {"age": 30, "income": 1000, "town": "Oslo"}
Place = tuple[str | int, ...]


def _column(name: str, datatype: str, value: Any) -> dict[str, Any]:
    return {"name": name, "shape": [1, 1], "datatype": datatype, "data": [value]}


INFER = {
    "id": "x",
    "inputs": [
        _column("age", "FP32", 30), _column("income", "FP32", 1), _column("town", "BYTES", "Oslo"),
    ],
    "outputs": [{"name": "approved", "parameters": {"classification": 0}}],
}  # fmt: skip
# A body of each route whose every value is replaced in turn.
BODIES: dict[str, dict[str, Any]] = {
    "/predict": {"model": "loans", "version": "1", "instances": [LOAN], "fit": "resize"},
    "/compare": {"instances": ["x"], "fit": "mnist", "return_fitted": False},
    "/explain": {
        "model": "loans", "version": "1", "instances": [LOAN], "method": "shapley", "target": "yes",
    },
    "/layers": {"model": "digits", "instances": [""], "form": "png", "fit": "mnist"},
    "/recommend": {
        "modalities": ["image"], "task": "classification", "explainability": "none", "n_rows": 100,
        "domain": "other", "budget": "tight", "clean": True, "hardware": "cpu",
    },
    "/v2/models/loans/infer": INFER,
    "/v2/repository/index": {"ready": False},
    "/v2/repository/models/digits/load": {"parameters": {"config": "{}"}},
    "/v2/repository/models/digits/unload": {"parameters": {"file:1/model.onnx": ""}},
}  # fmt: skip
# Where any text is a value as good as another: a category, and a name that the client gives.
FREE: set[tuple[str, Place]] = {
    ("/predict", ("instances", 0, "town")),
    ("/explain", ("instances", 0, "town")),
    ("/v2/models/loans/infer", ("id",)),
    ("/v2/models/loans/infer", ("inputs", 2, "data", 0)),
}


class Bait(NamedTuple):
    """What must not be touched."""

    listener: socket.socket
    file: Path
    opened: Opened

    def addresses(self) -> list[str]:
        """Ways to name it, and others."""
        port = self.listener.getsockname()[1]
        encoded = base64.b64encode(f"http://127.0.0.1:{port}/".encode()).decode()
        return [
            f"http://127.0.0.1:{port}/x.png",
            f"https://127.0.0.1:{port}/x.png",
            f"//127.0.0.1:{port}/x.png",
            f"ftp://127.0.0.1:{port}/x",
            f"gopher://127.0.0.1:{port}/x",
            f"s3://127.0.0.1:{port}/x",
            f"\\\\127.0.0.1@{port}\\share\\x.png",
            f"data:text/html;base64,{encoded}",
            f"data:image/svg+xml,<image href='http://127.0.0.1:{port}/'/>",
            f"data:,http://127.0.0.1:{port}/",
            encoded,
            f"file://{self.file}",
            str(self.file),
            f"file://localhost{self.file}",
            f"../../../../../../../..{self.file}",
            "file:///etc/passwd",
            "/etc/passwd",
            "/proc/self/environ",
        ]

    def untouched(self) -> bool:
        """True if nobody has connected, and nobody opened the file."""
        try:
            self.listener.accept()[0].close()
        except BlockingIOError:
            return not self.opened.any()
        return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    models = tmp_path_factory.mktemp("models")
    tiny_model(models, "digits")
    table_model(models, "loans")
    with serve(ROSENBLATT_MODELS_DIR=str(models), ROSENBLATT_DEFAULT_MODEL="digits") as running:
        yield running


@pytest.fixture
def bait(tmp_path: Path) -> Iterator[Bait]:
    (tmp_path / "secret.png").write_bytes(b"secret of this file")
    opened = Opened(tmp_path / "secret.png")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield Bait(listener, tmp_path / "secret.png", opened)
    opened.close()


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Where every value of a document stands, the documents within it too."""
    if at:
        yield at
    for key, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list)
        else ()
    ):  # fmt: skip
        yield from places(inner, (*at, key))


def replaced(body: dict[str, Any], at: Place, value: str) -> dict[str, Any]:
    found = deepcopy(body)
    inner: Any = found
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = value
    return found


def check(answer: httpx.Response, *, free: bool = False) -> None:
    assert answer.status_code < 500, answer.text
    assert free or answer.status_code >= 400, answer.text
    assert "secret of" not in answer.text
    assert "root:" not in answer.text


@fault("addresses")
@pytest.mark.parametrize(
    ("route", "place"),
    [(route, place) for route, body in BODIES.items() for place in places(body)],
)
def test_no_field_is_followed(client: httpx.Client, bait: Bait, route: str, place: Place) -> None:
    for address in bait.addresses():
        answer = client.post(route, json=replaced(BODIES[route], place, address))
        check(answer, free=(route, place) in FREE)
        again = client.post(route, json={**BODIES[route], address: address})  # as a field's name
        check(again)
    assert bait.untouched()


@fault("addresses")
@pytest.mark.parametrize("route", ["/predict", "/compare", "/explain", "/layers"])
def test_no_parameter_and_no_part_of_a_form_is_followed(
    client: httpx.Client, bait: Bait, route: str
) -> None:
    for address in bait.addresses():
        for name in ("model", "version", "fit", "url", "file"):
            headers = {"content-type": "image/png"}
            check(client.post(route, params={name: address}, content=b"x", headers=headers))
            check(client.post(route, data={name: address}, files={"other": b"x"}))
            check(client.post(route, files={"file": (address, address.encode())}))
        check(client.post(route, content=address.encode(), headers={"content-type": "image/png"}))
    assert bait.untouched()


@fault("addresses")
@pytest.mark.parametrize("name", ["target", "facts", "file"])
def test_no_field_of_a_file_to_profile_is_followed(
    client: httpx.Client, bait: Bait, name: str
) -> None:
    table = b"a,b\n" + b"1,2\n3,4\n" * 40
    for address in bait.addresses()[::3]:  # each takes a process
        fields = {} if name == "file" else {name: address}
        files = {"file": (address, address.encode() if name == "file" else table)}
        check(client.post("/recommend/profile", data=fields, files=files))
    assert bait.untouched()


@fault("addresses")
def test_no_path_of_a_route_is_followed(client: httpx.Client, bait: Bait) -> None:
    for address in bait.addresses():
        quoted = address.replace("/", "%2F").replace("\\", "%5C")
        for path in ("/models/{}", "/models/{}/samples", "/v2/models/{}", "/guide/rules/{}"):
            check(client.get(path.format(quoted)))
        check(client.post(f"/v2/models/{quoted}/infer", content=b"x"))
        check(client.post(f"/v2/repository/models/{quoted}/load"))
    assert bait.untouched()


def test_the_bait_would_tell(bait: Bait) -> None:
    assert bait.untouched()
    bait.file.read_bytes()
    assert not bait.untouched()
    socket.create_connection(bait.listener.getsockname()).close()
    assert not bait.untouched()
