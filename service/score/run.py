"""One run: read ahead, score, keep a part; join the parts at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import TextIO

import onnxruntime as ort
import polars as pl

from service.errors import InvalidError
from service.inference.provider import CUDA
from service.score.columns import Bound
from service.score.folder import Folder
from service.score.overlap import refuse
from service.score.parts import Parts, State
from service.score.progress import Progress
from service.score.scorer import Scorer
from service.score.sources import Source


@dataclass(frozen=True)
class Summary:
    """Rows in the target, of which `resumed` are of earlier runs and `refused` have no answer.

    Seconds and rows per second are those of this run.
    """

    rows: int
    resumed: int
    refused: int
    seconds: float
    rows_per_second: float


def score(
    source: Source,
    target: Path,
    scorer: Scorer,
    *,
    batch_rows: int | None = None,
    overwrite: bool = False,
    stream: TextIO | None = None,
) -> Summary:
    """Score a source to a Parquet file, going on where an earlier run was interrupted.

    Raises:
        InvalidError: a bad row; the target exists; the parts are of another source or model.
        TooLargeError: an image beyond the limits.
        MalformedError: something cannot be read or written.
    """
    folder = Folder(target)
    refuse(source.path, target, folder.path)
    folder.check(overwrite)
    bound = scorer.bind_source(source)
    state = _state(source, scorer, bound, batch_rows or scorer.batch_rows)
    parts = Parts(folder, state)
    with folder.locked():
        parts.begin(overwrite)
        progress, resumed = _fill(parts, source, scorer, bound, stream)
        error = scorer.error_column
        refused = parts.refused(error) if error else 0
        parts.join()
        if source.fingerprint() != state.source:
            raise InvalidError(
                f"the source changed while it was scored; {target} was not written: start again "
                "with --overwrite"
            )
        # Again, for a link may have been made meanwhile.
        refuse(source.path, target, folder.path)
        folder.publish(overwrite)
    return Summary(source.rows, resumed, refused, progress.seconds, progress.speed)


def _fill(
    parts: Parts, source: Source, scorer: Scorer, bound: Bound, stream: TextIO | None
) -> tuple[Progress, int]:
    """Score the parts that are missing; the progress, and how many rows were there before."""
    done = set(parts.done())
    todo = [number for number in range(parts.count) if number not in done]
    resumed = sum(parts.span(number)[1] for number in done)
    progress = Progress(stream, source.rows, resumed)
    try:
        for number, frame in _ahead(source, parts, todo):
            start, _ = parts.span(number)
            parts.write(number, scorer.frame(frame, bound, partial(_where, source, start)))
            progress.add(frame.height)
    finally:
        progress.close()
    return progress, resumed


def _where(source: Source, start: int, row: int, column: str | None) -> str:
    """A cell of the batch that begins at `start`."""
    return source.where(start + row, column)


def _ahead(source: Source, parts: Parts, todo: Sequence[int]) -> Iterator[tuple[int, pl.DataFrame]]:
    """Every batch, the next one being read while one is scored."""
    with ThreadPoolExecutor(1, thread_name_prefix="read") as reader:
        waiting = [reader.submit(source.read, *parts.span(number)) for number in todo[:1]]
        for number, following in zip_longest(todo, todo[1:]):
            frame = waiting.pop().result()
            if following is not None:
                waiting.append(reader.submit(source.read, *parts.span(following)))
            yield number, frame


def _state(source: Source, scorer: Scorer, bound: Bound, batch_rows: int) -> State:
    session = scorer.session
    cuda = session.provider == CUDA and "cuda" in session.manifest.files
    return State(
        source=source.fingerprint(),
        rows=source.rows,
        columns=", ".join(bound.columns),
        model=session.name,
        version=session.version,
        sha256=session.manifest.files["cuda" if cuda else "default"].sha256,
        manifest=hashlib.sha256(session.manifest.model_dump_json().encode()).hexdigest(),
        limits=f"{scorer.settings.max_body_bytes} {scorer.settings.max_image_pixels}",
        runtime=f"{ort.__version__} {session.provider}",
        batch_rows=batch_rows,
        prefix=scorer.prefix,
        on_error=scorer.on_error,
    )
