"""One model over batches of any size: decode, predict, encode, on every core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from contract.batch import Array, Batch
from contract.messages import short
from contract.repository import Entry, entries
from contract.rollout import stable_version
from service.cores import cores
from service.errors import InvalidError, NotFoundError
from service.inference.session import Session, load
from service.instances.predictions import PredictionEncoder, no_answer
from service.score.columns import Bound, Opened, bind, bind_arrays
from service.score.problems import Problems, Where, cell
from service.score.results import columns_of
from service.score.sources import Source
from service.settings import Settings, settings

OnError = Literal["fail", "null"]
# Bytes of inputs that a batch holds unless its rows are named, and its most rows.
_BATCH_BYTES = 64 * 2**20
_BATCH_ROWS = 8192


@dataclass(frozen=True)
class Scores:
    """Answers of rows.

    Attributes:
        results: the arrays of the model's columns, [rows, ...].
        good: which rows have an answer, [rows].
        error: text [rows], None where there is an answer.
    """

    results: list[Array]
    good: NDArray[np.bool_]
    error: NDArray[np.object_]


class Scorer:
    """A loaded model that scores batches. Safe to call from several threads.

    Rows run in pieces, a thread and a single-threaded session run for each: one piece is decoded
    while another is predicted, and answers do not depend on the number of threads.

    Args:
        model: its name; the service's default unless given.
        version: unless given, a rollout's stable one, or else the highest.
        column: of the only input that is no column of a table; found by its type unless given,
            and `image` in a batch of arrays.
        prefix: stands before the names of the columns of results.
        on_error: `fail` raises at the first bad row; `null` answers null and fills `error`.
        threads: the cores this process may use unless given.
        given: settings; of the environment unless given.

    Raises:
        NotFoundError: no such model or version.
        ContractError: the model was refused by its audit.
        StartupError: the provider setting cannot be fulfilled.
    """

    def __init__(
        self,
        model: str | None = None,
        version: str | None = None,
        *,
        column: str | None = None,
        prefix: str = "",
        on_error: OnError = "fail",
        threads: int | None = None,
        given: Settings | None = None,
    ) -> None:
        self.settings = (given or settings()).model_copy(update={"intra_op_threads": 1})
        entry = _entry(self.settings, model or self.settings.default_model, version)
        self.session: Session = load(entry, self.settings)
        self.column = column
        self.prefix = prefix
        self.on_error = on_error
        self._columns = columns_of(self.session.manifest)
        self._encoder = PredictionEncoder(self.session.manifest)
        self._turn = Lock()
        self._pool = ThreadPoolExecutor(threads or cores(), thread_name_prefix="score")

    @property
    def batch_rows(self) -> int:
        """Rows of a batch unless they are named: fewer where a row is large."""
        row = sum(t.row_size * t.dtype.itemsize for t in self.session.manifest.inputs)
        return max(1, min(_BATCH_ROWS, _BATCH_BYTES // row))

    @property
    def error_column(self) -> str | None:
        """The name of the column of errors, if there is one."""
        return f"{self.prefix}error" if self.on_error == "null" else None

    @property
    def results(self) -> list[str]:
        """Names of the columns of results."""
        names = [*(column.name for column in self._columns), "model", "version"]
        errors = ["error"] if self.on_error == "null" else []
        return [f"{self.prefix}{name}" for name in (*names, *errors)]

    def bind(self, schema: Mapping[str, pl.DataType], source: str, *, untyped: bool) -> Bound:
        """Find the model's inputs among the columns of a source, and check their types.

        Raises:
            InvalidError: a column is missing or of a wrong type; a result would replace a column.
        """
        bound = bind(
            self.session.manifest, schema, source, self.settings, named=self.column,
            untyped=untyped,
        )  # fmt: skip
        self._check(bound.kept(list(schema)))
        return bound

    def bind_source(self, source: Source) -> Bound:
        """The same with a source."""
        return self.bind(source.schema, str(source.path), untyped=source.untyped)

    def __call__(self, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Score a batch of columns: all but images and arrays, then the results.

        Raises:
            InvalidError: a column is missing, or, unless `on_error` is `null`, a bad row.
            TooLargeError: an image beyond the limits, likewise.
        """
        bound = bind_arrays(self.session.manifest, batch, self.settings, self.column or "image")
        kept = {name: batch[name] for name in bound.kept(list(batch))}
        self._check(list(kept))
        rows = len(next(iter(batch.values())))
        scores = self._score(bound, batch, rows, _where_in_batch)
        answers = [
            *scores.results,
            np.full(rows, self.session.name, object),
            np.full(rows, self.session.version, object),
            scores.error,
        ]
        return kept | dict(zip(self.results, answers, strict=False))

    def frame(self, frame: pl.DataFrame, bound: Bound, where: Where) -> pl.DataFrame:
        """The same over a frame: the columns that stay, then the results, as they are written.

        Args:
            where: names a cell in errors.
        """
        scores = self._score(bound, frame.to_dict(), frame.height, where)
        pairs = zip(self._columns, scores.results, strict=True)
        answers = [
            *(column.series(array, scores.good) for column, array in pairs),
            pl.repeat(self.session.name, frame.height, dtype=pl.String, eager=True),
            pl.repeat(self.session.version, frame.height, dtype=pl.String, eager=True),
            pl.Series(scores.error.tolist(), dtype=pl.String),
        ]
        named = [series.alias(name) for series, name in zip(answers, self.results, strict=False)]
        # Not with_columns: of a frame without columns the height is lost.
        return pl.DataFrame([*frame.select(bound.kept(frame.columns)).get_columns(), *named])

    def close(self) -> None:
        """Let the threads go; pieces not begun are dropped."""
        self._pool.shutdown(cancel_futures=True)

    def _score(self, bound: Bound, columns: Mapping[str, Any], rows: int, where: Where) -> Scores:
        opened = bound.open(columns, Problems(where, fail=self.on_error == "fail"))
        size = self.session.chunk_rows
        pieces = [
            self._pool.submit(self._piece, opened, start, min(start + size, rows))
            for start in range(0, rows, size)
        ]
        try:
            parts = [piece.result() for piece in pieces]
        finally:
            for piece in pieces:
                piece.cancel()
        if not parts:
            nothing = np.empty(0, bool)
            results = [column.array(None, nothing) for column in self._columns]
            return Scores(results, nothing, np.empty(0, object))
        return Scores(
            [np.concatenate(arrays) for arrays in zip(*(p.results for p in parts), strict=True)],
            np.concatenate([part.good for part in parts]),
            np.concatenate([part.error for part in parts]),
        )

    def _piece(self, opened: Opened, start: int, end: int) -> Scores:
        """Decode and predict one piece."""
        # Pillow holds the interpreter's lock but for moments: threads that decode at the same time
        # only take it from one another, which measured 2 times slower than taking turns.
        with self._turn:
            batch, problems = opened.piece(start, end)
        rows = [row for row in range(end - start) if row not in problems.sentences]
        if problems.sentences:
            batch = batch.take(rows)
        outputs = self._answers(batch, rows, problems)
        good = np.ones(end - start, bool)
        error = np.full(end - start, None, object)
        for row, sentence in problems.sentences.items():
            good[row], error[row] = False, sentence
        return Scores([column.array(outputs, good) for column in self._columns], good, error)

    def _answers(self, batch: Batch, rows: Sequence[int], problems: Problems) -> Batch | None:
        """The outputs of the rows that have an answer; the others become problems.

        Args:
            rows: the place of each row of the batch in its piece.

        Raises:
            InvalidError: the first row without an answer, if problems are raised.
        """
        if not rows:
            return None
        try:
            outputs = self.session.predict(batch)
        except InvalidError as error:
            if len(rows) == 1:
                problems.add(rows[0], None, f"has no answer: {error}")
                return None
            half = len(rows) // 2
            parts = [
                self._answers(batch.slice(0, half), rows[:half], problems),
                self._answers(batch.slice(half, len(rows)), rows[half:], problems),
            ]
            found = [part for part in parts if part is not None]
            return Batch.join(found) if found else None
        wrong = self._encoder.without_answer(outputs)
        for i, output in wrong.items():
            problems.add(rows[i], None, no_answer(output))
        return outputs.take([i for i in range(len(rows)) if i not in wrong]) if wrong else outputs

    def _check(self, kept: list[str]) -> None:
        """Refuse columns that the results would replace.

        Raises:
            InvalidError: naming the first.
        """
        if taken := [column for column in self.results if column in kept]:
            raise InvalidError(
                f"column {short(taken[0])} of the source has the name of a column of results; "
                "name a prefix for those, such as --prefix predicted_"
            )


def _where_in_batch(row: int, column: str | None) -> str:
    return cell(f"row {row} of a batch", column)


def _entry(given: Settings, model: str, version: str | None) -> Entry:
    """The version directory to load: unless named, a rollout's stable one, or else the highest.

    Raises:
        NotFoundError: no such model or version.
        RepositoryError: the repository cannot be read.
    """
    found = entries(given.models_dir)
    versions = {str(entry.version): entry for entry in found if entry.name == model}
    if not versions:
        names = ", ".join(sorted({entry.name for entry in found})) or "none"
        raise NotFoundError(f"model {model!r} is unknown; choose from {names}")
    if version is not None and version not in versions:
        raise NotFoundError(
            f"model {model!r} has no version {version!r}; it has {', '.join(versions)}"
        )
    if version is not None:
        return versions[version]
    stable = stable_version(given.models_dir / model)
    return versions.get(str(stable), max(versions.values()))
