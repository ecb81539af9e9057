"""The alert rules, the dashboard, and the programs that check them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTS = PROMETHEUS / "alerts.yml"
GRAFANA = ROOT / "deploy" / "grafana"
DASHBOARD = json.loads((GRAFANA / "dashboards" / "rosenblatt.json").read_text())
RULES = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
CASES = Path(__file__).parent / "alerts.test.yml"
# Prometheus adds these to what it scrapes.
SCRAPED = {"job", "instance"}
STATUSES = {
    *("200", "400", "401", "403", "404", "405", "408", "409", "413", "415", "417", "421", "422"),
    *("431", "500", "501", "503", "504"),
}

OPTIONAL = "rosenblatt_(rollout|logged|drift)"

TARGETS = [target for panel in DASHBOARD["panels"] for target in panel["targets"]]
EXPRESSIONS = {rule["alert"]: rule["expr"] for rule in RULES} | {
    f"{panel['title']} {target['refId']}": target["expr"]
    for panel in DASHBOARD["panels"]
    for target in panel["targets"]
}


def require(program: str) -> str:
    """The program's path, or a skip that says how to get it; a failure where it is required."""
    found = shutil.which(program)
    if found is None:
        assert not os.environ.get("ROSENBLATT_REQUIRE_PROMTOOL"), f"{program} is not installed"
        pytest.skip(f"{program} is not installed: Debian's package prometheus has it")
    return found


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [require("promtool"), *arguments], capture_output=True, text=True, timeout=60, check=False
    )
