"""Single rows of adult as JSON objects, in a closed loop: this service and FastAPI in turn."""

from __future__ import annotations

import json
import statistics
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.load import JSON, closed_loop
from benchmarks.models import processor
from benchmarks.serving.contenders import PEERS, UVICORN, Contender, ours
from benchmarks.serving.process import Running, running
from benchmarks.table import adult
from training.answers import run_graph

CONNECTIONS = (1, 8)
LEAST_RATIO = 1.5  # at 8 connections
# Number of different rows; the requests cycle through them.
ROWS = 50
_WARM_UP_SECONDS = 2
FASTAPI = "FastAPI + pydantic"


def main(target: Path, rounds: int, seconds: int) -> int:
    """Measure and write the results to `target`; returns 1 if the bar is missed."""
    with tempfile.TemporaryDirectory() as folder:
        model = adult.repository(Path(folder))
        found = _measure(model, Path(folder), rounds, seconds)
    document = {"processor": processor(), "rounds": rounds, "seconds": seconds, **found}
    target.write_text(json.dumps(document, indent=1) + "\n")
    ratio = document["ratio"]["8"]
    held = ratio >= LEAST_RATIO and not document["errors"]
    print(f"{'met' if held else 'MISSED'}: {ratio:.2f} times {FASTAPI}, at least {LEAST_RATIO}")
    return 0 if held else 1


def _measure(model: Path, models: Path, rounds: int, seconds: int) -> dict[str, Any]:
    test = adult.load("test")
    bodies = [json.dumps({"instances": [row]}).encode() for row in test.objects(ROWS)]
    labels = run_graph(model.read_bytes(), test.batch(ROWS))["label"]
    rates: dict[str, dict[str, list[float]]] = {}
    errors = 0
    for turn in range(rounds):
        contenders = _contenders(models)
        for contender in contenders if turn % 2 == 0 else contenders[::-1]:
            with running(contender, model) as server:
                _check(server, bodies, labels)
                url = server.url("/predict")
                closed_loop(url, bodies, 8, _WARM_UP_SECONDS, JSON)
                for connections in CONNECTIONS:
                    load = closed_loop(url, bodies, connections, seconds, JSON)
                    errors += load.errors
                    by_connections = rates.setdefault(contender.name, {})
                    by_connections.setdefault(str(connections), []).append(load.requests_per_second)
                    print(contender.name, connections, load, flush=True)
    ours_, theirs = rates[ours().name], rates[FASTAPI]
    ratio = {
        connections: statistics.median(
            mine / other
            for mine, other in zip(ours_[connections], theirs[connections], strict=True)
        )
        for connections in ours_
    }
    return {"requests_per_second": rates, "ratio": ratio, "errors": errors}


def _contenders(models: Path) -> list[Contender]:
    environment = {
        **ours().environment,
        "ROSENBLATT_MODELS_DIR": str(models),
        "ROSENBLATT_DEFAULT_MODEL": "adult",
    }
    mine = Contender(ours().name, ours().folder, ours().command, {}, "/readyz", environment)
    fastapi = Contender(
        FASTAPI, PEERS / "fastapi", (*UVICORN, "table:app"), {},
        environment={"LABELS": ",".join(adult.LABELS)},
    )  # fmt: skip
    return [mine, fastapi]


def _check(server: Running, bodies: list[bytes], labels: np.ndarray) -> None:
    """Check the label of every row, so that no wrong server is measured."""
    for body, label in zip(bodies, labels, strict=True):
        request = urllib.request.Request(server.url("/predict"), body, dict(JSON))
        with urllib.request.urlopen(request, timeout=30) as response:
            (prediction,) = json.load(response)["predictions"]
        if prediction["label"] != adult.LABELS[label]:
            raise RuntimeError(f"{server.address} answered {prediction} for {body!r}")
