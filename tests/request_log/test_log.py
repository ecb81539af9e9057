"""The thread that writes: bounded, and it fails no request."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from service.request_log.log import MOST_WAITING, MOST_WAITING_BYTES, RequestLog
from tests.faults import fault

MIB = 2**20


class Told(Counter[str]):
    """Outcomes, counted."""

    def __call__(self, outcome: str, requests: int) -> None:
        self[outcome] += requests


class Gate:
    """A line that is made once the gate opens."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()

    def __call__(self) -> bytes:
        self.reached.set()
        assert self.open.wait(10)
        return b"first\n"


def test_what_does_not_fit_the_queue_is_dropped_and_counted(tmp_path: Path) -> None:
    told, gate = Told(), Gate()
    log = RequestLog(tmp_path, MIB, told)
    log.add(gate, 1)
    assert gate.reached.wait(10)
    for _ in range(MOST_WAITING + 5):
        log.add(lambda: b"later\n", 1)
    assert told == {"queue_full": 5}
    gate.open.set()
    log.close()
    assert told == {"queue_full": 5, "written": MOST_WAITING + 1}
    (path,) = tmp_path.iterdir()
    assert path.read_bytes() == b"first\n" + b"later\n" * MOST_WAITING


def test_bytes_that_wait_are_bounded_too(tmp_path: Path) -> None:
    told, gate = Told(), Gate()
    log = RequestLog(tmp_path, MIB, told)
    log.add(gate, MOST_WAITING_BYTES - 10)
    assert gate.reached.wait(10)
    log.add(lambda: b"fits\n", 10)
    log.add(lambda: b"too much\n", 1)
    gate.open.set()
    log.close()
    assert told == {"queue_full": 1, "written": 2}
    log.add(lambda: b"too late\n", 1)
    assert told["queue_full"] == 2


def test_a_line_longer_than_a_file_is_dropped(tmp_path: Path) -> None:
    told = Told()
    log = RequestLog(tmp_path, MIB, told)
    log.add(lambda: b"x" * (MIB // 32 + 1), 1)
    log.close()
    assert told == {"too_long": 1}
    assert list(tmp_path.iterdir()) == []


@fault("no-resources")
def test_a_folder_that_breaks_is_said_once_and_used_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, told = tmp_path / "log", Told()
    folder.write_text("a file where the folder should be")
    log = RequestLog(folder, MIB, told)
    for _ in range(3):
        log.add(lambda: b"lost\n", 1)
    while told["failed"] < 3:
        pass
    folder.unlink()
    log.add(lambda: b"kept\n", 1)
    log.close()
    assert told == {"failed": 3, "written": 1}
    errors = [r for r in caplog.records if r.levelname == "ERROR"]
    assert len(errors) == 1
    assert "requests are answered all the same" in errors[0].getMessage()
