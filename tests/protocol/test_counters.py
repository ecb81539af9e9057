"""Counters of several workers."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from service.protocol.counters import Counters
from tests.conftest import ROOT


def test_without_a_folder_a_process_counts_for_itself() -> None:
    one, other = Counters(3), Counters(3)
    one.own[1] += 5
    assert one.all().tolist() == [[0, 5, 0]]
    assert other.all().tolist() == [[0, 0, 0]]


def test_every_worker_reads_what_all_have_counted(tmp_path: Path) -> None:
    folder = tmp_path / "cnn" / "1"
    workers = [Counters(2, folder, str(n)) for n in range(3)]
    for n, worker in enumerate(workers):
        worker.own[0] += 10**n
        worker.own[1] = -n
    for n, worker in enumerate(workers):
        assert worker.all()[0].tolist() == [10**n, -n]
        assert worker.all().sum(axis=0).tolist() == [111, -3]


def test_what_a_killed_worker_counted_stays(tmp_path: Path) -> None:
    """And a worker that gets its process id counts on."""
    code = (
        "import pathlib, sys, time; from service.protocol.counters import Counters\n"
        f"Counters(2, pathlib.Path({str(tmp_path)!r})).own[1] += 7\n"
        "print('counted', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "counted\n"
        os.kill(worker.pid, signal.SIGKILL)
    assert Counters(2, tmp_path).all().sum(axis=0).tolist() == [0, 7]
    successor = Counters(2, tmp_path, str(worker.pid))
    successor.own[1] += 1
    assert Counters(2, tmp_path).all().sum(axis=0).tolist() == [0, 8]


@pytest.mark.parametrize("content", [b"", b"12345", bytes(8), bytes(800)])
def test_a_file_of_another_size_is_not_read_and_starts_anew(tmp_path: Path, content: bytes) -> None:
    """A worker may be about to write its own; and a version of the service may have left one."""
    (tmp_path / "77").write_bytes(content)
    reader = Counters(2, tmp_path, "1")
    reader.own[0] = 4
    assert reader.all().tolist() == [[4, 0]]
    Counters(2, tmp_path, "77").own[0] = 5
    assert reader.all().tolist() == [[4, 0], [5, 0]]


def test_a_folder_that_is_emptied_leaves_what_this_worker_counted(tmp_path: Path) -> None:
    folder = tmp_path / "statistics"
    mine, other = Counters(1, folder, "1"), Counters(1, folder, "2")
    mine.own[0] += 1
    other.own[0] += 2
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    mine.own[0] += 1
    assert mine.all().tolist() == [[2]]


def test_an_unwritable_folder_is_logged_and_counts_stay_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.WARNING):
        counters = Counters(1, tmp_path / "file" / "folder")
    assert "cannot be written (Not a directory), so statistics cover one worker only" in caplog.text
    counters.own[0] += 3
    assert counters.all().tolist() == [[3]]


def test_a_reader_never_sees_half_a_number(tmp_path: Path) -> None:
    """All eight bytes change with each store."""
    writer, reader = Counters(1, tmp_path, "1"), Counters(1, tmp_path, "2")
    values = (0, 0x0102030405060708, -1)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for value in values:
                writer.own[0] = value

    thread = threading.Thread(target=write)
    thread.start()
    try:
        seen = {int(reader.all()[1, 0]) for _ in range(2000)}
    finally:
        stop.set()
        thread.join()
    assert seen <= set(values)
    assert np.iinfo(np.int64).bits == 8 * reader.own.itemsize
