"""How far a run is: one line that changes on a terminal, plain lines now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

_TERMINAL_SECONDS = 0.2
_PLAIN_SECONDS = 10.0


class Progress:
    """Writes rows done, rows per second and time left.

    Args:
        stream: where to, usually standard error; None for nothing.
        total: rows in all.
        done: rows that an earlier run did; they do not count for the speed.
    """

    def __init__(
        self,
        stream: TextIO | None,
        total: int,
        done: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._total = total
        self._before = self._done = done
        self._clock = clock
        self._started = self._last = clock()
        self._terminal = stream is not None and stream.isatty()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self._clock() - self._started

    @property
    def speed(self) -> float:
        """Rows per second of this run."""
        return (self._done - self._before) / max(self.seconds, 1e-9)

    def add(self, rows: int) -> None:
        """So many more rows are done and kept."""
        self._done += rows
        if self._clock() - self._last >= (_TERMINAL_SECONDS if self._terminal else _PLAIN_SECONDS):
            self._last = self._clock()
            self._write(self.line())

    def close(self) -> None:
        """Leave the terminal's line as it is, and end it."""
        if self._terminal and self._stream is not None:
            self._write(self.line())
            self._stream.write("\n")

    def line(self) -> str:
        """Such as `8,192 of 70,000 rows, 11,900 rows/s, 0:05 left`."""
        speed = self.speed
        left = _clock(round((self._total - self._done) / speed)) if speed else "?"
        return f"{self._done:,} of {self._total:,} rows, {speed:,.0f} rows/s, {left} left"

    def _write(self, text: str) -> None:
        if self._stream is None:
            return
        # Carriage return and erase to the end of the line.
        self._stream.write(f"\r{text}\x1b[K" if self._terminal else f"{text}\n")
        self._stream.flush()


def _clock(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
