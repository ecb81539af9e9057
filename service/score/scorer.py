"""One model over batches of any size: decode, predict, encode, on every core."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from contract.batch import Batch
from contract.messages import short
from contract.repository import Entry, entries
from service.cores import cores
from service.errors import InvalidError, NotFoundError
from service.inference.session import CHUNK_ROWS, Session, load
from service.score.cells import Where, decode
from service.settings import Settings, settings

if TYPE_CHECKING:
    import polars as pl

OnError = Literal["fail", "null"]
RESULTS = ("label", "probabilities", "model", "version")


@dataclass(frozen=True)
class Scores:
    """label: text [n], None where refused; probabilities: float32 [n, classes], NaN there."""

    label: NDArray[np.object_]
    probabilities: NDArray[np.float32]
    error: NDArray[np.object_]


class Scorer:
    """A loaded model that scores batches. Safe to call from several threads.

    Rows run in pieces of 256, a thread and a single-threaded session run for each: one piece is
    decoded while another is predicted, and answers do not depend on the number of threads.

    Args:
        model: its name; the service's default unless given.
        version: the highest unless given.
        column: the column that holds images.
        prefix: stands before the names of the columns of results.
        on_error: `fail` raises at the first bad image; `null` answers null and fills `error`.
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
        column: str = "image",
        prefix: str = "",
        on_error: OnError = "fail",
        threads: int | None = None,
        given: Settings | None = None,
    ) -> None:
        self._settings = (given or settings()).model_copy(update={"intra_op_threads": 1})
        entry = _entry(self._settings, model or self._settings.default_model, version)
        self.session: Session = load(entry, self._settings)
        self.column = column
        self.prefix = prefix
        self.on_error = on_error
        self.threads = threads or cores()
        self.names = {name: f"{prefix}{name}" for name in self._results()}
        self._turn = Lock()
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="score")

    def __call__(self, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Score a batch of columns: all but the images, then the results.

        Raises:
            InvalidError: there is no such column, or, unless `on_error` is `null`, a bad image.
            TooLargeError: an image beyond the limits, likewise.
        """
        if self.column not in batch:
            raise InvalidError(
                f"column {short(self.column)} is not among {', '.join(sorted(batch))}"
            )
        kept = {name: values for name, values in batch.items() if name != self.column}
        self.check(list(kept))
        cells = batch[self.column]
        scores = self.score(cells, self._where)
        results = {
            "label": scores.label,
            "probabilities": scores.probabilities,
            "model": np.full(len(cells), self.session.name, object),
            "version": np.full(len(cells), self.session.version, object),
            "error": scores.error,
        }
        return kept | {column: results[name] for name, column in self.names.items()}

    def frame(self, kept: pl.DataFrame, cells: NDArray[Any], where: Where | None = None) -> Any:
        """The same over a polars frame: its columns, then the results, as it is written."""
        import polars as pl

        scores = self.score(cells, where or self._where)
        n_classes = scores.probabilities.shape[1]
        label = pl.Series("label", scores.label.tolist(), pl.String)
        results = {
            "label": label,
            "probabilities": pl.Series(
                "probabilities", scores.probabilities, pl.Array(pl.Float32, n_classes)
            ).zip_with(label.is_not_null(), _nulls(len(cells), n_classes)),
            "model": pl.repeat(self.session.name, len(cells), dtype=pl.String, eager=True),
            "version": pl.repeat(self.session.version, len(cells), dtype=pl.String, eager=True),
            "error": pl.Series("error", scores.error.tolist(), pl.String),
        }
        return kept.with_columns(
            [results[name].alias(column) for name, column in self.names.items()]
        )

    def score(self, cells: NDArray[Any], where: Where) -> Scores:
        """Score the cells of the image column; `where` names a row's image in errors."""
        starts = range(0, len(cells), CHUNK_ROWS)
        pieces = [self._pool.submit(self._piece, cells, start, where) for start in starts]
        try:
            parts = [piece.result() for piece in pieces]
        finally:
            for piece in pieces:
                piece.cancel()
        if not parts:
            return self._nothing()
        return Scores(
            np.concatenate([part.label for part in parts]),
            np.concatenate([part.probabilities for part in parts]),
            np.concatenate([part.error for part in parts]),
        )

    def check(self, kept: list[str]) -> None:
        """Refuse columns that the results would replace.

        Raises:
            InvalidError: naming the first.
        """
        if taken := [column for column in self.names.values() if column in kept]:
            raise InvalidError(
                f"column {short(taken[0])} of the source has the name of a column of results; "
                "name a prefix for those, such as --prefix predicted_"
            )

    def close(self) -> None:
        """Let the threads go; pieces not begun are dropped."""
        self._pool.shutdown(cancel_futures=True)

    def _results(self) -> tuple[str, ...]:
        return RESULTS if self.on_error == "fail" else (*RESULTS, "error")

    def _where(self, row: int) -> str:
        return f"row {row} of a batch, column {short(self.column)},"

    def _piece(self, cells: NDArray[Any], start: int, where: Where) -> Scores:
        """Decode and predict one piece."""
        # Pillow holds the interpreter's lock but for moments: threads that decode at the same time
        # only take it from one another, which measured 2 times slower than taking turns.
        with self._turn:
            decoded = decode(
                cells[start : start + CHUNK_ROWS], self.session.manifest.inputs[0].row,
                self._settings, lambda i: where(start + i), fail=self.on_error == "fail",
            )  # fmt: skip
        manifest = self.session.manifest
        answer = self.session.predict(Batch({manifest.inputs[0].name: decoded.images}))
        label = np.array(manifest.labels, object)[answer["label"]]
        error = np.full(len(label), None, object)
        probabilities = answer["probabilities"]
        for i, problem in decoded.problems.items():
            label[i], error[i], probabilities[i] = None, problem, np.nan
        return Scores(label, probabilities, error)

    def _nothing(self) -> Scores:
        classes = len(self.session.manifest.labels)
        empty = np.empty(0, object)
        return Scores(empty, np.empty((0, classes), np.float32), empty)


def _nulls(n: int, n_classes: int) -> Any:
    import polars as pl

    return pl.Series([None] * n, dtype=pl.Array(pl.Float32, n_classes))


def _entry(given: Settings, model: str, version: str | None) -> Entry:
    """The version directory to load, the highest unless named.

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
    return versions[version] if version is not None else max(versions.values())
