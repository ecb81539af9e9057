"""Rollouts over a real server of two workers, from rollout.json to the verdict."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from tests.faults import fault
from tests.repositories import (
    LABELS,
    faulty_image_model,
    image_model,
    tiny_model,
    write_rollout,
)
from tests.server import Server, serve

IMAGES = np.random.default_rng(0).integers(0, 256, (64, 28, 28), np.uint8)
# What is certain after a few hundred requests; the tests' machines are busy, so times vary.
SOON: dict[str, Any] = {"max_error_difference": 0.05, "max_latency_ratio": 5}


def until(true: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def served(models: Path, **settings: str) -> Iterator[Server]:
    own = {"ROSENBLATT_MODELS_DIR": str(models), "ROSENBLATT_DEFAULT_MODEL": "alpha"}
    own |= {"ROSENBLATT_PROVIDER": "cpu", "ROSENBLATT_WORKERS": "2"}
    whole: dict[str, Any] = own | settings
    with serve(**whole) as server:
        counts = server.counts() / "alpha" / "1"
        until(lambda: len(list(counts.iterdir())) == 2)  # both have read the repository
        yield server


def copy_version(models: Path, version: str, source: str = "1") -> None:
    """Another version of `alpha` that is the same but for its number."""
    folder = models / "alpha" / version
    shutil.copytree(models / "alpha" / source, folder)
    manifest = folder / "manifest.json"
    text = manifest.read_text().replace(f'"version": "{source}"', f'"version": "{version}"')
    manifest.write_text(text)


def ask(server: Server, n: int, **fields: Any) -> list[tuple[int, Any]]:
    """Status and body of requests of one image each, on connections that both workers take."""

    def several(start: int) -> list[tuple[int, Any]]:
        found = []
        with server.client() as client:
            for i in range(start, start + 10):
                body = {"instances": IMAGES[i % 64 : i % 64 + 1].tolist(), **fields}
                answer = client.post("/predict", json=body)
                found.append((answer.status_code, answer.json()))
        return found

    with ThreadPoolExecutor(4) as pool:
        return [one for part in pool.map(several, range(0, n, 10)) for one in part]


def rollout(server: Server) -> Any:
    return httpx.get(f"{server.url}/models/alpha/rollout", timeout=30).json()


def verdict(server: Server, wanted: str, seconds: float = 120) -> Any:
    """The rollout once its verdict is this; requests are sent until then."""
    deadline = time.monotonic() + seconds
    while (found := rollout(server))["verdict"] != wanted:
        assert time.monotonic() < deadline, found
        assert {status for status, _ in ask(server, 40)} == {200}
        time.sleep(0.2)
    return found


def versions(answers: list[tuple[int, Any]]) -> set[str]:
    assert {status for status, _ in answers} == {200}
    return {body["version"] for _, body in answers}


def labels(answers: list[tuple[int, Any]]) -> list[str]:
    return [body["predictions"][0]["label"] for _, body in answers]


def metric(server: Server, name: str, **wanted: str) -> float:
    """The sum of a metric over all other labels."""
    lines = httpx.get(f"{server.url}/metrics").text.splitlines()
    parts = [f'{label}="{value}"' for label, value in wanted.items()]
    return sum(
        float(line.rpartition(" ")[2])
        for line in lines
        if line.startswith(f"rosenblatt_rollout_{name}{{") and all(part in line for part in parts)
    )


@pytest.mark.thorough
def test_a_shadow_that_is_the_same_is_to_be_promoted(tmp_path: Path) -> None:
    """From copying it in while the server serves to its promotion, with a killed worker between."""
    tiny_model(tmp_path, "alpha", "1", seed=1)
    with served(tmp_path) as server:
        missing = httpx.get(f"{server.url}/models/alpha/rollout")
        assert missing.status_code == 404
        assert missing.json()["error"].startswith(
            "model 'alpha' has no rollout; put a rollout.json"
        )
        copy_version(tmp_path, "2")
        write_rollout(tmp_path, "alpha", **SOON)
        load = f"{server.url}/v2/repository/models/alpha/load"
        assert httpx.post(load, timeout=120).status_code == 200
        assert versions(ask(server, 40)) == {"1"}
        until(lambda: rollout(server)["candidate"]["requests"] > 10)
        until(lambda: len(server.workers()) == 2)  # one that was replaced may still end
        killed, _ = server.workers()
        counted = rollout(server)["stable"]["requests"]
        assert counted == 40
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait(10)
        until(lambda: len(server.workers()) == 2)
        found = verdict(server, "promote")
        assert found["stable"]["requests"] > counted
        assert found["same_rows"] == found["compared_rows"] == found["candidate"]["rows"]
        assert found["candidate"]["failed"] == 0
        agreement = found["measures"][0]
        assert agreement["value"] == 1
        assert agreement["state"] == "met"
        assert not agreement["real"]
        assert metric(server, "rows_total", answer="same") >= agreement["observations"]
        assert metric(server, "rows_total", answer="other") == 0
        assert metric(server, "verdict", model="alpha", candidate="2") == 1
        # Nothing was promoted by itself; this does it.
        assert versions(ask(server, 40)) == {"1"}
        assert "remove rollout.json from the folder of model alpha" in found["how"]
        (tmp_path / "alpha/rollout.json").unlink()
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: httpx.get(f"{server.url}/models/alpha/rollout").status_code == 404)
        until(lambda: versions(ask(server, 20)) == {"2"})


def test_a_shadow_that_answers_otherwise_is_not(tmp_path: Path) -> None:
    """Clients get the stable version's answers and no others."""
    tiny_model(tmp_path, "alpha", "1", seed=1)
    tiny_model(tmp_path, "alpha", "2", seed=2)
    write_rollout(tmp_path, "alpha", **SOON)
    with served(tmp_path) as server:
        found = verdict(server, "keep")
        assert found["reasons"][0].startswith("version 2 gives the same answer as version 1 in ")
        assert found["measures"][0]["real"]
        answers = ask(server, 60)
        assert versions(answers) == {"1"}
        assert labels(answers) == labels(ask(server, 60, version="1"))
        before = rollout(server)["stable"]["requests"]
        assert versions(ask(server, 10, version="2")) == {"2"}
        for path in ("compare", "explain"):
            body = {"instances": IMAGES[:1].tolist()}
            answer = httpx.post(f"{server.url}/{path}", json=body, timeout=60).json()
            assert answer.get("models", [answer])[0]["version"] == "1"
        assert rollout(server)["stable"]["requests"] == before  # these chose for themselves
        listed = httpx.get(f"{server.url}/models").json()["models"]
        assert [one["default_version"] for one in listed] == [True, False]


