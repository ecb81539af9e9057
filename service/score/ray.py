"""The same scorer as actors of Ray Data, for those who outgrow one machine.

Every actor holds one model and one core; Ray Data reads, spreads and writes the blocks. The target
is a folder of Parquet files, since each node writes what it has scored. Needs the optional group
`ray` of pyproject.toml.
"""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contract.messages import short
from service.errors import InvalidError, NotFoundError, ServiceError, StartupError
from service.score.columns import cells, image_column
from service.score.scorer import Scorer
from service.score.sources import SUFFIXES
from service.score.staging import check, local_path, staged

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

# The source tree, which every node needs: the code, and the models beside it.
_ROOT = Path(__file__).resolve().parents[2]
_OURS = re.compile(r"^\s*(?:service|contract)\.errors\.\w+: (.+)$", re.MULTILINE)
_NOT_NEEDED = ["/.git", "/.venv", "/build", "/tests", "/docs", "/benchmarks", "/training"]


class Actor:
    """A scorer of Arrow tables. `source` is named in errors; `options` are the scorer's."""

    def __init__(self, source: str, column: str | None, **options: Any) -> None:
        self._scorer = Scorer(threads=1, **options)
        self._source = source
        self._column = column

    def __call__(self, table: pa.Table) -> pa.Table:
        """The columns of a table but the images, then the results.

        Raises:
            InvalidError: no image column, or, unless `on_error` is `null`, a bad image.
        """
        import polars as pl

        frame = pl.DataFrame(pl.from_arrow(table))
        shape = self._scorer.session.manifest.inputs[0].row
        column = image_column(frame.schema, self._column, shape, self._source)
        kept = frame.drop(column)
        self._scorer.check(kept.columns)
        scored: pl.DataFrame = self._scorer.frame(
            kept, cells(frame[column]), lambda row: _where(kept, row, column, self._source)
        )
        return scored.to_arrow(compat_level=pl.CompatLevel.oldest())


def score(
    source: str,
    target: str,
    *,
    address: str | None = None,
    column: str | None = None,
    batch_rows: int,
    overwrite: bool = False,
    **options: Any,
) -> None:
    """Score a Parquet file, a folder of them or a folder of images to a folder of Parquet files.

    Args:
        source: a path or address that every node can read.
        target: a folder that every node can write.
        address: of a cluster; a Ray of this process's own unless given.
        options: of `Scorer`.

    Raises:
        StartupError: ray is not installed, or no cluster answers.
        InvalidError: the target exists, no image column, or a bad image.
    """
    local = local_path(source)
    if local is not None and not local.exists():
        raise NotFoundError(f"{source} does not exist; name a Parquet file or a folder of images")
    check(source, target, overwrite)
    ray = _ray()
    with staged(source, target, overwrite) as place:
        begun = _begin(ray, address)
        try:
            actors = ray.data.ActorPoolStrategy(
                min_size=1, max_size=max(1, int(ray.cluster_resources()["CPU"]))
            )
            scored = _read(ray, source).map_batches(
                Actor, fn_constructor_kwargs={"source": source, "column": column, **options},
                batch_format="pyarrow", batch_size=batch_rows, compute=actors, num_cpus=1,
            )  # fmt: skip
            # Only where there is no folder to exchange is Ray to replace files itself.
            replaces = overwrite and place == target
            scored.write_parquet(place, mode="overwrite" if replaces else "append")
        except (ray.exceptions.RayError, OSError, ValueError) as error:
            raise _own(error) from error
        finally:
            if begun:
                ray.shutdown()


def _ray() -> Any:
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise StartupError(
            "--ray needs Ray Data; install the group with `pip install --group ray`"
        ) from error
    return ray


def _begin(ray: Any, address: str | None) -> bool:
    """Start or join a cluster, unless the caller has; whether this did.

    Raises:
        StartupError: no cluster answers.
    """
    if ray.is_initialized():
        return False
    environment: dict[str, Any] = {"env_vars": {"PYTHONPATH": str(_ROOT)}}
    if address is not None:
        environment = {"working_dir": str(_ROOT), "excludes": _NOT_NEEDED}
    try:
        ray.init(
            address=address or "local", runtime_env=environment, log_to_driver=False,
            logging_level="error",
        )  # fmt: skip
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise StartupError(
            f"--address {address!r} answers no Ray cluster: {reason}; check it and its versions"
        ) from error
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    return True


def _read(ray: Any, source: str) -> Any:
    """Parquet as it is; of images, `path` below the folder and the bytes."""
    local = local_path(source)
    address = source if local is None else str(local.resolve())
    if "://" in source or not Path(source).is_dir():
        return ray.data.read_parquet(address)
    root = f"{address}{os.sep}"
    extensions = sorted(suffix.removeprefix(".") for suffix in SUFFIXES)
    files = ray.data.read_binary_files(
        root, include_paths=True, file_extensions=extensions, ignore_missing_paths=False
    )
    return files.map_batches(_named, fn_kwargs={"root": root}, batch_format="pyarrow")


def _named(table: pa.Table, root: str) -> pa.Table:
    import polars as pl

    frame = pl.DataFrame(pl.from_arrow(table)).select(
        pl.col("path").str.strip_prefix(root), image=pl.col("bytes")
    )
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def _where(kept: pl.DataFrame, row: int, column: str, source: str) -> str:
    """Blocks do not know where they stand in the source, so a row is named by its first column."""
    first = f"{kept.columns[0]} {kept[kept.columns[0]][row]!r}" if kept.width else f"place {row}"
    return f"the row of {source} with {first}, column {short(column)},"


def _own(error: BaseException) -> ServiceError | StartupError:
    """The service's error in one of Ray's, which carries it between processes as text only."""
    text = str(error).strip()
    if found := _OURS.findall(text):
        return InvalidError(found[-1])
    return StartupError(f"Ray failed: {text.splitlines()[-1][:160]}; see its logs")
