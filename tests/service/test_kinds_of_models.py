"""Models of every kind, most of them from elsewhere, served in process from end to end."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.records import DataRecord, RegressionMetrics, TrainingRecord
from service.http.schema import PredictResponse
from service.settings import Settings
from tests.repositories import other_model, regression_model, table_model, tiny_model
from tests.service.client import Client

LOAN = {"age": 70, "income": 3000, "town": "Oslo"}
REGRESSION_METRICS = RegressionMetrics(
    task="regression", samples=50, rmse=1.5, mae=1.0, r2=0.9, coverage=0.88
)
TRAINED = TrainingRecord(
    data=DataRecord(name="MNIST", sha256={}, train=1, validation=0, test=1, split="none"),
    seed=0, hyperparameters={}, seconds=0.0, hardware="none", libraries={}, commit="unknown",
)  # fmt: skip


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """Images with metrics, and a table, a regression and a model of another task without."""
    tiny_model(tmp_path, "images")
    table_model(tmp_path)
    regression_model(tmp_path)
    other_model(tmp_path)
    return Client(Settings(models_dir=tmp_path, default_model="loans"))


def predictions(client: Client, instances: list[Any], model: str) -> Any:
    answer = client.request("POST", "/predict", {"model": model, "instances": instances})
    assert answer.status_code == 200, answer.text
    PredictResponse.model_validate(answer.json())
    return answer.json()["predictions"]


def test_a_table_is_classified(client: Client) -> None:
    rows = [LOAN, {"town": None, "age": None, "income": None}]
    first, missing = predictions(client, rows, "loans")
    assert (first["label"], missing["label"]) == ("yes", "no")
    # Imputed: 40 / 10 + 1000 / 1000 - 5.5 is -0.5.
    np.testing.assert_allclose(missing["probabilities"][1], 1 / (1 + np.exp(0.5)), rtol=1e-6)
    default = client.request("POST", "/predict", {"instances": rows}).json()
    assert default["predictions"] == [first, missing]


def test_a_value_is_predicted_with_its_interval(client: Client) -> None:
    rows = [[1, 2, 3], {"rooms": 4, "area": 5, "year": 6}]
    assert predictions(client, rows, "prices") == [
        {"value": 17.0, "interval": [16.0, 18.0]},
        {"value": 56.0, "interval": [55.0, 57.0]},
    ]


def test_other_outputs_are_returned_as_they_are(client: Client) -> None:
    assert predictions(client, [[[1, 2], [3, 4]], [[5, 0], [0, 0]]], "sums") == [
        {"outputs": {"sums": [4.0, 6.0], "largest": 1}},
        {"outputs": {"sums": [5.0, 0.0], "largest": 0}},
    ]


def test_many_rows_come_back_in_their_order(client: Client) -> None:
    """Decoded on a thread and run in several batches."""
    rows = [{"rooms": i, "area": 0, "year": 0} for i in range(1000)]
    found = predictions(client, rows, "prices")
    assert [p["value"] for p in found] == [10.0 * i for i in range(1000)]


@pytest.mark.parametrize(
    ("model", "instance", "loc"),
    [
        ("loans", LOAN | {"age": "70"}, ["instances", 1, "age"]),
        ("loans", {"age": 70}, ["instances", 1, "income"]),
        ("loans", LOAN | {"agee": 1}, ["instances", 1, "agee"]),
        ("prices", [1, 2], ["instances", 1]),
        ("prices", [1, 2, True], ["instances", 1, "year"]),
        ("sums", [[1, 2], [3]], ["instances", 1, 1]),
    ],
)
def test_what_is_wrong_is_named(client: Client, model: str, instance: Any, loc: Any) -> None:
    good = {"loans": LOAN, "prices": [1, 2, 3], "sums": [[1, 2], [3, 4]]}[model]
    body = {"model": model, "instances": [good, instance]}
    answer = client.request("POST", "/predict", body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == loc


def test_compare_asks_those_that_take_the_rows(client: Client) -> None:
    answer = client.request("POST", "/compare", {"instances": [LOAN]})
    document = answer.json()
    assert [m["model"] for m in document["models"]] == ["loans"]
    assert [m["model"] for m in document["skipped"]] == ["images", "prices", "sums"]
    assert document["agree"] is None
    answer = client.request("POST", "/compare", {"instances": [{"x": 1}]})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("no model takes these instances: ")
    assert answer.json()["detail"][0]["loc"] == ["instances"]


def test_what_is_not_known_of_a_model_is_not_shown(client: Client) -> None:
    """And no figure of another model stands in its place."""
    models = {m["name"]: m for m in client.request("GET", "/models").json()["models"]}
    assert models["images"]["test_accuracy"] == 0.5
    for name, task, modality in (
        ("loans", "classification", "tabular"),
        ("prices", "regression", "tabular"),
        ("sums", "other", "array"),
    ):
        model = models[name]
        assert (model["task"], model["modality"]) == (task, modality)
        assert model["algorithm"] is None
        assert model["family"] is None
        assert not {"test_accuracy", "test_rmse"} & set(model)
        (version,) = client.request("GET", f"/models/{name}").json()["versions"]
        absent = ("algorithm", "family", "metrics", "parity", "training", "imported")
        assert [version["manifest"][field] for field in absent] == [None] * len(absent)


def test_a_regression_shows_its_error(tmp_path: Path) -> None:
    regression_model(tmp_path, metrics=REGRESSION_METRICS, training=TRAINED)
    client = Client(Settings(models_dir=tmp_path, default_model="prices"))
    (model,) = client.request("GET", "/models").json()["models"]
    assert model["test_rmse"] == 1.5
    assert "test_accuracy" not in model
    # No accuracy, so nothing to set beside the guide's.
    assert client.request("POST", "/recommend?detail=full", {}).json()["measured"] == []


def test_a_recommendation_names_measured_models_alone(client: Client) -> None:
    for facts in ({}, {"modalities": ["tabular"], "n_rows": 20_000}, {"modalities": ["image"]}):
        document = client.request("POST", "/recommend?detail=full", facts).json()
        assert [m["models"] for m in document["measured"]] == [["images"]]
        assert document["measured"][0]["value"] == 0.5
        # The table is no known algorithm: it stands for none of the candidates.
        assert {c["served_model"] for c in document["candidates"]} <= {None}


def test_a_model_of_a_known_algorithm_without_metrics_has_no_figure(tmp_path: Path) -> None:
    table_model(
        tmp_path, algorithm="random_forest", family="classical_ml",
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    client = Client(Settings(models_dir=tmp_path, default_model="loans"))
    facts = {"modalities": ["tabular"], "n_rows": 20_000}
    document = client.request("POST", "/recommend?detail=full", facts).json()
    assert document["measured"] == []


def test_metadata_and_statistics_of_the_protocol(client: Client) -> None:
    metadata = client.request("GET", "/v2/models/loans").json()
    assert metadata["inputs"] == [
        {"name": "age", "datatype": "FP32", "shape": [-1, 1]},
        {"name": "income", "datatype": "FP32", "shape": [-1, 1]},
        {"name": "town", "datatype": "BYTES", "shape": [-1, 1]},
    ]
    assert metadata["outputs"][0] == {"name": "approved", "datatype": "BYTES", "shape": [-1]}
    predictions(client, [LOAN] * 3, "loans")
    (found,) = client.request("GET", "/v2/models/loans/stats").json()["model_stats"]
    assert (found["inference_count"], found["inference_stats"]["success"]["count"]) == (3, 1)
