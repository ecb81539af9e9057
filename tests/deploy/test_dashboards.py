"""Alert rules and dashboard use only what a real server's /metrics has; promtool runs the rules."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from service.metrics import REASONS
from tests.conftest import ROOT
from tests.deploy.monitoring import (
    ALERTS,
    CASES,
    DASHBOARD,
    EXPRESSIONS,
    GRAFANA,
    PROMETHEUS,
    RULES,
    SCRAPED,
    STATUSES,
    TARGETS,
    promtool,
)
from tests.deploy.promql import groupings, selectors
from tests.repositories import tiny_repository
from tests.server import Server, serve


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that tries a version in the shadow, compares with training and logs requests."""
    folder = tmp_path_factory.mktemp("busy")
    models = tiny_repository(folder / "models")
    rollout = {"rollout_version": 1, "mode": "shadow", "stable": "2", "candidate": "10"}
    (models / "beta" / "rollout.json").write_text(json.dumps(rollout))
    (folder / "log").mkdir()
    wanted: dict[str, Any] = {
        "ROSENBLATT_MODELS_DIR": str(models),
        "ROSENBLATT_DEFAULT_MODEL": "beta",
        "ROSENBLATT_REQUEST_LOG_DIR": str(folder / "log"),
        "ROSENBLATT_REQUEST_LOG_SHARE": "1",
    }
    with serve(**wanted) as server:
        yield server


@pytest.fixture(scope="module")
def samples(server: Server, busy: Server) -> dict[str, set[str]]:
    """The labels of every sample that servers have after some traffic, by the sample's name."""
    return _samples(server) | _samples(busy)


def _samples(server: Server) -> dict[str, set[str]]:
    body = json.loads((ROOT / "docs" / "examples" / "seven.json").read_text())
    with server.client() as client:
        assert client.post("/predict", json=body).status_code == 200
        many = {"instances": body["instances"] * 200}
        assert client.post("/predict", json=many).status_code == 200
        assert client.post("/predict", json={}).status_code == 422
        assert client.get("/readyz").status_code == 200
        client.get("/models/beta/rollout")  # judges at once, where there is a rollout
        time.sleep(1)  # drift is counted, and the log written, a moment later
        text = client.get("/metrics").text
    found: dict[str, set[str]] = {"up": set()}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.fixture(scope="module")
def routes(server: Server) -> set[str]:
    with server.client() as client:
        return set(client.get("/openapi.json").json()["paths"])


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_metrics_and_labels_exist(
    name: str, samples: dict[str, set[str]], routes: set[str]
) -> None:
    used = selectors(EXPRESSIONS[name])
    assert used
    values = {"route": routes, "status": STATUSES, "reason": set(REASONS)}
    for metric, matchers in used:
        assert metric in samples, metric
        for label, operator, value in matchers:
            assert label in samples[metric] | SCRAPED, label
            choices = value.split("|") if operator in ("=~", "!~") else [value]
            for choice in choices if label in values else ():
                pattern = choice if operator in ("=~", "!~") else re.escape(choice)
                assert any(re.fullmatch(pattern, known) for known in values[label]), choice
    labels = set.union(*(samples[metric] for metric, _ in used))
    assert groupings(EXPRESSIONS[name]) <= labels | SCRAPED


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target["expr"][:40])
def test_legends_name_labels_that_the_query_keeps(
    target: dict[str, str], samples: dict[str, set[str]]
) -> None:
    named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
    kept = groupings(target["expr"]) or SCRAPED.union(
        *(samples[metric] for metric, _ in selectors(target["expr"]))
    )
    assert named
    assert named <= kept


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_to_do_and_names_labels_it_has(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert set(rule["annotations"]) == {"summary", "description"}
    named = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
    kept = groupings(rule["expr"])
    assert not kept or named <= kept


def test_every_metric_of_ours_is_shown(samples: dict[str, set[str]]) -> None:
    """Whoever adds a metric puts it on the dashboard, or into an alert."""
    used = {selector.metric for text in EXPRESSIONS.values() for selector in selectors(text)}
    families = {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for name in samples
        if name.startswith("rosenblatt_")
    }
    assert families == {re.sub(r"_(bucket|sum|count)$", "", name) for name in used} - {"up"}


def test_every_metric_of_ours_has_a_sentence_of_help(server: Server) -> None:
    with server.client() as client:
        families = list(text_string_to_metric_families(client.get("/metrics").text))
    ours = [family for family in families if family.name.startswith("rosenblatt_")]
    assert ours
    for family in ours:
        assert re.fullmatch(r"[A-Z1].{15,}\.", family.documentation), family.name


def test_every_alert_is_documented() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| `(Rosenblatt\w+)` \| .* \| (page|ticket) \|$", page, re.MULTILINE)
    assert rows == [(rule["alert"], rule["labels"]["severity"]) for rule in RULES]


def test_the_dashboards_source_is_provisioned() -> None:
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    references = re.findall(r'"datasource": (\{.*?\})', json.dumps(DASHBOARD))
    assert references
    assert {json.loads(reference)["uid"] for reference in references} == {source["uid"]}
    provider = yaml.safe_load((GRAFANA / "provisioning/dashboards/rosenblatt.yml").read_text())
    assert provider["providers"][0]["type"] == "file"


def test_promtool_accepts_the_configuration() -> None:
    done = promtool("check", "config", PROMETHEUS / "prometheus.yml")
    assert done.returncode == 0, done.stderr
    done = promtool("check", "rules", "--lint-fatal", ALERTS)
    assert done.returncode == 0, done.stderr


def test_every_alert_fires_when_it_should_and_only_then() -> None:
    done = promtool("test", "rules", CASES)
    assert done.returncode == 0, done.stdout + done.stderr
    cases = [
        case for test in yaml.safe_load(CASES.read_text())["tests"]
        for case in test["alert_rule_test"]
    ]  # fmt: skip
    fired = {case["alertname"] for case in cases if case["exp_alerts"]}
    assert fired == {rule["alert"] for rule in RULES}


@pytest.mark.thorough
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_changed_threshold_is_noticed(rule: dict[str, Any], tmp_path: Path) -> None:
    """The control of the test above: with another comparison it fails."""
    document = yaml.safe_load(ALERTS.read_text())
    for other in document["groups"][0]["rules"]:
        if other["alert"] == rule["alert"]:
            other["expr"] = re.sub(r"(== 0|[<>] [\d.]+)\s*$", "> 1e9", other["expr"])
            assert other["expr"] != rule["expr"]
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(document))
    cases = yaml.safe_load(CASES.read_text()) | {"rule_files": ["alerts.yml"]}
    (tmp_path / "cases.yml").write_text(yaml.safe_dump(cases))
    assert promtool("test", "rules", tmp_path / "cases.yml").returncode == 1
