"""Debian's Prometheus scrapes a server with the shipped configuration, and runs every query."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from service.api_keys import new_key
from tests.conftest import ROOT
from tests.deploy.monitoring import ALERTS, EXPRESSIONS, OPTIONAL, PROMETHEUS, RULES, require
from tests.repositories import tiny_model
from tests.server import free_port, serve

# A scrape may take this long, and a machine can stall for a second.
SCRAPE_SECONDS = 3


@contextmanager
def prometheus(folder: Path, target: str, key: str = "") -> Iterator[httpx.Client]:
    """Debian's Prometheus with the shipped configuration, scraping `target` often.

    Args:
        key: the API key to send; without one, the part of the configuration that sends it stays
            a comment.
    """
    program = require("prometheus")
    shutil.copy(ALERTS, folder)
    text = (PROMETHEUS / "prometheus.yml").read_text()
    if key:
        text = re.sub(r"^    # (authorization:|  credentials_file:)", r"    \1", text, flags=re.M)
        (folder / "rosenblatt.key").write_text(key)
        text = text.replace("/etc/prometheus", str(folder))
    config = yaml.safe_load(text)
    interval = f"{SCRAPE_SECONDS}s"
    config["global"] = {"scrape_interval": interval, "evaluation_interval": interval}
    config["scrape_configs"][0]["static_configs"][0]["targets"] = [target]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    command = [
        program, f"--config.file={folder / 'prometheus.yml'}",
        f"--web.listen-address={address}", f"--storage.tsdb.path={folder / 'data'}",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            with httpx.Client(base_url=f"http://{address}/api/v1", timeout=30) as client:
                yield client
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def asked(client: httpx.Client, path: str, **parameters: str) -> Any:
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def scraped(client: httpx.Client) -> list[dict[str, Any]]:
    """The targets, once each has been scraped."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            answer = client.get("/targets").raise_for_status()
            targets: list[dict[str, Any]] = answer.json()["data"]["activeTargets"]
        except httpx.HTTPError:  # it is starting
            targets = []
        if targets and all(target["health"] != "unknown" for target in targets):
            return targets
        time.sleep(0.2)
    raise AssertionError("Prometheus scraped nothing in a minute")


@pytest.mark.slow
def test_prometheus_scrapes_and_evaluates(tmp_path: Path) -> None:
    body = json.loads((ROOT / "docs" / "examples" / "seven.json").read_text())
    # A server of its own: what other tests predict would count as drift.
    with serve() as server, prometheus(tmp_path, server.url.removeprefix("http://")) as client:
        assert [target["health"] for target in scraped(client)] == ["up"]
        with server.client() as service:
            for _ in range(25):
                assert service.post("/predict", json=body).status_code == 200
                # Enough requests that one pause stays below the 99th percentile, on which an alert
                # fires.
                for _ in range(20):
                    assert service.post("/predict", json={}).status_code == 422
                time.sleep(SCRAPE_SECONDS / 5)
        (group,) = asked(client, "/rules")["groups"]
        assert [rule["name"] for rule in group["rules"]] == [rule["alert"] for rule in RULES]
        for rule in group["rules"]:
            assert (rule["health"], rule["state"]) == ("ok", "inactive"), rule
        # Every panel has something to draw, and no alert fires.
        for name, expression in EXPRESSIONS.items():
            if re.search(OPTIONAL, expression):
                continue  # nothing is tried or logged here, and few rows are no drift
            whole = expression.replace("$instance", ".*").replace("$model", ".*")
            data = asked(
                client, "/query", query=whole.replace("$__rate_interval", f"{5 * SCRAPE_SECONDS}s")
            )
            is_alert = name in {rule["alert"] for rule in RULES}
            assert bool(data["result"]) != is_alert, name


@pytest.mark.slow
@pytest.mark.parametrize("right", [True, False])
def test_prometheus_sends_its_key(tmp_path: Path, right: bool) -> None:
    key, entry = new_key()
    models = tiny_model(tmp_path / "models", "alpha").parents[1]
    with serve(
        ROSENBLATT_MODELS_DIR=str(models), ROSENBLATT_DEFAULT_MODEL="alpha",
        ROSENBLATT_API_KEYS=entry,
    ) as server:  # fmt: skip
        target = server.url.removeprefix("http://")
        with prometheus(tmp_path, target, key if right else "wrong") as client:
            assert [one["health"] for one in scraped(client)] == ["up" if right else "down"]
