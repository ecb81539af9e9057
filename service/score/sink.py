"""Ray Data's writer of Parquet files whose names and rows keep the order of the source.

Ray's own `write_parquet` writes a block's pieces in several threads, in any order. Imported where
Ray is installed only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSelector, FileSystem
from ray.data import Datasink
from ray.data.block import BlockAccessor

from service.errors import InvalidError

_FILE_BYTES = 128 * 2**20
_GROUP_ROWS = 65_536


class ParquetFiles(Datasink[None]):
    """`part-00000000.parquet` and so on, in a folder or bucket.

    A task that Ray runs again writes the same file again, so a row is there once.

    Args:
        place: a path or address that every node can write.
        overwrite: whether files that are there already go first.
        file_bytes: blocks are gathered to files of at least this size.

    Raises:
        InvalidError: there are files already that are not to be replaced.
    """

    def __init__(self, place: str, *, overwrite: bool, file_bytes: int = _FILE_BYTES) -> None:
        self._place = place
        self._file_bytes = file_bytes
        files, path = FileSystem.from_uri(place)
        if files.get_file_info(FileSelector(path, allow_not_found=True)):
            if not overwrite:
                raise InvalidError(
                    f"{place} exists already; name another folder, or replace its files with "
                    "--overwrite"
                )
            files.delete_dir_contents(path)

    def write(self, blocks: Iterable[Any], ctx: Any) -> None:
        """Write the rows of one task as one file."""
        tables = [BlockAccessor.for_block(block).to_arrow() for block in blocks]
        tables = [table for table in tables if table.num_rows]
        if not tables:
            return
        table = pa.concat_tables(tables)
        files, path = FileSystem.from_uri(self._place)
        with files.open_output_stream(f"{path}/part-{ctx.task_idx:08}.parquet") as file:
            pq.write_table(table, file, row_group_size=_GROUP_ROWS)

    @property
    def min_bytes_per_write(self) -> int:
        """See `file_bytes`."""
        return self._file_bytes
