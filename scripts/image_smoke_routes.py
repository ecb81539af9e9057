"""Requests to every operation of a server, after its own OpenAPI document."""

from __future__ import annotations

import base64
import http.client
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

_SECONDS = 60
_JSON = "application/json"
# The row of the model `loans` that is asked about, and its label.
LOAN = ({"age": 70, "income": 2000, "town": "Bergen"}, "yes")
_BOUNDARY = "rosenblatt-smoke"
_METHODS = ("get", "post", "put", "patch", "delete")
# No model of the image is being tried beside another.
_STATUSES = {"/models/{name}/rollout": 404}


class SmokeError(Exception):
    """Something does not work; the message says what."""


class Answer(NamedTuple):
    """A response."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Request(NamedTuple):
    """A request to an operation, and what must hold of the answer."""

    operation: tuple[str, str]
    path: str
    body: bytes | None = None
    content_type: str | None = None
    headers: Mapping[str, str] = {}
    holds: Callable[[Answer], bool] = lambda answer: True
    status: int = 200


class Client:
    """Asks one server; a connection per request.

    Raises:
        OSError: no server listens.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] = {}
    ) -> Answer:
        """The answer to one request."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_SECONDS)
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, response.read())
        except http.client.HTTPException as error:
            raise OSError(f"{method} {path}: {error!r}") from error
        finally:
            connection.close()


def use_every_operation(client: Client, examples: Path) -> int:
    """Ask every operation at least once; the number of requests.

    Raises:
        SmokeError: an answer is not what it should be, or an operation has no request here.
    """
    document = client.ask("GET", "/docs.json").json()
    operations = {
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method in item
        if method in _METHODS
    }
    requests = [*_posts(examples), *_gets(client, operations)]
    if missing := operations - {request.operation for request in requests}:
        names = ", ".join(f"{method} {path}" for method, path in sorted(missing))
        raise SmokeError(f"no request for {names}; add one to scripts/image_smoke_routes.py")
    for request in requests:
        _check(client, request)
    return len(requests)


def _check(client: Client, request: Request) -> None:
    method, _ = request.operation
    headers = dict(request.headers)
    if request.content_type:
        headers["content-type"] = request.content_type
    answer = client.ask(method, request.path, request.body, headers)
    if answer.status != request.status:
        raise SmokeError(f"{method} {request.path}: {answer.status} {answer.body[:500]!r}")
    if not request.holds(answer):
        raise SmokeError(f"{method} {request.path} answered {answer.body[:500]!r}")


def _gets(client: Client, operations: set[tuple[str, str]]) -> Iterator[Request]:
    """Every GET of the document, for every model where a path names one."""
    models = [model["name"] for model in client.ask("GET", "/models").json()["models"]]
    if "loans" not in models:
        raise SmokeError("the server has no model loans; mount deploy/container/models/loans")
    rules = client.ask("GET", "/guide/rules").json()["rules"]
    values = {"version": "1", "id": str(rules[0]["id"]), "file": "main.js"}
    values |= {"layer": "conv1", "channel": "0"}
    for method, path in sorted(operations):
        if method != "GET":
            continue
        for name in _models(path, models):
            known = values | {"name": name}
            filled = path
            for parameter, value in known.items():
                filled = filled.replace(f"{{{parameter}}}", quote(value, safe=""))
            yield Request((method, path), filled, status=_STATUSES.get(path, 200))


def _models(path: str, models: Sequence[str]) -> Sequence[str]:
    """The models to fill into a path."""
    if "{layer}" in path:
        return ("digits-cnn",)
    return models if "{name}" in path else ("",)


def _posts(examples: Path) -> Iterator[Request]:
    yield from _pictures(examples)
    yield from _tables(examples)
    yield from _protocol(examples)
    yield from _repository()


def _pictures(examples: Path) -> Iterator[Request]:
    seven, png = (examples / "seven.json").read_bytes(), (examples / "seven.png").read_bytes()
    photo = (examples / "seven_photo.jpg").read_bytes()
    encoded = json.dumps({"instances": [base64.b64encode(png).decode()]}).encode()
    predict = ("POST", "/predict")
    yield Request(predict, "/predict", seven, _JSON, holds=_labels("7"))
    yield Request(predict, "/predict", encoded, _JSON, holds=_labels("7"))
    yield Request(predict, "/predict", png, "image/png", holds=_labels("7"))
    yield Request(
        predict, "/predict?fit=mnist&return_fitted=true", photo, "image/jpeg", holds=_labels("7")
    )
    form = _form({"file": ("seven.png", png)})
    yield Request(predict, "/predict", form, _FORM, holds=_labels("7"))
    for verb in ("/compare", "/explain", "/layers"):
        yield Request(("POST", verb), verb, seven, _JSON)
    for model in ("digits-cnn", "digits-perceptron", "digits-random-forest", "digits-xgboost"):
        body = json.dumps(json.loads(seven) | {"model": model}).encode()
        yield Request(predict, "/predict", body, _JSON, holds=_labels("7"))
        yield Request(("POST", "/explain"), "/explain", body, _JSON)


def _tables(examples: Path) -> Iterator[Request]:
    row, label = LOAN
    loan = json.dumps({"model": "loans", "instances": [row]}).encode()
    yield Request(("POST", "/predict"), "/predict", loan, _JSON, holds=_labels(label))
    yield Request(("POST", "/explain"), "/explain", loan, _JSON)
    facts = json.dumps({"modalities": ["tabular"], "task": "classification"}).encode()
    for path in ("/recommend", "/recommend?detail=full"):
        yield Request(("POST", "/recommend"), path, facts, _JSON)
    csv = (examples / "loans.csv").read_bytes()
    for name, content, fields in (
        ("loans.csv", csv, {"target": "approved"}),
        ("loans.jsonl", _json_lines(csv), {"target": "approved"}),
        ("loans.parquet", _parquet(csv), {"target": "approved"}),
        ("images.zip", _zip((examples / "seven.png").read_bytes()), {}),
    ):
        form = _form({"file": (name, content), **fields})
        yield Request(("POST", "/recommend/profile"), "/recommend/profile", form, _FORM)


def _protocol(examples: Path) -> Iterator[Request]:
    model = "/v2/models/digits-cnn"
    for path in (f"{model}/infer", f"{model}/versions/1/infer"):
        pattern = path.replace("digits-cnn", "{name}").replace("versions/1", "versions/{version}")
        body = (examples / "seven.v2.json").read_bytes()
        yield Request(("POST", pattern), path, body, _JSON, holds=lambda a: b"[7]" in a.body)
        raw = (examples / "seven.raw").read_bytes()
        headers = {"inference-header-content-length": "0"}
        yield Request(("POST", pattern), path, raw, "application/octet-stream", headers)


def _repository() -> Iterator[Request]:
    """Last, since workers are replaced; the model serves again at the end."""
    yield Request(("POST", "/v2/repository/index"), "/v2/repository/index", b"{}", _JSON)
    for verb in ("unload", "load"):
        pattern = f"/v2/repository/models/{{name}}/{verb}"
        yield Request(("POST", pattern), pattern.replace("{name}", "loans"), b"{}", _JSON)


_FORM = f"multipart/form-data; boundary={_BOUNDARY}"


def _form(fields: Mapping[str, str | tuple[str, bytes]]) -> bytes:
    """A form; a pair is a file and its name."""
    parts = []
    for name, value in fields.items():
        disposition = f'form-data; name="{name}"'
        if isinstance(value, tuple):
            filename, content = value
            disposition += f'; filename="{filename}"'
        else:
            content = value.encode()
        head = f"--{_BOUNDARY}\r\ncontent-disposition: {disposition}\r\n\r\n".encode()
        parts.append(head + content + b"\r\n")
    return b"".join([*parts, f"--{_BOUNDARY}--\r\n".encode()])


def _labels(label: str) -> Callable[[Answer], bool]:
    return lambda answer: [p["label"] for p in answer.json()["predictions"]] == [label]


def _json_lines(csv: bytes) -> bytes:
    header, *rows = (line.split(",") for line in csv.decode().split())
    return "\n".join(json.dumps(dict(zip(header, row, strict=True))) for row in rows).encode()


def _parquet(csv: bytes) -> bytes:
    import polars as pl

    sink = io.BytesIO()
    pl.read_csv(csv).write_parquet(sink)
    return sink.getvalue()


def _zip(png: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name in ("seven/a.png", "seven/b.png", "other/a.png"):
            archive.writestr(name, png)
    return sink.getvalue()
