"""`python -m benchmarks explain`: time of one explanation over HTTP, and agreement on tables."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from benchmarks.fit.uci import TABLES, write_csv
from benchmarks.models import processor
from benchmarks.serving.contenders import CONTENDERS
from benchmarks.serving.process import running
from benchmarks.serving.subject import subject
from contract.repository import entries, read_manifest
from training.datasets import load

IMAGES, ROWS = 50, 50
# Most milliseconds at the median, one instance, over HTTP.
LIMITS = {
    "path": 30.0, "linear": 30.0, "gradient": 30.0, "occlusion": 60.0, "shapley": 400.0,
    "tree_shap": 10.0, "curves": 10.0,
}  # fmt: skip
_TABLES = ("adult", "german")
_BUDGET = 40


def main(out: Path) -> int:
    """Measure and write; 1 if a bar is missed."""
    images = load("mnist").test.images[:IMAGES]
    instances = [image.tolist() for image in images]
    with running(CONTENDERS[0], subject().model) as server:
        found = {"digits": _timed(server.address, instances)}
    for name in _TABLES:
        found[name] = _table(name)
    document = {"processor": processor(), "cores": os.cpu_count(), "milliseconds": found}
    out.write_text(json.dumps(document, indent=1) + "\n")
    missed = [
        f"{data}: {model} {method} {one['median']} ms"
        for data, models in found.items()
        for model, methods in models.items()
        for method, one in methods.items()
        if one["median"] > (LIMITS[method] if data == "digits" else max(LIMITS[method], 10.0))
    ]
    sys.stdout.write(f"{json.dumps(found, indent=1)}\nmissed: {', '.join(missed) or 'none'}\n")
    return int(bool(missed))


def _timed(address: str, instances: list[Any]) -> dict[str, dict[str, Any]]:
    """Median, 95th percentile and largest standard error, by model and method."""
    found: dict[str, dict[str, Any]] = {}
    with httpx.Client(base_url=address, timeout=60) as client:
        for model in client.get("/models").json()["models"]:
            name = model["name"]
            found[name] = {
                method: _method(client, name, method, instances) for method in model["explanations"]
            }
    return found


def _method(
    client: httpx.Client, model: str, method: str, instances: list[Any]
) -> dict[str, float]:
    body: Mapping[str, Any] = {"model": model, "method": method}
    client.post("/explain", json={**body, "instances": instances[:1]}).raise_for_status()
    taken, errors, gaps = [], [], []
    for instance in instances:
        content = json.dumps({**body, "instances": [instance]})
        started = time.perf_counter()
        answer = client.post(
            "/explain", content=content, headers={"content-type": "application/json"}
        )
        taken.append(1e3 * (time.perf_counter() - started))
        (one,) = answer.raise_for_status().json()["explanations"]
        errors.append(one["standard_error"] or 0.0)
        gaps.append(abs(one["gap"]) if one["additive"] else 0.0)
    taken.sort()
    return {
        "median": round(statistics.median(taken), 2),
        "p95": round(taken[int(0.95 * len(taken))], 2),
        "largest_standard_error": round(max(errors), 4),
        "largest_gap": max(gaps),
    }


def _table(name: str) -> dict[str, dict[str, Any]]:
    """The same of models that `fit` made of one of UCI's tables."""
    source = Path(os.environ.get("ROSENBLATT_DATA_DIR", "")) / "tables"
    with tempfile.TemporaryDirectory() as folder:
        data, models = Path(folder) / f"{name}.csv", Path(folder) / "models"
        write_csv(name, source, data)
        only = [part for c in ("linear", "xgboost", "additive") for part in ("--only", c)]
        subprocess.run(
            [sys.executable, "-m", "training", "fit", str(data), "--target", TABLES[name].target,
             "--budget", str(_BUDGET), "--out", str(models), "--yes", "--json", *only],
            stdout=subprocess.DEVNULL, check=True,
        )  # fmt: skip
        (chosen,) = {read_manifest(entry).comparison.chosen for entry in entries(models)}  # type: ignore[union-attr]
        contender = replace(
            CONTENDERS[0],
            environment={
                **CONTENDERS[0].environment,
                "ROSENBLATT_MODELS_DIR": str(models),
                "ROSENBLATT_DEFAULT_MODEL": chosen,
            },
        )
        with running(contender, subject().model) as server:
            with httpx.Client(base_url=server.address, timeout=60) as client:
                samples = client.get(f"/models/{chosen}/samples").json()["instances"]
            return _timed(server.address, (samples * ROWS)[:ROWS])
