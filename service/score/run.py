"""One run: read ahead, score, keep a part; join the parts at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import TextIO

import onnxruntime as ort

from service.errors import InvalidError
from service.inference.provider import CUDA
from service.score.folder import Folder
from service.score.overlap import refuse
from service.score.parts import Parts, State
from service.score.progress import Progress
from service.score.scorer import Scorer
from service.score.sources import Batch, Source

BATCH_ROWS = 8192


@dataclass(frozen=True)
class Summary:
    """rows: in the target; resumed: by earlier runs; refused: without an answer; speed: of this."""

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
    batch_rows: int = BATCH_ROWS,
    overwrite: bool = False,
    stream: TextIO | None = None,
) -> Summary:
    """Score a source to a Parquet file, going on where an earlier run was interrupted.

    Raises:
        InvalidError: a bad image; the target exists; the parts are of another source or model.
        TooLargeError: an image beyond the limits.
        MalformedError: something cannot be read or written.
    """
    scorer.check(source.kept)
    folder = Folder(target)
    refuse(source.path, target, folder.path)
    folder.check(overwrite)
    state = _state(source, scorer, batch_rows)
    parts = Parts(folder, state)
    with folder.locked():
        parts.begin(overwrite)
        progress, resumed = _fill(parts, source, scorer, stream)
        error = scorer.names.get("error")
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
    parts: Parts, source: Source, scorer: Scorer, stream: TextIO | None
) -> tuple[Progress, int]:
    """Score the parts that are missing; the progress, and how many rows were there before."""
    done = set(parts.done())
    todo = [number for number in range(parts.count) if number not in done]
    resumed = sum(parts.span(number)[1] for number in done)
    progress = Progress(stream, source.rows, resumed)
    try:
        for number, batch in _ahead(source, parts, todo):
            frame = scorer.frame(batch.kept, batch.cells, partial(_where, source, batch.start))
            parts.write(number, frame)
            progress.add(frame.height)
    finally:
        progress.close()
    return progress, resumed


def _where(source: Source, start: int, row: int) -> str:
    """The image of a row of the batch that begins at `start`."""
    return source.where(start + row)


def _ahead(source: Source, parts: Parts, todo: Sequence[int]) -> Iterator[tuple[int, Batch]]:
    """Every batch, the next one being read while one is scored."""
    with ThreadPoolExecutor(1, thread_name_prefix="read") as reader:
        waiting = [reader.submit(source.read, *parts.span(number)) for number in todo[:1]]
        for number, following in zip_longest(todo, todo[1:]):
            batch = waiting.pop().result()
            if following is not None:
                waiting.append(reader.submit(source.read, *parts.span(following)))
            yield number, batch


def _state(source: Source, scorer: Scorer, batch_rows: int) -> State:
    session = scorer.session
    cuda = session.provider == CUDA and "cuda" in session.manifest.files
    return State(
        source=source.fingerprint(),
        rows=source.rows,
        column=source.column,
        model=session.name,
        version=session.version,
        sha256=session.manifest.files["cuda" if cuda else "default"].sha256,
        runtime=f"{ort.__version__} {session.provider}",
        batch_rows=batch_rows,
        prefix=scorer.prefix,
        on_error=scorer.on_error,
    )
