"""`/recommend` and `/guide...` on a real server."""

from __future__ import annotations

import json
from typing import Any

import bentoml
import httpx
import pytest

from contract.records import ClassificationMetrics
from contract.repository import entries, read_manifest
from tests.conftest import MODELS
from tests.guide.cases import CASES, Case
from tests.server import Server

FULL = "/recommend?detail=full"
MANIFESTS = {entry.name: read_manifest(entry) for entry in entries(MODELS)}
METRICS = {
    name: manifest.metrics
    for name, manifest in MANIFESTS.items()
    if isinstance(manifest.metrics, ClassificationMetrics)
}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_every_case_over_http(client: httpx.Client, case: Case) -> None:
    answer = client.post("/recommend", json=case.facts)
    assert answer.status_code == 200
    document = answer.json()
    assert (document["verdict"], document["strategy"], document["contested"]) == (
        case.verdict,
        case.strategy,
        case.contested,
    )


def test_the_bentoml_client_asks_the_same(server: Server, client: httpx.Client) -> None:
    facts: dict[str, Any] = {"modalities": ["image"], "n_labelled": 500}
    with bentoml.SyncHTTPClient(server.url) as typed:
        decision = typed.recommend(**facts)
    found = decision if isinstance(decision, dict) else decision.model_dump()
    assert found == client.post("/recommend", json=facts).json()


def test_measured_figures_are_the_manifests(client: httpx.Client) -> None:
    measured = client.post(FULL, json={}).json()["measured"]
    by_model = {m["models"][0]: m for m in measured if len(m["models"]) == 1}
    assert {n: m["value"] for n, m in by_model.items()} == {
        name: metrics.accuracy for name, metrics in METRICS.items()
    }
    (gap,) = [m for m in measured if len(m["models"]) == 2]
    cnn, forest = METRICS["digits-cnn"], METRICS["digits-random-forest"]
    assert gap["value"] == pytest.approx(cnn.accuracy - forest.accuracy)
    assert gap["guide"] == 0.0216


def test_served_models_are_named(client: httpx.Client) -> None:
    body = {"modalities": ["tabular"], "n_rows": 20_000}
    candidates = client.post(FULL, json=body).json()["candidates"]
    named = [c["served_model"] for c in candidates]
    assert named == ["digits-xgboost", "digits-random-forest", "digits-perceptron"]
    assert set(named) <= set(MANIFESTS)


