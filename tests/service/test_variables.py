"""Variables with the prefix of the settings that are no settings."""

from __future__ import annotations

import re

import pytest

from service.settings import Settings, settings
from service.variables import OTHERS, unknown_setting
from tests.conftest import ROOT

KUBERNETES = {
    "ROSENBLATT_SERVICE_HOST": "10.0.0.1",
    "ROSENBLATT_SERVICE_PORT": "3000",
    "ROSENBLATT_SERVICE_PORT_HTTP": "3000",
    "ROSENBLATT_PORT": "tcp://10.0.0.1:3000",
    "ROSENBLATT_PORT_3000_TCP": "tcp://10.0.0.1:3000",
    "ROSENBLATT_PORT_3000_TCP_ADDR": "10.0.0.1",
    "ROSENBLATT_GPU_PORT": "tcp://10.0.0.2:3000",
    "ROSENBLATT_GPU_SERVICE_HOST": "10.0.0.2",
}


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("ROSENBLATT_WORKRES", "did you mean ROSENBLATT_WORKERS?"),
        ("ROSENBLATT_MODEL_DIR", "did you mean ROSENBLATT_MODELS_DIR?"),
        ("rosenblatt_time_out_seconds", "did you mean ROSENBLATT_TIMEOUT_SECONDS?"),
        ("ROSENBLATT_XYZZY", "unset it;"),
        ("ROSENBLATT_", "unset it;"),
        ("ROSENBLATT_PORT", "docs/operations.md lists the settings"),
        ("ROSENBLATT_MAX_ROWS_PORT", "docs/operations.md lists the settings"),
    ],
)
def test_a_name_that_no_setting_has_is_told_with_the_nearest(name: str, advice: str) -> None:
    sentence = unknown_setting({name: "2", "HOME": "/"}, Settings.model_fields)
    assert sentence is not None
    assert sentence.startswith(f"{name} is no setting; ")
    assert advice in sentence


def test_settings_other_parts_and_addresses_of_kubernetes_are_known() -> None:
    known = {f"ROSENBLATT_{field.upper()}": "x" for field in Settings.model_fields}
    others = dict.fromkeys([*OTHERS, "rosenblatt_workers", "ROSENBLATTS", "PATH"], "x")
    assert unknown_setting(known | others | KUBERNETES, Settings.model_fields) is None


def test_every_variable_that_the_project_reads_is_listed() -> None:
    """Those that the settings do not have and that stand in a source as a whole name."""
    known = {f"ROSENBLATT_{field.upper()}" for field in Settings.model_fields} | OTHERS
    folders = ("benchmarks", "profiler", "rosenblatt", "scripts", "service", "training")
    found = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        found |= set(re.findall(r'"(ROSENBLATT_[A-Z_]*[A-Z])"', path.read_text()))
    assert found >= {"ROSENBLATT_DATA_DIR", "ROSENBLATT_CACHE_DIR"}
    assert found <= known


def test_the_environment_of_the_tests_starts_a_service() -> None:
    settings.cache_clear()
    assert settings().max_rows > 0
