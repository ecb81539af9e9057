"""`POST /predict`, `/compare`, ...: one handler for every verb of `service.verbs`.

A body is JSON; verbs that read pictures also take one as it is, its fields in the query string, or
as the file of a form.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Protocol, TypeVar

from service.errors import InvalidError
from service.http.kernel.messages import Reply, Request, reply
from service.http.kernel.multipart import parse_form
from service.http.kernel.route import Handler
from service.http.kernel.threads import Threads
from service.verbs.verb import Verb

Q = TypeVar("Q")
Q_co = TypeVar("Q_co", covariant=True)
A = TypeVar("A")

# A body up to this size, a few images, is decoded on the event loop: cheaper than a thread.
INLINE_BYTES = 32 * 1024
PICTURES = ("image/png", "image/jpeg")
FORM = "multipart/form-data"


class DecodePicture(Protocol[Q_co]):
    """What a verb that reads pictures does with one that is sent as it is."""

    def __call__(self, picture: bytes, fields: Mapping[str, str]) -> Q_co:
        """The request for one encoded picture, with its fields as text."""


def picture_handler(
    verb: Verb[Q, A], decode: DecodePicture[Q], fields: Collection[str], threads: Threads
) -> Handler:
    """The handler of a verb that reads pictures, whatever its body is.

    Args:
        decode: of the verb, for a picture that is sent as it is.
        fields: of such a picture: query parameters, or text fields of a form.
    """

    async def handle(request: Request) -> Reply:
        media_type = request.content_type.partition(";")[0].strip().lower()
        if media_type in PICTURES:
            work = partial(decode, request.body, request.query)
            return await _answer(verb, threads, request, work)
        if request.query:
            raise InvalidError(
                f"the query string has {', '.join(request.query)}, but the body is not a picture; "
                "put the fields in the body"
            )
        if media_type == FORM:
            form = await parse_form(request.body, request.content_type, "file", fields)
            return await _answer(verb, threads, request, partial(decode, *form))
        return await _answer(verb, threads, request, partial(verb.decode, request.body))

    return handle


async def _answer(
    verb: Verb[Q, A], threads: Threads, request: Request, decode: Callable[[], Q]
) -> Reply:
    """Decode, run, encode; the first and the last on a thread where they take long."""
    if len(request.body) <= INLINE_BYTES:
        decoded = decode()
        return reply(verb.encode(decoded, await _run(verb, request, decoded)))
    decoded = await threads.run(decode)
    answer = await _run(verb, request, decoded)
    return await threads.run(lambda: reply(verb.encode(decoded, answer)))


async def _run(verb: Verb[Q, A], request: Request, decoded: Q) -> A:
    work = verb.run(decoded)
    if verb.worth_watching(decoded):
        return await request.cancel_on_disconnect(work)
    return await work