BAD = {
    "unknown field": (b'{"n_row": 1}', 422, ["n_row"]),
    "unknown value": (b'{"task": "classify"}', 422, ["task"]),
    "negative": (b'{"n_rows": -1}', 422, ["n_rows"]),
    "not whole": (b'{"n_rows": 1.5}', 422, ["n_rows"]),
    "labelled above rows": (b'{"n_rows": 1, "n_labelled": 2}', 422, ["n_labelled"]),
    "wrong type": (b'{"clean": "yes"}', 422, ["clean"]),
    "modality unknown": (b'{"modalities": ["smell"]}', 422, ["modalities", 0]),
    "NaN": (b'{"n_rows": NaN}', 400, None),
    "array": (b"[]", 400, None),
    "nothing": (b"", 400, None),
    "given twice": (b'{"n_rows": 1, "n_rows": 2}', 400, ["n_rows"]),
    "beyond any integer": (b'{"n_rows": 1e400}', 400, None),
    "rounded by JSON": (b'{"n_rows": 100000000000000000000}', 422, ["n_rows"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_facts(client: httpx.Client, case: str) -> None:
    body, status, loc = BAD[case]
    answer = client.post("/recommend", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    document = answer.json()
    assert set(document) <= {"error", "detail"}
    assert (document.get("detail") or [{"loc": None}])[0]["loc"] == loc


def test_the_answer_is_short_and_whole_on_request(client: httpx.Client) -> None:
    facts = {"modalities": ["image"], "n_labelled": 500, "domain": "medical_diagnosis"}
    brief = client.post("/recommend", json=facts).json()
    assert brief == client.post("/recommend?detail=short", json=facts).json()
    whole = client.post(FULL, json=facts).json()
    assert "evidence" in whole
    assert "evidence" not in brief
    for field in ("verdict", "strategy", "contested", "summary", "guide_gap", "decision_id"):
        assert brief[field] == whole[field]
    shown = [c["name"] for c in brief["candidates"]]
    assert shown[:3] == [c["name"] for c in whole["candidates"]][:3]


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("detail=medium", 422, 'query parameter detail is "medium"; it is short or full, or left'),
        ("detail=", 422, 'query parameter detail is ""; it is short or full'),
        ("detail=full&detail=full", 400, "query parameter detail is given twice"),
        ("details=full", 422, "query parameter"),
    ],
)
def test_a_bad_detail(client: httpx.Client, query: str, status: int, message: str) -> None:
    answer = client.post(f"/recommend?{query}", json={})
    assert answer.status_code == status, answer.text
    assert message in answer.json()["error"]


def test_an_empty_body_is_told_what_to_send(client: httpx.Client) -> None:
    answer = client.post("/recommend", headers={"content-type": "application/json"})
    assert '{"modalities": ["tabular"], "n_rows": 20000}' in answer.json()["error"]


def test_the_guide_is_data(client: httpx.Client) -> None:
    index = client.get("/guide").json()
    assert set(index["rules"]) >= {"R1", "R2", "R3", "R4", "R5", "R6"}
    assert index["facts"]["n_rows"]["is"] == "an integer of at least 0"
    assert index["latencies"]["small_cnn"]["milliseconds"] < 5
    for route in index["routes"]:
        assert client.request("GET", route).status_code in (200, 405)
    version = client.post("/recommend", json={}).json()["ruleset_version"]
    rules = client.get("/guide/rules").json()
    assert rules["ruleset_version"] == index["ruleset_version"] == version
    assert all(rule["section"] in {"6", "7", "10", "none"} for rule in rules["rules"])


def test_one_rule_comes_with_its_studies(client: httpx.Client) -> None:
    rule = client.get("/guide/rules/R3").json()
    assert rule["clauses"][1]["when"]["n_labelled"] == {"lt": 1000}
    studies = {study["id"]: study for study in rule["evidence"]}
    own = {"own-few-digits", "own-transfer", "own-retrained-digits", "own-texts"}
    assert set(studies) == {"bit-2019", "setfit-2022", "raghu-2019"} | own
    assert studies["own-few-digits"]["stance"] == "contradicts"
    unknown = client.get("/guide/rules/R9")
    assert unknown.status_code == 404
    assert 'rule "R9" is unknown; choose from R6' in unknown.json()["error"]


def test_the_tables_of_the_guide(client: httpx.Client) -> None:
    comparison = client.get("/guide/comparison").json()
    assert (comparison["section"], len(comparison["rows"])) == ("6", 10)
    architectures = client.get("/guide/architectures").json()
    assert [row["architecture"] for row in architectures["rows"]] == [
        "CNN",
        "RNN / LSTM",
        "Transformer",
    ]
    evidence = client.get("/guide/evidence").json()
    own = [e for e in evidence["evidence"] if e["id"].startswith("own-")]
    assert len(evidence["evidence"]) == 24 + len(own)
    assert all(e["rules"] and e["citation"].startswith("Measured by this") for e in own)
    assert "no study was found for those exact numbers" in evidence["note"]
    assert {e["stance"] for e in evidence["evidence"]} == {"supports", "refines", "contradicts"}


def test_the_same_question_has_the_same_id(client: httpx.Client) -> None:
    asked = '{"n_rows": 5000, "modalities": ["text", "tabular"]}'
    turned = '{"modalities": ["tabular", "text"], "n_rows": 5000}'
    answers = [
        client.post("/recommend", content=c, headers={"content-type": "application/json"}).text
        for c in (asked, turned)
    ]
    assert answers[0] == answers[1]
    assert len(json.loads(answers[0])["decision_id"]) == 16
