"""deploy/compose.yaml: the specification's schema, and what it promises beyond it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import compose_spec
import pytest
import yaml

from tests.conftest import ROOT
from tests.repositories import tiny_model
from tests.server import serve

FILE = ROOT / "deploy" / "compose.yaml"
SCRAPES = ROOT / "deploy" / "prometheus" / "prometheus.yml"
COMPOSE = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_it_is_valid() -> None:
    compose = compose_spec.PyCompose.from_yaml(FILE.read_text())
    compose.validate()  # networks and volumes that are used exist
    assert compose.service_names() == ["rosenblatt", "prometheus", "grafana"]


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("read_only: true", "read_onyl: true", "extension key `read_onyl`"),
        ("stop_grace_period: 40s", "stop_grace_period: soon", "stop_grace_period"),
        ("condition: service_healthy", "condition: healthy", "healthy"),
    ],
)
def test_a_mistake_is_not_valid(right: str, wrong: str, says: str) -> None:
    """The control: without it the test above could not fail."""
    text = FILE.read_text().replace(right, wrong, 1)
    with pytest.raises(ValueError, match=says):
        compose_spec.PyCompose.from_yaml(text)


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_has_more_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert all(mount.endswith(":ro") for mount in service.get("volumes", ()) if mount[0] == ".")
    assert not service["image"].endswith(":latest")


def test_the_service_is_locked_down() -> None:
    service = SERVICES["rosenblatt"]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["mem_limit"] == "1536m"
    assert service["stop_grace_period"] == "40s"


def neighbours(name: str) -> set[str]:
    """The services that share a network with this one."""
    mine = set(SERVICES[name]["networks"])
    return {other for other in SERVICES if mine & set(SERVICES[other]["networks"])} - {name}


def test_containers_reach_only_what_they_need() -> None:
    assert neighbours("rosenblatt") == {"prometheus"}
    assert neighbours("grafana") == {"prometheus"}
    assert neighbours("prometheus") == {"rosenblatt", "grafana"}


@pytest.mark.parametrize("name", SERVICES)
def test_only_a_published_port_needs_a_network_that_leads_outside(name: str) -> None:
    service = SERVICES[name]
    outward = [
        network
        for network in service["networks"]
        if not COMPOSE["networks"][network].get("internal")
    ]
    assert len(outward) == len(service.get("ports", ()))


def test_prometheus_scrapes_the_server_of_these_settings(tmp_path: Path) -> None:
    """A client asks it as Prometheus does: by the name of the target, without a key."""
    (scrape,) = yaml.safe_load(SCRAPES.read_text())["scrape_configs"]
    (target,) = scrape["static_configs"][0]["targets"]
    models = tiny_model(tmp_path / "models", "alpha").parents[1]
    own = {"ROSENBLATT_MODELS_DIR": str(models), "ROSENBLATT_DEFAULT_MODEL": "alpha"}
    settings: dict[str, Any] = SERVICES["rosenblatt"]["environment"] | own
    with serve(**settings) as server, server.client() as client:
        scraped = client.get("/metrics", headers={"host": target})
        assert scraped.status_code == 200
        assert "rosenblatt_model_ready" in scraped.text
        assert client.get("/metrics", headers={"host": "example.org"}).status_code == 421
        unload = client.post("/v2/repository/models/alpha/unload", headers={"host": target})
        assert unload.status_code == 501
