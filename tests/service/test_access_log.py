"""The access log while nobody reads standard output: bounded, and it says what it left out."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

import pytest

from service.access_log import MOST_WAITING, AccessLog, logger
from service.logs import UnlockedHandler
from tests.faults import fault

UNREAD = """
import asyncio, atexit, logging, sys
from service.access_log import AccessLog, logger
from service.logs import write_apart

logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))
write_apart(logger)

async def go():
    log = AccessLog(lambda path: path)
    atexit.register(log.flush)
    for _ in range(5_000):
        log.note("GET", "/", 200, 0.001)
    await asyncio.sleep(0.3)
    log.note("GET", "/last", 200, 0.001)

asyncio.run(go())
"""
FIRST, ROUNDS, EACH = 2_000, 5, 7_000  # the first lines are more than a pipe holds


@pytest.fixture
def pipe() -> Iterator[BinaryIO]:
    """The end of a pipe that nobody has read yet; the access log writes to the other one."""
    reading, writing = os.pipe()
    handler = logging.StreamHandler(os.fdopen(writing, "w"))
    logger.addHandler(handler)
    before, logger.propagate = logger.propagate, False
    with os.fdopen(reading, "rb") as reader:
        yield reader
        logger.removeHandler(handler)
        logger.propagate = before
        handler.stream.close()


def read(pipe: BinaryIO, count: int) -> list[str]:
    return [pipe.readline().decode().strip() for _ in range(count)]


def read_until(pipe: BinaryIO, word: str) -> list[str]:
    lines = read(pipe, 1)
    while word not in lines[-1]:
        lines += read(pipe, 1)
    return lines


@fault("no-resources")
def test_a_pipe_that_nobody_reads_costs_bounded_memory(pipe: BinaryIO) -> None:
    async def go(log: AccessLog) -> tuple[list[str], list[str]]:
        for number, count in enumerate([FIRST, *[EACH] * ROUNDS]):
            for _ in range(count):
                log.note("GET", f"round-{number}", 200, 0.001)
            await asyncio.sleep(0.25)  # longer than lines wait before they are handed over
        waiting = await asyncio.to_thread(read, pipe, FIRST + MOST_WAITING + 1)
        log.note("GET", "recovered", 200, 0.001)
        return waiting, await asyncio.to_thread(read_until, pipe, "recovered")

    waiting, after = asyncio.run(go(AccessLog(lambda path: path)))
    lost = re.match(r"(\d+) requests are not logged", waiting[-1])
    assert lost
    assert int(lost[1]) == ROUNDS * EACH - MOST_WAITING
    assert [line.split()[1] for line in after] == ["recovered"]


def test_a_pipe_that_nobody_reads_does_not_keep_the_process() -> None:
    with subprocess.Popen([sys.executable, "-c", UNREAD], stdout=subprocess.PIPE) as process:
        try:
            assert process.wait(20) == 0
        finally:
            process.kill()


def test_the_last_lines_are_written_at_the_end_of_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", UNREAD], capture_output=True, timeout=60)
    lines = done.stdout.splitlines()
    assert len(lines) == 5_001
    assert lines[-1].startswith(b"GET /last 200 ")


def test_a_line_is_whole_where_the_stream_does_not_block() -> None:
    """As where whoever started the process shares its pipe and uses it without blocking."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    line = "x" * 300_000  # more than a pipe holds
    with os.fdopen(reading) as read, os.fdopen(writing, "w") as stream:
        handler = UnlockedHandler(logging.StreamHandler(stream))
        record = logging.LogRecord("access", logging.INFO, "", 0, line, None, None)
        with ThreadPoolExecutor(1) as pool:
            written = pool.submit(handler.handle, record)
            assert read.readline() == line + "\n"
            written.result(10)
