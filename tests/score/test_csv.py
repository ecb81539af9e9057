"""CSV files as sources: any row of any file, without holding the file."""

from __future__ import annotations

import csv
import gzip
import io
import signal
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from service.errors import InvalidError, MalformedError
from service.score import csv_index
from service.score.csv_index import CsvIndex
from service.score.csv_source import CsvSource
from service.settings import Settings
from tests.faults import fault
from tests.score.conftest import Score
from tests.score.process import await_parts, command, ended, peak_memory

FIELDS = st.text(st.sampled_from('ab"\n\r, ;é'), max_size=6)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]], str]:
    """A header, rows, and the file that Python's csv module makes of them."""
    width = draw(st.integers(1, 4))
    header = [f"c{i}" for i in range(width)]
    rows = draw(st.lists(st.lists(FIELDS, min_size=width, max_size=width), max_size=12))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    buffer = io.StringIO(newline="")
    # All are quoted: an empty line is one null of one column, and a field that may not begin with
    # quotes is an invalid one.
    csv.writer(buffer, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    text = buffer.getvalue()
    return header, rows, text.removesuffix(end) if draw(st.booleans()) else text


@hypothesis_settings(max_examples=200, deadline=None)
@given(table=tables(), chunk=st.integers(1, 30), step=st.integers(1, 5), data=st.data())
def test_any_span_of_any_file_is_what_the_csv_module_reads(
    table: tuple[list[str], list[list[str]], str], chunk: int, step: int, data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    header, rows, text = table
    path = tmp_path_factory.mktemp("csv") / "in.csv"
    path.write_bytes(text.encode())
    start = data.draw(st.integers(0, len(rows)))
    count = data.draw(st.integers(0, len(rows) - start))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_index, "_CHUNK_BYTES", chunk)
        patch.setattr(csv_index, "STEP", step)
        source = CsvSource(path, Settings())
        found = source.read(start, count)
        source.close()
    assert source.rows == len(rows)
    assert found.columns == header
    assert [list(row) for row in found.rows()] == rows[start : start + count]


@pytest.mark.parametrize("name", ["in.csv", "in.csv.gz"])
def test_a_byte_order_mark_and_empty_fields(name: str, tmp_path: Path) -> None:
    text = "\ufeffa,b\n1,\n,2\n".encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    source = CsvSource(tmp_path / name, Settings())
    assert source.read(0, 2).rows() == [("1", None), (None, "2")]
    source.close()


BROKEN: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "{} begins with no names of columns; write a header of at most 1,048,576 byt"),
    "an empty line": (b"\n1\n", "{} begins with no names of columns"),
    "a name twice": (b"a,b,a\n", '{} names the column "a" twice; rename one'),
    "a short row": (b"a,b\n1,2\n3\n", "row 1 of {} has 1 fields; the header has 2"),
    "a long row": (b"a,b\n1,2\n3,4,5\n", "row 1 of {} has 3 fields; the header has 2"),
    "an empty row": (b"a,b\n1,2\n\n3,4\n", "row 1 of {} has 1 fields; the header has 2"),
    "a short last row": (b"a,b\n1,2\n3", "row 1 of {} has 1 fields; the header has 2"),
    "open quotes": (b'a,b\n1,2\n"3,4\n5,6\n', "row 1 of {} does not end its quotes; close them"),
    "a long field": (b"a,b\n1," + b"x" * 5000, "row 0 of {} holds more than 2,048 bytes, the lim"),
    "a long open field": (b'a,b\n"1,' + b"\n" * 5000, "row 0 of {} holds more than 2,048 bytes"),
    "no gzip": (b"a,b\n", "{} cannot be read: Not a gzipped file"),
    "cut gzip": (gzip.compress(b"a,b\n" * 99)[:-9], "{} cannot be read as CSV: Compressed file"),
    "a header in another encoding": (b"\xff\xfe", "{} cannot be read as CSV: 'utf-8' codec can't"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_before_a_row_is_scored(case: str, tmp_path: Path) -> None:
    data, sentence = BROKEN[case]
    path = tmp_path / ("in.csv.gz" if "gzip" in case else "in.csv")
    path.write_bytes(data)
    with pytest.raises((InvalidError, MalformedError)) as caught:
        CsvSource(path, Settings(max_body_bytes=2048))
    assert str(caught.value).startswith(sentence.format(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [(b"a\n\xff\n", "invalid utf-8"), (b'a,b\n"x"y,1\n', "could not parse")],
)
def test_what_the_count_does_not_see_ends_the_reading(
    data: bytes, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(data)
    source = CsvSource(path, Settings())
    with pytest.raises(MalformedError, match=sentence):
        source.read(0, 1)
    source.close()


def test_a_file_that_changes_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"a\n" + b"1\n" * 9)
    source = CsvSource(path, Settings())
    before = source.fingerprint()
    path.write_bytes(b"a\n" + b"1234567\n" * 3)
    with pytest.raises(MalformedError, match="rows from row 0 where 9 were counted; check its"):
        source.read(0, 9)
    assert source.fingerprint() != before
    source.close()


def test_the_index_is_small(tmp_path: Path) -> None:
    file = io.BytesIO(b"1\n" * 100_000)
    index = CsvIndex(file, fields=1, separator=",", max_bytes=9, name="x")
    assert index.rows == 100_000
    assert len(index.starts) == 99
    assert index.span(2_000, 10) == (2_048, 4_096, 976)


def _loans(path: Path, rows: int) -> Path:
    pl.DataFrame({"id": range(rows)}).with_columns(
        age=pl.col("id") % 90, income=pl.col("id") * 0.5,
        town=pl.when(pl.col("id") % 3 == 0).then(pl.lit("Oslo")),
        note=pl.format('a "note",\nof two lines {}', "id"),
    ).write_csv(path)  # fmt: skip
    return path


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["in.csv", "in.csv.gz"])
@fault("score-killed")
def test_an_interrupted_run_is_taken_up_byte_for_byte(
    name: str, models: Path, score: Score, tmp_path: Path
) -> None:
    plain = _loans(tmp_path / "in.csv", 6000)
    source = tmp_path / name
    if name.endswith("gz"):
        source.write_bytes(gzip.compress(plain.read_bytes()))
    target = tmp_path / "out"
    options: tuple[Any, ...] = ("--model", "loans", "--batch-rows", 50)
    process = command(models, source, target, *options, "--threads", 1)
    await_parts(process, tmp_path / "out.parts", 5)
    process.send_signal(signal.SIGKILL)
    ended(process)
    assert process.returncode == -9
    assert score(source, target, *options) == 0
    assert score(source, tmp_path / "whole", *options) == 0
    assert target.read_bytes() == (tmp_path / "whole").read_bytes()
    out = pl.read_parquet(target)
    assert_frame_equal(
        out.select("id", "note"), pl.read_csv(plain, infer_schema=False)["id", "note"]
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs the peak memory of a child")
def test_peak_memory_does_not_grow_with_the_rows(models: Path, tmp_path: Path) -> None:
    """From 200,000 to 1,000,000 rows, of 44 MB."""
    peaks = [
        peak_memory(models, _loans(tmp_path / f"{rows}.csv", rows), tmp_path / "out",
                    "--overwrite", "--model", "loans")
        for rows in (200_000, 1_000_000)
    ]  # fmt: skip
    assert peaks[1] < peaks[0] + 30e6, peaks
