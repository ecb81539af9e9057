"""Files -> profiles, each file read by a child of its own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from profiler import Limits, Reader, profile
from profiler.errors import ProfilerError, TargetError, TooLargeError, UnsupportedError
from tests.profiler.files import LIMITS, csv, images, iris, limits, look, parquet

IRIS = iris().write_csv().encode()


def children() -> set[int]:
    """The processes that read files for this one."""
    found = psutil.Process().children()
    return {child.pid for child in found if "profiler.child_main" in child.cmdline()}


@pytest.mark.parametrize(
    ("data", "target"),
    [(IRIS, "species"), (parquet(iris()), None), (images("a/1.png", "b/2.png"), None)],
    ids=["csv", "parquet", "images"],
)
def test_the_answer_is_that_of_the_child(reader: Reader, data: bytes, target: str | None) -> None:
    assert reader.profile(data, target) == look(data, target)


@pytest.mark.parametrize(
    ("data", "target", "error", "message"),
    [
        (IRIS, "colour", TargetError, 'target "colour" is not a column'),
        (b"%PDF-1.7", None, UnsupportedError, "a PDF document"),
    ],
)
def test_an_error_keeps_its_class_and_sentence(
    reader: Reader, data: bytes, target: str | None, error: type[ProfilerError], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        reader.profile(data, target)
    assert type(caught.value) is error


def test_without_a_spare_nothing_is_left() -> None:
    before = children()
    assert profile(IRIS, target=None, limits=LIMITS).facts["n_rows"] == 150
    assert children() == before


def test_a_child_reads_one_file_and_the_next_waits_already() -> None:
    before = children()
    with Reader(LIMITS) as reader:
        assert children() == before
        used = set()
        for _ in range(3):
            reader.profile(IRIS)
            (spare,) = children() - before
            used.add(spare)
        assert len(used) == 3
    assert children() == before


def test_a_spare_that_was_killed_is_replaced() -> None:
    before = children()
    with Reader(LIMITS) as reader:
        reader.profile(IRIS)
        (spare,) = children() - before
        psutil.Process(spare).kill()
        assert reader.profile(IRIS).facts["n_rows"] == 150


def test_a_file_that_ends_its_child_does_not_end_the_reader() -> None:
    with Reader(limits(seconds=0.001)) as late:
        for _ in range(2):
            with pytest.raises(ProfilerError, match=r"more than 0\.001 s to read"):
                late.profile(IRIS)


def test_threads_may_share_a_reader(reader: Reader) -> None:
    together = threading.Barrier(3)

    def ask(rows: int) -> object:
        together.wait()
        return reader.profile(csv("a,b", *["1,2"] * rows)).facts["n_rows"]

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(ask, range(1, 4))) == [1, 2, 3]


def test_a_file_of_too_many_bytes_starts_no_child(tmp_path: Path) -> None:
    before = children()
    with Reader(Limits(max_bytes=10)) as reader:
        with pytest.raises(TooLargeError, match="file holds 11 bytes; the limit is 10"):
            reader.profile(b"a,b,c\n1,2,3")
        assert children() == before
