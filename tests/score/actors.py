"""Actors whose process dies. Ray imports them by name in processes of its own."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.score.ray import Actor

if TYPE_CHECKING:
    import pyarrow as pa


class Waiting(Actor):
    """Stops at row `at` until it is killed, once: the file `pid` says which process waits."""

    def __init__(self, *args: Any, at: int, pid: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._at = at
        self._pid = Path(pid)

    def __call__(self, table: pa.Table) -> pa.Table:
        if self._at in table["id"].to_pylist() and not self._pid.exists():
            beside = self._pid.with_suffix(".tmp")
            beside.write_text(str(os.getpid()))
            beside.replace(self._pid)
            signal.pause()
        return super().__call__(table)


class Dying(Actor):
    """No process survives row `at`; each leaves a file of its own in `folder`."""

    def __init__(self, *args: Any, at: int, folder: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._at = at
        self._folder = Path(folder)

    def __call__(self, table: pa.Table) -> pa.Table:
        if self._at in table["id"].to_pylist():
            (self._folder / str(os.getpid())).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(table)
