"""`POST /predict`, `/compare`, ...: one handler for every verb of `service.verbs`."""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from service.http.kernel.messages import Reply, Request, reply
from service.http.kernel.route import Handler
from service.http.kernel.threads import Threads
from service.verbs.verb import Verb

Q = TypeVar("Q")
A = TypeVar("A")

# A body up to this size, a few images, is decoded on the event loop: cheaper than a thread.
INLINE_BYTES = 32 * 1024


def handler(verb: Verb[Q, A], threads: Threads) -> Handler:
    """Decode, run, encode; the first and the last on a thread where they take long."""

    async def handle(request: Request) -> Reply:
        if len(request.body) <= INLINE_BYTES:
            decoded = verb.decode(request.body)
            return reply(verb.encode(decoded, await run(request, decoded)))
        decoded = await threads.run(partial(verb.decode, request.body))
        answer = await run(request, decoded)
        return await threads.run(lambda: reply(verb.encode(decoded, answer)))

    async def run(request: Request, decoded: Q) -> A:
        work = verb.run(decoded)
        if verb.worth_watching(decoded):
            return await request.cancel_on_disconnect(work)
        return await work

    return handle
