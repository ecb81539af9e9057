"""deploy/compose.yaml: the specification's schema, and what it promises beyond it."""

from __future__ import annotations

from typing import Any

import compose_spec
import pytest
import yaml

from tests.conftest import ROOT

FILE = ROOT / "deploy" / "compose.yaml"
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


def test_prometheus_is_on_a_network_that_reaches_nothing_else() -> None:
    assert SERVICES["prometheus"]["networks"] == ["metrics"]
    assert COMPOSE["networks"]["metrics"]["internal"] is True
    assert "metrics" in SERVICES["rosenblatt"]["networks"]
