"""Loading and unloading over HTTP, and what a selection leaves out; a recorder supervises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from service.http.repository_control import RepositoryControl
from service.selection import Rejection, Selection
from service.settings import Settings
from tests.service.client import Client


class Recorder(RepositoryControl):
    """Takes every change for done."""

    supported = True

    def __init__(self, selection: Selection | None = None) -> None:
        self.selection = selection or Selection()
        self.changes: list[tuple[str, str]] = []

    async def change(self, action: str, model: str) -> None:
        self.changes.append((action, model))


@pytest.fixture
def settings(repository: Path) -> Settings:
    return Settings(models_dir=repository, default_model="alpha")


def path(action: str, name: str = "beta") -> str:
    return f"/v2/repository/models/{name}/{action}"


def test_what_is_asked_for_reaches_the_supervisor(settings: Settings) -> None:
    control = Recorder()
    client = Client(settings, control)
    answers = [client.request("POST", path(action)) for action in ("load", "unload")]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {})] * 2
    assert control.changes == [("load", "beta"), ("unload", "beta")]
    assert client.request("GET", "/v2").json()["extensions"][-1] == "model_repository"


@pytest.mark.parametrize(
    ("document", "status", "message"),
    [
        ({"parameters": {"unload_dependents": False}}, 200, ""),
        (
            {"parameters": {"unload_dependants": True}},
            422,
            'parameter "unload_dependants" is unknown; the parameter is unload_dependents',
        ),
        ({"parameters": {"config": "{}"}}, 422, 'parameter "config" is not supported'),
        ({"parameters": {"file:1/model.onnx": ""}}, 422, 'parameter "file:1/model.onnx" is not'),
        ({"parameters": []}, 422, "parameters is an array; it must be an object"),
        ({"config": {}}, 422, 'field "config" is unknown; the fields are parameters'),
    ],
)
def test_the_body(settings: Settings, document: Any, status: int, message: str) -> None:
    control = Recorder()
    answer = Client(settings, control).request("POST", path("load"), document)
    assert answer.status_code == status
    assert answer.json().get("error", "").startswith(message)
    assert bool(control.changes) == (status == 200)


def test_a_model_must_be_in_the_repository(settings: Settings) -> None:
    """One that was added after the start is."""
    client = Client(settings, Recorder())
    answer = client.request("POST", path("load", "gamma"))
    assert (answer.status_code, answer.json()["error"]) == (
        404,
        'model "gamma" is not in the repository; it has alpha, beta',
    )
    (settings.models_dir / "gamma" / "1").mkdir(parents=True)
    assert client.request("POST", path("load", "gamma")).status_code == 200


def test_clients_may_be_kept_from_it(settings: Settings) -> None:
    control = Recorder()
    closed = settings.model_copy(update={"model_control": "none"})
    client = Client(closed, control)
    answer = client.request("POST", path("unload"))
    assert answer.status_code == 501
    assert answer.json()["error"] == (
        "clients may not unload models, since ROSENBLATT_MODEL_CONTROL is 'none'"
    )
    assert control.changes == []
    assert "model_repository" not in client.request("GET", "/v2").json()["extensions"]


def test_an_unloaded_model_is_left_out_and_says_so(settings: Settings) -> None:
    client = Client(settings, Recorder(Selection(unloaded=("beta",))))
    answer = client.request("GET", "/v2/models/beta/ready")
    assert (answer.status_code, answer.json()["error"]) == (
        503,
        "model 'beta' is unloaded; POST /v2/repository/models/beta/load loads it",
    )
    listed = client.request("POST", "/v2/repository/index").json()
    assert [(m["name"], m["version"], m["state"], m["reason"]) for m in listed] == [
        ("alpha", "1", "READY", ""),
        ("beta", "2", "UNAVAILABLE", "unloaded"),
        ("beta", "10", "UNAVAILABLE", "unloaded"),
    ]
    assert client.request("GET", "/readyz").json()["state"] == "ready"


def test_an_unloaded_default_model_is_not_ready(settings: Settings) -> None:
    client = Client(settings, Recorder(Selection(unloaded=("alpha",))))
    assert client.request("GET", "/readyz").status_code == 503
    answer = client.request("POST", "/predict", {"instances": [[[0] * 28] * 28]})
    assert (answer.status_code, answer.json()["error"].split(";")[0]) == (
        503,
        "model 'alpha' is unloaded",
    )


def test_a_rejected_version_is_left_out_and_the_one_before_answers(settings: Settings) -> None:
    cut = Rejection("beta", "10", "it is cut")
    why = "model 'beta' version 10 was refused: it is cut"
    client = Client(settings, Recorder(Selection(rejected=(cut,), failure=why)))
    assert client.request("GET", "/v2/models/beta").json()["versions"] == ["2"]
    assert client.request("GET", "/v2/models/beta/ready").status_code == 200
    ready = client.request("GET", "/readyz").json()
    assert (ready["state"], ready["reload"]) == ("degraded", why)
    assert ready["refused"] == [
        {"name": "beta", "version": "10", "state": "refused", "default_version": False,
         "reason": "it is cut"}
    ]  # fmt: skip
    (entry,) = (
        entry
        for entry in client.request("POST", "/v2/repository/index").json()
        if entry["state"] == "UNAVAILABLE"
    )
    assert (entry["name"], entry["version"], entry["reason"]) == ("beta", "10", "it is cut")
