"""What the options of the service cost: throughput with each against the service without it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.models import processor
from benchmarks.serving.contenders import ROOT
from benchmarks.serving.process import Running
from benchmarks.serving.subject import NAME, subject
from benchmarks.sides import CONNECTIONS, Side, compare, started

# The cheapest request, of which an option takes the largest share.
KIND = "binary"


def main(out: Path, rounds: int, seconds: int) -> int:
    """Measure and write the figures; 0.

    Args:
        rounds: measurements of each server.
        seconds: of one measurement.
    """
    subject_ = subject()
    with (
        tempfile.TemporaryDirectory() as folder,
        started(_sides(Path(folder)), subject_) as servers,
    ):
        for name in ("shadow", "canary, a tenth"):
            _require_rollout(servers[name].server)
        rows = compare(KIND, servers, subject_, rounds, seconds)
    document: dict[str, Any] = {
        "processor": processor(), "cores": os.cpu_count(), "model": NAME, "rounds": rounds,
        "connections": CONNECTIONS, "seconds": seconds, "rows": rows,
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
        "shadow": _rollout(folder / "shadow", "shadow"),
        "canary, a tenth": _rollout(folder / "canary", "canary"),
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


def _require_rollout(server: Running) -> None:
    """Raise RuntimeError unless the model is being tried: a refused rollout costs nothing."""
    with urllib.request.urlopen(server.url(f"/models/{NAME}/rollout"), timeout=30) as response:
        state = json.load(response)["state"]
    if state != "running":
        raise RuntimeError(f"the rollout of {NAME} is {state}")
