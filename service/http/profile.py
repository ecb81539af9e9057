"""`POST /recommend/profile`: facts from a file, merged with stated ones, and the decision."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from profiler import Reader
from service.errors import (
    BusyError,
    DeadlineError,
    InvalidError,
    MalformedError,
    UnavailableError,
)
from service.http.kernel.messages import Reply, Request, reply
from service.http.kernel.multipart import parse_form
from service.http.kernel.operation import ok
from service.http.kernel.route import Route
from service.http.profile_schema import ProfileForm, ProfileResponse
from service.http.recommend import Recommender
from service.settings import Settings
from service.verbs.profile import advise, limits_of

# A file may take a gigabyte while it is read: one at a time, and a short queue.
_WAITING = 4
_ENVELOPE_BYTES = 256 * 1024


class Profiler:
    """Profiles files, one at a time."""

    def __init__(self, recommender: Recommender, settings: Settings) -> None:
        self._recommender = recommender
        self._limits = limits_of(settings)
        self._reader = Reader(self._limits)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="profile")
        # To wait for its turn, and to be read.
        self._seconds = settings.timeout_seconds + settings.profile_timeout_seconds
        self._pending = 0

    def route(self) -> Route:
        """The route, with its own media type and limit."""
        return Route(
            "POST",
            "/recommend/profile",
            self._handle,
            summary="facts from a file, and the decision for them",
            body={"multipart/form-data": ProfileForm},
            responses=ok(ProfileResponse),
            errors=(MalformedError, InvalidError, UnavailableError, DeadlineError),
            max_body_bytes=self._limits.max_bytes + _ENVELOPE_BYTES,
            admit=self._admit,
        )

    def _admit(self) -> None:
        """Refuse a file before its body is read, if too many are waiting."""
        if self._pending >= _WAITING:
            raise BusyError(
                f"{self._pending} files are being read or wait and at most {_WAITING} may; try "
                "again in a few seconds",
                headers={"retry-after": "5"},
            )

    async def _handle(self, request: Request) -> Reply:
        self._admit()
        self._pending += 1
        try:
            data, texts = await parse_form(
                request.body, request.content_type, "file", ("facts", "target")
            )
        except BaseException:
            self._pending -= 1
            raise
        work = asyncio.get_running_loop().run_in_executor(
            self._thread, self._advise, data, texts.get("facts"), texts.get("target")
        )
        # Not in a finally: if the client leaves, its file is still read and holds memory.
        work.add_done_callback(self._release)
        try:
            return reply(await asyncio.wait_for(asyncio.shield(work), self._seconds))
        except TimeoutError as error:
            raise DeadlineError(
                f"the file was not read within {self._seconds:g} s; send a sample, or try again "
                "later"
            ) from error

    def _release(self, work: asyncio.Future[dict[str, Any]]) -> None:
        self._pending -= 1
        # Retrieve it, so that asyncio does not log the error of a request whose client left.
        _ = work.cancelled() or work.exception()

    def _advise(self, data: bytes, facts: str | None, target: str | None) -> dict[str, Any]:
        return advise(data, facts, target, self._reader, self._recommender.recommend)