@fault("bad-candidate")
@pytest.mark.parametrize("kind", ["nan", "raise", "slow"])
def test_a_bad_candidate_in_the_shadow_is_not_noticed(kind: str, tmp_path: Path) -> None:
    """It answers its golden inputs, so it is loaded, and fails on what comes, or takes long."""
    image_model(tmp_path, "alpha", 28, 28, LABELS)
    faulty_image_model(tmp_path, "alpha", kind, LABELS)
    write_rollout(tmp_path, "alpha", **SOON)
    with served(tmp_path) as server:
        found = verdict(server, "keep")
        answers = ask(server, 60)
        assert versions(answers) == {"1"}
        assert labels(answers) == labels(ask(server, 60, version="1"))
        if kind == "slow":
            assert "times as long as version 1" in found["reasons"][0]
            assert found["dropped"] > 0
            assert metric(server, "requests_total", outcome="dropped") > 0
        else:
            assert found["candidate"]["failed"] == found["candidate"]["requests"] > 0
            assert found["reasons"][0].startswith("the share of requests that fail is +100.00%")
        assert httpx.get(f"{server.url}/readyz").json()["state"] == "ready"


@pytest.mark.thorough
def test_a_canary_gets_its_share_of_both_protocols(tmp_path: Path) -> None:
    tiny_model(tmp_path, "alpha", "1", seed=1)
    copy_version(tmp_path, "2")
    write_rollout(tmp_path, "alpha", mode="canary", share=0.3, **SOON)
    infer = {
        "inputs": [
            {"name": "images", "datatype": "UINT8", "shape": [1, 28, 28],
             "data": IMAGES[0].ravel().tolist()}
        ]
    }  # fmt: skip
    with served(tmp_path) as server:
        answered = [body["version"] for _, body in ask(server, 400)]
        path = f"{server.url}/v2/models/alpha"
        with server.client() as client:
            for _ in range(200):
                answer = client.post(f"{path}/infer", json=infer).json()
                answered.append(answer["model_version"])
            named = client.post(f"{path}/versions/1/infer", json=infer).json()
            assert named["model_version"] == "1"
        # Five standard deviations.
        taken = answered.count("2")
        assert abs(taken - 180) < 5 * np.sqrt(600 * 0.3 * 0.7)
        until(lambda: rollout(server)["candidate"]["requests"] == taken)
        found = rollout(server)
        assert found["stable"] == {"version": "1", "requests": 600 - taken, "rows": 600 - taken,
                                   "failed": 0}  # fmt: skip
        assert found["candidate"]["rows"] == taken
        assert found["verdict"] == "undecided"
        assert {measure["name"] for measure in found["measures"]} == {
            "errors", "latency", "confidence", "labels",
        }  # fmt: skip
        assert [measure["real"] for measure in found["measures"]] == [False] * 4
        assert metric(server, "requests_total", role="candidate", outcome="answered") == taken


@pytest.mark.thorough
@fault("wrong-rollout")
def test_a_wrong_rollout_promotes_nothing(tmp_path: Path) -> None:
    """Copied in with a new version it is not loaded; at a start it is left out. Both say why."""
    tiny_model(tmp_path, "alpha", "1", seed=1)
    with served(tmp_path) as server:
        tiny_model(tmp_path, "alpha", "2", seed=2)
        (tmp_path / "alpha/rollout.json").write_text('{"mode": "shadow",}')
        load = f"{server.url}/v2/repository/models/alpha/load"
        answer = httpx.post(load, timeout=120)
        assert answer.status_code == 409
        assert "version 2 was refused: rollout.json is not valid: " in answer.json()["error"]
        assert versions(ask(server, 20)) == {"1"}
        assert httpx.get(f"{server.url}/readyz").json()["state"] == "degraded"
        write_rollout(tmp_path, "alpha")
        assert httpx.post(load, timeout=120).status_code == 200
        assert versions(ask(server, 20)) == {"1"}
        assert rollout(server)["state"] == "running"
    write_rollout(tmp_path, "alpha", candidate="7")
    with served(tmp_path) as server:
        assert versions(ask(server, 20)) == {"1"}
        found = rollout(server)
        assert (found["state"], found["answers"]) == ("faulty", "1")
        assert found["reason"].startswith("rollout.json: candidate is version 7, which is not in")
        ready = httpx.get(f"{server.url}/readyz").json()
        assert ready["state"] == "degraded"
        assert ready["rollouts"] == [{"name": "alpha", "reason": found["reason"]}]
        assert f"model alpha: {found['reason']}" in server.log.read_text()
