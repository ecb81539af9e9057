"""A child that tests ask many times: a new one only after a file has ended the last."""

from __future__ import annotations

from dataclasses import asdict

from profiler import Limits, Profile
from profiler.child import Child
from profiler.errors import ProfilerError
from profiler.reader import _profile_of
from profiler.wire import Frame

MOST = 2**24


class Sandbox:
    """Reads files that may harm their reader. `deaths`: how many readers were harmed."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._child = Child()
        self.deaths = 0

    def profile(self, data: bytes, target: str | None = None) -> Profile | ProfilerError:
        """The profile, or why there is none."""
        header = {"operation": "profile", "target": target, "limits": asdict(self._limits)}
        try:
            return _profile_of(self._child.ask(Frame(header, [data]), self._limits, MOST))
        except ProfilerError as error:
            if not self._child.is_running():
                self.end()
                self._child = Child()
                self.deaths += 1
            return error

    def end(self) -> None:
        self._child.end()
