"""Models that `fit` wrote, however they are asked: the fitted models' answers."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import tritonclient.http as triton

from tests.conftest import ROOT
from tests.server import Server, serve
from tests.training.fit import tables
from training.fit.run import Outcome, fit, prepare

pytestmark = pytest.mark.thorough

ONLY = ("linear", "xgboost", "mlp")
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Fitted:
    """An outcome with rows to ask: test rows, and rows with gaps and categories that are new."""

    outcome: Outcome
    rows: list[dict[str, Any]]

    def answers(self, name: str) -> np.ndarray:
        """Those of the candidate in its own library."""
        problem = self.outcome.plan.problem
        predictor = self.outcome.verdict.standing(name).entrant.model
        return predictor.predict(problem.kind.probes(problem.rows))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fitted")


@pytest.fixture(scope="module", params=["classes", "regression"])
def fitted(request: pytest.FixtureRequest, folder: Path) -> Fitted:
    kind = request.param
    given = tables.options(
        tables.write(folder / f"{kind}.csv", tables.rows(kind, 300)),
        name=kind, out=folder / "models", budget=5.0, only=ONLY,
        task="regression" if kind == "regression" else "classification",
    )  # fmt: skip
    outcome = fit(prepare(given), given, lambda what, left: None)
    problem = outcome.plan.problem
    probes = problem.kind.probes(problem.rows)
    rows = [problem.kind.instance(probes, i) for i in range(len(probes))]
    return Fitted(outcome, rows)


@pytest.fixture(scope="module")
def running(fitted: Fitted, folder: Path) -> Iterator[Server]:
    with serve(
        ROSENBLATT_MODELS_DIR=str(folder / "models"),
        ROSENBLATT_DEFAULT_MODEL=fitted.outcome.record.chosen,
    ) as server:
        yield server


def numbers(prediction: dict[str, Any], labels: tuple[str, ...]) -> list[float]:
    if not labels:
        return [prediction["value"]]
    found: list[float] = prediction["probabilities"]
    return found


def test_predict_gives_the_fitted_models_answers(fitted: Fitted, running: Server) -> None:
    labels = fitted.outcome.plan.problem.labels
    with running.client() as client:
        for name, entry in fitted.outcome.written.items():
            body = {"model": entry.name, "instances": fitted.rows}
            reply = client.post("/predict", json=body)
            assert reply.status_code == 200, reply.text
            predictions = reply.json()["predictions"]
            expected = fitted.answers(name)
            got = np.array([numbers(p, labels) for p in predictions])
            scale = np.maximum(1, np.abs(expected))
            assert np.max(np.abs(got - expected) / scale) <= TOLERANCE, name
            if labels:
                wanted = [labels[k] for k in expected.argmax(axis=1)]
                assert [p["label"] for p in predictions] == wanted
            else:
                assert all(p["interval"][0] < p["value"] < p["interval"][1] for p in predictions)


def test_the_example_beside_a_model_is_answered(fitted: Fitted, running: Server) -> None:
    with running.client() as client:
        for entry in fitted.outcome.written.values():
            body = (entry.path / "example.json").read_bytes()
            reply = client.post(
                "/predict", content=body, headers={"content-type": "application/json"}
            )
            assert reply.status_code == 200, reply.text


def test_the_protocol_gives_the_same(fitted: Fitted, running: Server) -> None:
    problem = fitted.outcome.plan.problem
    probes = problem.kind.probes(problem.rows)
    client = triton.InferenceServerClient(running.url.removeprefix("http://"))
    for name, entry in fitted.outcome.written.items():
        inputs = []
        for key, array in problem.kind.tensors(problem.rows).batch(probes).arrays.items():
            datatype = "BYTES" if array.dtype == object else "FP32"
            tensor = triton.InferInput(key, list(array.shape), datatype)
            tensor.set_data_from_numpy(array)
            inputs.append(tensor)
        output = "probabilities" if problem.labels else "value"
        got = client.infer(entry.name, inputs).as_numpy(output)
        expected = fitted.answers(name)
        np.testing.assert_allclose(got.reshape(expected.shape), expected, rtol=1e-5, atol=1e-5)
    client.close()


def test_compare_asks_all_candidates(fitted: Fitted, running: Server) -> None:
    with running.client() as client:
        reply = client.post("/compare", json={"instances": fitted.rows[:3]}).json()
    names = {result["model"] for result in reply["models"]}
    assert {entry.name for entry in fitted.outcome.written.values()} <= names


def test_every_candidate_is_explained_column_by_column(fitted: Fitted, running: Server) -> None:
    columns = fitted.outcome.plan.problem.rows.names
    with running.client() as client:
        listed = {m["name"]: m["explanations"] for m in client.get("/models").json()["models"]}
        for entry in fitted.outcome.written.values():
            assert listed[entry.name][-2:] == ["shapley", "occlusion"]
            for method in listed[entry.name]:
                body = {"model": entry.name, "instances": fitted.rows[:4], "method": method}
                reply = client.post("/explain", json=body)
                assert reply.status_code == 200, reply.text
                for one in reply.json()["explanations"]:
                    assert list(one["attribution"]) == list(columns)
                    total = one["base"] + sum(one["attribution"].values())
                    if one["additive"]:
                        size = max(1.0, abs(one["value"]))
                        assert abs(total - one["value"]) <= 1e-4 * size, (entry.name, method)
    own = {name: methods[0] for name, methods in listed.items()}
    candidates = {c.model: c.candidate for c in fitted.outcome.record.candidates}
    expected = {
        "linear": "linear", "xgboost": "tree_shap", "additive": "curves", "mlp": "shapley",
        "mlp-ensemble": "shapley", "blend": "shapley",
    }  # fmt: skip
    for name, candidate in candidates.items():
        if name in own and candidate in expected:
            assert own[name] == expected[candidate]


def test_the_model_tells_the_advice_and_the_comparison(fitted: Fitted, running: Server) -> None:
    chosen = fitted.outcome.record.chosen
    with running.client() as client:
        (version,) = client.get(f"/models/{chosen}").json()["versions"]
    found = version["manifest"]["comparison"]
    assert found["advice"]["verdict"] == "classical_ml"
    assert found["verdict"][0].startswith(fitted.outcome.verdict.chosen.entrant.name)
    assert {c["candidate"] for c in found["candidates"]} == {*ONLY, "blend"}
    assert all(c["microseconds_per_row"] > 0 for c in found["candidates"])


def test_a_row_that_lacks_a_column_is_refused_with_its_name(
    fitted: Fitted, running: Server
) -> None:
    row = {k: v for k, v in fitted.rows[0].items() if k != "city"}
    body = {"model": fitted.outcome.record.chosen, "instances": [row]}
    with running.client() as client:
        reply = client.post("/predict", json=body)
    assert reply.status_code == 422
    assert "city" in reply.json()["error"]


def test_batch_scoring_reads_the_same_csv(fitted: Fitted, folder: Path) -> None:
    record = fitted.outcome.record
    given = fitted.outcome.plan.problem
    source = folder / f"{record.chosen}-rows.csv"
    with source.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(fitted.rows[0]))
        writer.writeheader()
        writer.writerows({k: "" if v is None else v for k, v in row.items()} for row in fitted.rows)
    out = folder / f"{record.chosen}-scored.parquet"
    subprocess.run(
        [sys.executable, "-m", "service.score", str(source), str(out), "--model", record.chosen,
         "--prefix", "predicted_"],
        cwd=ROOT, check=True, capture_output=True,
        env={**os.environ, "ROSENBLATT_MODELS_DIR": str(folder / "models")},
    )  # fmt: skip
    scored = pl.read_parquet(out).to_dicts()
    expected = fitted.answers(fitted.outcome.verdict.chosen.entrant.name)
    assert len(scored) == len(expected)
    if not given.labels:
        got = np.array([row["predicted_value"] for row in scored])[:, None]
        np.testing.assert_allclose(got, expected, rtol=1e-5)
    else:
        wanted = [given.labels[k] for k in expected.argmax(axis=1)]
        assert [row["predicted_label"] for row in scored] == wanted
