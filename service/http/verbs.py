"""`POST /predict`, `/compare`, ...: one handler for every verb of `service.verbs`.

A body is JSON; verbs that read pictures also take one as it is, its fields in the query string, or
as the file of a form.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache, partial
from typing import Any, Protocol, TypeVar

from service.errors import InvalidError
from service.http.kernel.messages import Reply, Request, reply
from service.http.kernel.multipart import parse_form
from service.http.kernel.route import Handler
from service.http.kernel.threads import Threads
from service.strict_json import holds
from service.verbs.verb import Verb

Q = TypeVar("Q")
Q_co = TypeVar("Q_co", covariant=True)
A = TypeVar("A")

# A body up to this size, a few images, is decoded on the event loop: cheaper than a thread.
INLINE_BYTES = 32 * 1024
# Content types of a picture that is sent as it is, and how each begins.
PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8"}
FORM = "multipart/form-data"


class DecodePicture(Protocol[Q_co]):
    """What a verb that reads pictures does with one that is sent as it is."""

    def __call__(self, picture: bytes, fields: Mapping[str, str]) -> Q_co:
        """The request for one encoded picture, with its fields as text."""


def picture_handler(
    verb: Verb[Q, A],
    decode: DecodePicture[Q],
    fields: Collection[str],
    threads: Threads,
    *,
    large_answers: bool = False,
) -> Handler:
    """The handler of a verb that reads pictures, whatever its body is.

    Args:
        decode: of the verb, for a picture that is sent as it is.
        fields: of such a picture: query parameters, or text fields of a form.
        large_answers: whether an answer may be large though its request is small, so that it is
            encoded on a thread.
    """

    async def handle(request: Request) -> Reply:
        body, query = request.body, request.query
        # Pictures that are fitted take milliseconds each, however small the body.
        slow = (
            large_answers
            or len(body) > INLINE_BYTES
            or holds(body, b'"fit"', b"f")
            or "fit" in query
        )
        media_type = _media_type(request.content_type)
        if media_type in PICTURES:
            _check_signature(body, media_type)
            return await _answer(verb, threads, request, slow, decode, body, query)
        if query:
            raise InvalidError(
                f"the query string has {', '.join(query)}, but the body is not a picture; "
                "put the fields in the body"
            )
        if media_type == FORM:
            form = await parse_form(body, request.content_type, "file", fields)
            return await _answer(verb, threads, request, slow, decode, *form)
        return await _answer(verb, threads, request, slow, verb.decode, body)

    return handle


@lru_cache(maxsize=64)
def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _check_signature(body: bytes, media_type: str) -> None:
    """Raise InvalidError for a picture of another format than its content type says."""
    if not body.startswith(PICTURES[media_type]):
        raise InvalidError(
            f"content-type is {media_type}, but the body begins otherwise; send a picture of that "
            "format, or its own content type"
        )


async def _answer(
    verb: Verb[Q, A],
    threads: Threads,
    request: Request,
    slow: bool,
    decode: Callable[..., Q],
    *arguments: Any,
) -> Reply:
    """Decode, run, encode; the first and the last on a thread if they are slow."""
    decoded = await threads.run(partial(decode, *arguments)) if slow else decode(*arguments)
    work = verb.run(decoded)
    if verb.worth_watching(decoded):
        work = request.cancel_on_disconnect(work)
    answer = await work
    if slow:
        return await threads.run(lambda: reply(verb.encode(decoded, answer)))
    return reply(verb.encode(decoded, answer))
