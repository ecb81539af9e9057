"""`GET /models/{name}/drift` over tiny models, and the metrics."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from service.settings import Settings
from tests.drift.models import instances, loans_model, rows
from tests.repositories import tiny_repository
from tests.service.client import Client


@pytest.fixture
def root(tmp_path: Path) -> Path:
    loans_model(tmp_path)
    return tiny_repository(tmp_path)


def client_of(root: Path, **settings: Any) -> Client:
    return Client(
        Settings(models_dir=root, default_model="loans", drift_rows_per_second=100_000, **settings)
    )


def send(client: Client, n: int, seed: int = 1, **shift: float) -> None:
    document = {"instances": instances(rows(n, seed, **shift))}
    assert client.request("POST", "/predict", document).status_code == 200


def drift(client: Client, path: str = "/models/loans/drift") -> dict[str, Any]:
    answer = client.request("GET", path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_before_any_row_nothing_is_judged(root: Path) -> None:
    found = drift(client_of(root))
    assert (found["status"], found["recent"]["rows"], found["reasons"]) == ("too_few_rows", 0, [])


def test_a_shift_is_named_with_its_reason(root: Path) -> None:
    client = client_of(root)
    send(client, 800)
    assert drift(client)["status"] == "ok"
    send(client, 800, seed=2, unseen=0.2)
    found = drift(client)
    assert found["status"] == "drifting"
    (town,) = [field for field in found["recent"]["inputs"] if field["name"] == "town"]
    assert town["status"] == "drifting"
    assert town["unseen"]["share"] > 0.08
    assert town["score"] > 8
    assert town["reasons"][0].startswith("town has a category that training never saw in ")
    assert found["reasons"] == found["recent"]["reasons"]
    assert found["since_start"]["rows"] == 1600


def test_a_version_is_asked_for(root: Path) -> None:
    client = client_of(root)
    assert drift(client, "/models/beta/drift")["version"] == "10"
    assert drift(client, "/models/beta/drift?version=2")["version"] == "2"
    for query, status in (("version=3", 404), ("version=x", 404), ("v=2", 422)):
        assert client.request("GET", f"/models/beta/drift?{query}").status_code == status


def test_without_the_setting_nothing_is_watched(root: Path) -> None:
    client = client_of(root, drift=False)
    send(client, 200)
    answer = client.request("GET", "/models/loans/drift")
    assert answer.status_code == 404
    assert "set ROSENBLATT_DRIFT to true" in answer.json()["error"]
    assert client.models.get("loans")._watchers == []


def sample(client: Client, name: str, **labels: str) -> float | None:
    labels = {"model": "loans", "version": "1", **labels}
    return client.registry.get_sample_value(f"rosenblatt_{name}", labels)


def test_metrics_show_rows_scores_and_verdicts(root: Path) -> None:
    client = client_of(root)
    send(client, 800, unseen=0.2)
    client.application.write_metrics()
    assert sample(client, "drift_rows_total") == 800
    assert sample(client, "drifting", input="town") == 1
    assert (sample(client, "drift_score", input="town") or 0) > 8
    for name in ("age", "income", "answer:label", "answer:confidence"):
        assert sample(client, "drifting", input=name) == 0
        assert sample(client, "drift_score", input=name) is not None


def test_metrics_are_not_made_anew_for_every_reader(root: Path) -> None:
    client = client_of(root)
    client.application.write_metrics()
    send(client, 800, unseen=0.2)
    client.application.write_metrics()
    assert sample(client, "drifting", input="town") == 0
    asyncio.run(asyncio.sleep(1))
    client.application.write_metrics()
    assert sample(client, "drifting", input="town") == 1


def test_the_documented_example_is_as_the_document_says(root: Path) -> None:
    document = client_of(root).request("GET", "/openapi.json").json()
    schema = document["components"]["schemas"]["DriftDocument"]
    (example,) = schema["examples"]
    validator = jsonschema_rs.Draft202012Validator(
        {"$ref": "#/components/schemas/DriftDocument", "components": document["components"]}
    )
    assert [error.message for error in validator.iter_errors(example)] == []
