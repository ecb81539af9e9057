"""CSV text -> a table of strings; every limit is checked before a cell is built."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import polars as pl

from profiler import header
from profiler.errors import UnreadableError
from profiler.limits import Limits
from profiler.messages import count, listed
from profiler.preamble import without_preamble
from profiler.records import DELIMITER_NAMES
from profiler.shape import (
    Source,
    check_shape,
    check_text,
    doubled_quotes,
    quote_advice,
    ragged,
    source_of,
)
from profiler.table import Table, check_names, check_rows
from profiler.translate_errors import polars_errors


def read_csv(data: bytes, limits: Limits) -> Table:
    """Read CSV text. Cells stay strings; an empty cell is null.

    Raises:
        UnreadableError: not UTF-8, NUL bytes, ragged rows, unbalanced quotes.
        ContentError: no rows, or column names that repeat or are too long.
        TooLargeError: more rows, columns or unpacked bytes than the limits.
    """
    notes = []
    if data.startswith(codecs.BOM_UTF8):
        data = data.removeprefix(codecs.BOM_UTF8)
        notes.append("the byte order mark at the start was skipped")
    check_text(data)
    text = doubled_quotes(without_preamble(data))
    source = source_of(text, limits)
    notes += [*text.notes, *_skipped(source, text.blanked)]
    warnings: list[str] = []
    frame, cells = _trimmed(*_cells(source, limits, notes, warnings), notes)
    names = _names(cells, notes if not warnings else [])
    check_rows(frame.height, limits)
    frame.columns = names
    if len(names) > 1:
        notes.insert(0, f"fields are delimited by {DELIMITER_NAMES[text.delimiter]}")
    return Table(
        "csv",
        frame,
        names=tuple(names),
        rows=frame.height,
        delimiter=text.delimiter if len(names) > 1 else None,
        notes=tuple(notes),
        warnings=tuple(warnings),
    )


def _cells(
    source: Source, limits: Limits, notes: list[str], warnings: list[str]
) -> tuple[pl.DataFrame, list[str | None]]:
    """The rows, and the cell of the header over each column; none if the first line is a row."""
    cells = _header(source)
    width = check_shape(source, limits)
    frame = _parse(source, 1, width)
    if width != len(cells) or not header.is_data([cell or "" for cell in cells], frame):
        return frame, _fitted(source, cells, frame, notes)
    warnings.append(
        "the first line looks like data, so it is a row, and the columns are named by their "
        'position: "column_1" and so on; add a header line if it is one'
    )
    return _parse(source, 0, width), [None] * width


def _skipped(source: Source, blanked: int) -> list[str]:
    """Notes on the lines that are no records."""
    notes = []
    if source.comments:
        notes.append(f"{count(source.comments, 'comment line')} between the rows skipped")
    if blank := source.records.blank - blanked:
        notes.append(f"{count(blank, 'blank line')} skipped")
    return notes


def _header(source: Source) -> list[str | None]:
    """The cells of the first record."""
    start, end = int(source.records.starts[0]), int(source.records.ends[0])
    line = source.data[start:end].removesuffix(b"\r")
    with _csv_errors(source):
        return list(_read(line, source.mark, b"\n", header=False).row(0))


def _parse(source: Source, first: int, width: int) -> pl.DataFrame:
    """The cells from a record on, below a header of numbers."""
    line = source.mark.join(str(i) for i in range(width)).encode() + source.line_end
    data = b"".join((line, *source.lines(first)))
    rows = len(source.records) - first
    with _csv_errors(source):
        frame = _read(data, source.mark, source.line_end, header=True)
    if frame.shape != (rows, width):
        raise UnreadableError(
            f"file has {rows:,} lines of {width:,} fields but reads as {frame.height:,} rows "
            f"of {frame.width:,}; {quote_advice(source)}"
        )
    return frame


@contextmanager
def _csv_errors(source: Source) -> Iterator[None]:
    """The errors of polars, with the place of the first wrong quote."""
    try:
        with polars_errors("read as CSV", "check it"):
            yield
    except UnreadableError as error:
        raise UnreadableError(f"{error}: {quote_advice(source)}") from error


def _read(data: bytes, delimiter: str, line_end: bytes, *, header: bool) -> pl.DataFrame:
    return pl.read_csv(
        io.BytesIO(data),
        separator=delimiter,
        eol_char=line_end.decode(),
        has_header=header,
        infer_schema=False,
    )


def _fitted(
    source: Source, cells: list[str | None], frame: pl.DataFrame, notes: list[str]
) -> list[str | None]:
    """One cell of the header for each column, where the rows have a field more or less.

    Raises:
        UnreadableError: nothing explains the difference.
    """
    if frame.width == len(cells):
        return _unquoted(cells, notes)
    if frame.width < len(cells) and not cells[-1]:
        notes.append("the header ends in a delimiter that the rows do not have")
        return cells[:-1]
    if frame.width > len(cells) and frame[:, -1].null_count() == frame.height:
        notes.append("every row ends in a delimiter that the header does not have")
        return [*cells, None]
    if frame.width > len(cells) and _name_rows(frame[:, 0]):
        notes.append("the header has one name fewer than the rows have fields: the first is theirs")
        return [None, *cells]
    raise ragged(source, 1)


def _name_rows(column: pl.Series) -> bool:
    """Whether a column holds the names of rows, or their numbers, as R writes them."""
    if column.n_unique() < len(column) or column.has_nulls():
        return False
    numbers = column.cast(pl.Int64, strict=False)
    if numbers.null_count() == len(numbers):
        return column.cast(pl.Float64, strict=False).null_count() == len(column)
    return numbers.to_list() == list(range(1, len(numbers) + 1))


def _unquoted(cells: list[str | None], notes: list[str]) -> list[str | None]:
    """Names without the single quotes around every one of them."""
    texts = [(cell or "").strip() for cell in cells]
    if not all(len(text) > 1 and text[0] == text[-1] == "'" for text in texts):
        return cells
    notes.append("the single quotes around the column names were left out")
    return [text[1:-1] for text in texts]


def _trimmed(
    frame: pl.DataFrame, cells: list[str | None], notes: list[str]
) -> tuple[pl.DataFrame, list[str | None]]:
    """Without the empty columns that have no name, and without empty rows at the end."""
    empty = [
        i for i, cell in enumerate(cells)
        if not (cell or "").strip() and frame[:, i].null_count() == frame.height
    ]  # fmt: skip
    if empty and len(empty) < frame.width:
        notes.append(f"{count(len(empty), 'empty column')} without a name left out")
        kept = [i for i in range(frame.width) if i not in set(empty)]
        frame, cells = frame[:, kept], [cells[i] for i in kept]
    if frame.width > 1 and all(cell is None for cell in frame.row(-1)):
        filled = (~frame.select(pl.all_horizontal(pl.all().is_null())).to_series()).arg_true()
        last = int(filled[-1]) + 1 if len(filled) else 0
        notes.append(f"{count(frame.height - last, 'empty row')} at the end left out")
        frame = frame.head(last)
    return frame, cells


def _names(cells: Sequence[str | None], notes: list[str]) -> list[str]:
    """All column names; those that the header has not are made from positions, and noted."""
    names = [(cell or "").strip() or f"column_{i}" for i, cell in enumerate(cells, 1)]
    check_names(names)
    unnamed = [name for name, cell in zip(names, cells, strict=True) if not (cell or "").strip()]
    if unnamed:
        notes.append(f"{count(len(unnamed), 'column')} without a name called {listed(unnamed)}")
    return names
