"""The same scorer as actors of Ray Data, for those who outgrow one machine.

Every actor holds one model and one core; Ray Data reads, spreads and writes the blocks. The target
is a folder of Parquet files, since each node writes what it has scored. Needs the optional group
`ray` of pyproject.toml.
"""

from __future__ import annotations

import os
import warnings
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from service.errors import InvalidError, NotFoundError
from service.score.cluster import cluster, import_ray
from service.score.csv_source import header_of, separator_of
from service.score.problems import cell
from service.score.scorer import Scorer
from service.score.sources import walk
from service.score.staging import check, local_path, staged

if TYPE_CHECKING:
    import pyarrow as pa

# How often an actor whose process died is started again, and its block scored again. Without a
# bound, Ray's default, a row that kills every process that scores it would never end the run.
RESTARTS = 3


class Actor:
    """A scorer of Arrow tables. `source` is named in errors; `options` are the scorer's."""

    def __init__(self, source: str, untyped: bool, **options: Any) -> None:
        self._scorer = Scorer(threads=1, **options)
        self._source = source
        self._untyped = untyped

    def __call__(self, table: pa.Table) -> pa.Table:
        """The columns of a table but images and arrays, then the results.

        Raises:
            InvalidError: a column is missing, or, unless `on_error` is `null`, a bad row.
        """
        frame = pl.DataFrame(pl.from_arrow(table))
        bound = self._scorer.bind(frame.schema, self._source, untyped=self._untyped)
        kept = frame.select(bound.kept(frame.columns))
        scored = self._scorer.frame(
            frame, bound, lambda row, column: _where(kept, row, column, self._source)
        )
        return scored.to_arrow(compat_level=pl.CompatLevel.oldest())


def score(
    source: str,
    target: str,
    *,
    address: str | None = None,
    batch_rows: int | None = None,
    overwrite: bool = False,
    actor: type[Actor] = Actor,
    **options: Any,
) -> None:
    """Score a table, a folder of Parquet files or a folder of images to a folder of Parquet files.

    An actor whose process dies is started again and scores its block again, so that every row is
    in the target once. Rows keep their order, by the names of the files and in each file.

    Args:
        source: a path or address that every node can read.
        target: a folder that every node can write.
        address: of a cluster; a Ray of this process's own unless given.
        batch_rows: rows that an actor scores at a time; a block unless given.
        overwrite: replaces the files of the target at the end.
        actor: what scores the blocks.
        options: `column` and those of `Scorer`.

    Raises:
        StartupError: ray is not installed, no cluster answers, or an actor dies too often.
        NotFoundError: there is no source.
        InvalidError: the target exists or overlaps with the source; no image column; a bad image.
    """
    local = local_path(source)
    if local is not None and not local.exists():
        raise NotFoundError(
            f"{source} does not exist; name a Parquet or CSV file, or a folder of images"
        )
    check(source, target, overwrite)
    ray = import_ray()
    with staged(source, target, overwrite) as place, cluster(ray, address):
        from service.score.sink import ParquetFiles

        # Only where there is no folder to exchange are files to be replaced one by one.
        sink = ParquetFiles(place, overwrite=overwrite and place == target)
        actors = ray.data.ActorPoolStrategy(
            min_size=1, max_size=max(1, int(ray.cluster_resources()["CPU"]))
        )
        with warnings.catch_warnings():
            # Ray 2.64 is to take these two in another way; the group `ray` stays below it.
            warnings.filterwarnings("ignore", "`ray_remote_args` is deprecated", DeprecationWarning)
            scored = _read(ray, source).map_batches(
                actor, num_cpus=1, batch_format="pyarrow",
                fn_constructor_kwargs={"source": source, "untyped": _is_csv(source), **options},
                batch_size=batch_rows, compute=actors,
                max_restarts=RESTARTS, max_task_retries=RESTARTS,
            )  # fmt: skip
        scored.write_datasink(sink)


def _read(ray: Any, source: str) -> Any:
    """Tables as they are; of images, `path` below the folder and the bytes."""
    local = local_path(source)
    address = source if local is None else str(local.resolve())
    if _is_csv(source):
        return ray.data.read_csv(address, partitioning=None, **_as_text(address))
    if "://" in source or not Path(source).is_dir():
        # Of a path such as x=1/in.parquet no part is a column.
        return ray.data.read_parquet(address, partitioning=None)
    root = f"{address}{os.sep}"
    names, *_ = walk(Path(address))  # Ray would leave out other files than a run on one machine
    if not names:
        raise InvalidError(f"{source} holds no .png, .jpg or .jpeg; name a folder with images")
    files = ray.data.read_binary_files([f"{root}{name}" for name in names], include_paths=True)
    return files.map_batches(_named, fn_kwargs={"root": root}, batch_format="pyarrow")


def _is_csv(source: str) -> bool:
    return separator_of(Path(source)) is not None


def _as_text(address: str) -> dict[str, Any]:
    """Options of Arrow's CSV reader with which a file is what it is to `CsvSource`."""
    import pyarrow as pa
    from pyarrow.csv import ConvertOptions, ParseOptions
    from pyarrow.fs import FileSystem

    separator = separator_of(Path(address)) or ","
    files, path = FileSystem.from_uri(address)
    with files.open_input_stream(path) as stream, BufferedReader(stream) as file:
        names = header_of(file, address, separator)
    return {
        "parse_options": ParseOptions(delimiter=separator, newlines_in_values=True),
        "convert_options": ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), null_values=[""],
            strings_can_be_null=True, quoted_strings_can_be_null=False,
        ),
    }  # fmt: skip


def _named(table: pa.Table, root: str) -> pa.Table:
    frame = pl.DataFrame(pl.from_arrow(table)).select(
        pl.col("path").str.strip_prefix(root), image=pl.col("bytes")
    )
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def _where(kept: pl.DataFrame, row: int, column: str | None, source: str) -> str:
    """Blocks do not know where they stand in the source, so a row is named by its first column."""
    first = f"{kept.columns[0]} {kept[kept.columns[0]][row]!r}" if kept.width else f"place {row}"
    return cell(f"the row of {source} with {first}", column)
