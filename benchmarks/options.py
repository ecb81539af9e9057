"""What the options of the service cost: throughput with each against the service without it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.models import processor
from benchmarks.serving.contenders import ROOT
from benchmarks.serving.subject import NAME, subject
from benchmarks.sides import CONNECTIONS, Effort, Side, Started, compare

# The cheapest request, of which an option takes the largest share.
KIND = "binary"
SHADOW, CANARY = "shadow", "canary, a tenth"


def main(out: Path, effort: Effort) -> int:
    """Measure and write the figures; 0."""
    subject_ = subject()
    with tempfile.TemporaryDirectory() as folder:
        rows = compare([KIND], _sides(Path(folder)), subject_, effort, _require_rollouts)
    document: dict[str, Any] = {
        "processor": processor(), "cores": os.cpu_count(), "model": NAME,
        **effort._asdict(), "connections": CONNECTIONS, "rows": rows,
    }  # fmt: skip
    out.write_text(json.dumps(document, indent=1) + "\n")
    return 0


def _sides(folder: Path) -> dict[str, Side]:
    """The service as it is by default, and with one thing changed."""
    log = folder / "requests"
    log.mkdir()
    return {
        "default": Side(),
        "drift off": Side(environment={"ROSENBLATT_DRIFT": "false"}),
        "access log": Side(environment={"ROSENBLATT_ACCESS_LOG": "true"}),
        "log of a tenth of the requests": Side(
            environment={
                "ROSENBLATT_REQUEST_LOG_DIR": str(log), "ROSENBLATT_REQUEST_LOG_SHARE": "0.1",
            }
        ),
        SHADOW: _rollout(folder / "shadow", "shadow"),
        CANARY: _rollout(folder / "canary", "canary"),
    }  # fmt: skip


def _rollout(models: Path, mode: str) -> Side:
    """A repository in which a model is tried beside itself, so a copy takes what a request takes.

    Args:
        models: folder to make.
        mode: of the rollout.
    """
    shutil.copytree(ROOT / "models", models)
    stable = max((models / NAME).glob("[0-9]*"), key=lambda version: int(version.name))
    number = str(int(stable.name) + 1)
    candidate = shutil.copytree(stable, stable.with_name(number)) / "manifest.json"
    own, new = f'"version": "{stable.name}"', f'"version": "{number}"'
    candidate.write_text(candidate.read_text().replace(own, new))
    rollout = {
        "rollout_version": 1, "mode": mode, "stable": stable.name, "candidate": number,
    }  # fmt: skip
    (models / NAME / "rollout.json").write_text(json.dumps(rollout))
    return Side(environment={"ROSENBLATT_MODELS_DIR": str(models)})


def _require_rollouts(servers: Mapping[str, Started]) -> None:
    """Raise RuntimeError unless the model is being tried: a refused rollout costs nothing."""
    for name in (SHADOW, CANARY):
        url = servers[name].server.url(f"/models/{NAME}/rollout")
        with urllib.request.urlopen(url, timeout=30) as response:
            state = json.load(response)["state"]
        if state != "running":
            raise RuntimeError(f"the rollout of {name} is {state}")
