"""Latency of a decision in process, and decisions per second over HTTP, on random facts."""

from __future__ import annotations

import gc
import json
import os
import random
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.load import closed_loop
from benchmarks.models import processor
from benchmarks.serving.contenders import CONTENDERS
from benchmarks.serving.process import running
from benchmarks.serving.subject import subject
from guide.facts import CHOICES, INTEGERS, NAMES
from service.build import build
from service.settings import Settings

REQUESTS = 2_000
SECONDS = 8


def main(target: Path) -> None:
    bodies = [json.dumps(facts).encode() for facts in random_requests(REQUESTS)]
    taken = sorted(in_process(bodies))
    load = over_http(bodies)
    document = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "requests": REQUESTS,
        "in_process_ms": {
            "median": round(statistics.median(taken) * 1e3, 3),
            "p99": round(taken[int(len(taken) * 0.99)] * 1e3, 3),
            "max": round(taken[-1] * 1e3, 3),
        },
        "http": {
            "connections": 8,
            "seconds": SECONDS,
            "requests_per_second": load.requests_per_second,
            "p99_ms": load.p99,
            "errors": load.errors,
        },
    }
    target.write_text(json.dumps(document, indent=2) + "\n")
    print(json.dumps(document, indent=2))


def random_requests(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Requests with random facts; each fact is stated with a probability of one half."""
    rng = random.Random(seed)
    return [random_facts(rng) for _ in range(count)]


def random_facts(rng: random.Random) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name in NAMES:
        if rng.random() < 0.5:
            continue
        if name in INTEGERS:
            facts[name] = int(10 ** rng.uniform(0, 7))
        elif name == "latency_ms":
            facts[name] = round(10 ** rng.uniform(-2, 3), 3)
        elif name == "rarest_class_share":
            facts[name] = round(rng.uniform(0.001, 0.5), 3)
        elif name == "modalities":
            facts[name] = rng.sample(CHOICES[name], rng.choice((1, 1, 1, 2)))
        else:
            facts[name] = rng.choice(CHOICES[name])
    if facts.get("n_labelled", 0) > facts.get("n_rows", float("inf")):
        facts["n_labelled"] = facts["n_rows"]
    return facts


def in_process(bodies: list[bytes]) -> list[float]:
    """Seconds from the body of each request to the body of its response, without cached results."""
    recommender = build(Settings(provider="cpu")).recommender
    # The service does the same after loading.
    gc.collect()
    gc.freeze()
    taken = []
    for body in bodies:
        started = time.perf_counter()
        recommender.recommend_body(body)
        taken.append(time.perf_counter() - started)
    return taken


def over_http(bodies: list[bytes]) -> Any:
    with running(CONTENDERS[0], subject().model) as server:
        url = server.url("/recommend")
        closed_loop(url, bodies, connections=8, seconds=2)  # warm up
        return closed_loop(url, bodies, connections=8, seconds=SECONDS)
