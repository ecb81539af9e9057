"""The serving benchmark with real servers: requests, checks and processes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from benchmarks.open_loop import open_loop
from benchmarks.serving.contenders import (
    CONTENDERS,
    OURS,
    PEERS,
    Contender,
    environment,
    in_turn,
)
from benchmarks.serving.process import check, running
from benchmarks.serving.requests import KINDS, request_of
from benchmarks.serving.rounds import gather
from benchmarks.serving.subject import Subject, subject

FLOORS = ("bare Starlette", "bare ASGI")


@pytest.fixture(scope="module")
def model() -> Subject:
    return subject()


def named(name: str) -> Contender:
    return next(contender for contender in CONTENDERS if contender.name == name)


@pytest.mark.parametrize(
    "name", [OURS, *(pytest.param(floor, marks=pytest.mark.slow) for floor in FLOORS)]
)
def test_a_server_answers_every_kind_of_request(name: str, model: Subject) -> None:
    contender = named(name)
    with running(contender, model.model) as server:
        used = server.cpu_seconds()
        for kind, path in contender.paths.items():
            one = request_of(kind, path, model.golden)
            check(server, one)
            outcome = open_loop(server.port, one.http, one.check, rate=40, seconds=0.5)
            assert outcome.statuses == {"200": 20}, kind
            wrong = dataclasses.replace(one, labels=[9 - label for label in one.labels])
            with pytest.raises(RuntimeError, match="answered wrong labels"):
                check(server, wrong)
        assert server.cpu_seconds() > used
        assert server.resident() > 20 * 2**20
        processes = server.processes()
    assert not any(process.is_running() for process in processes)


def test_a_server_that_ends_at_start_shows_its_log(model: Subject) -> None:
    broken = dataclasses.replace(named(OURS), command=("-c", "raise SystemExit('no such thing')"))
    failed = pytest.raises(RuntimeError, match=r"(?s)rosenblatt ended at start.*no such thing")
    with failed, running(broken, model.model):
        pass


def test_every_peer_pins_its_environment() -> None:
    peers = [contender for contender in CONTENDERS if contender.name != OURS]
    for contender in peers:
        lines = (contender.folder / "requirements.txt").read_text().splitlines()
        assert lines
        assert all("==" in line for line in lines), contender.name
        assert "onnxruntime==1.31.1" in lines
        assert set(contender.paths) <= set(KINDS)
    assert {contender.folder.parent for contender in peers} == {PEERS}


def test_no_server_is_always_first() -> None:
    assert in_turn(0)[0].name == in_turn(1)[-1].name == in_turn(2)[0].name == OURS


def test_ours_is_measured_with_its_own_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSENBLATT_MAX_ROWS", "3")
    variables = environment(named(OURS), 3000, Path("m"), Path("h"))
    set_here = {name for name in variables if name.startswith("ROSENBLATT_")}
    assert set_here == {"ROSENBLATT_WORKERS", "ROSENBLATT_PROVIDER"}


def test_rounds_are_gathered_by_key(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[str] = []

    def one(contender: Contender) -> list[tuple[str, dict[str, int]]]:
        seen.append(contender.name)
        return [(contender.name, {"turn": len(seen)})]

    assert gather(2, [OURS, "LitServe"], one) == {
        OURS: [{"turn": 1}, {"turn": 4}],
        "LitServe": [{"turn": 2}, {"turn": 3}],
    }
    assert len(capsys.readouterr().out.splitlines()) == 4
