"""Compression of answers that are made anew for each request."""

from __future__ import annotations

import gzip

from service.http.kernel.messages import Reply, Request
from service.http.kernel.negotiate import accepts

# Below this a network packet holds the answer as it is.
LEAST_BYTES = 1024


def compressed(answer: Reply, request: Request) -> Reply:
    """The answer as gzip where the client takes it and the body is long enough to gain by it."""
    headers = {**answer.headers, "vary": "accept-encoding"}
    if len(answer.body) < LEAST_BYTES or not accepts(request.header(b"accept-encoding"), "gzip"):
        return answer._replace(headers=headers)
    packed = gzip.compress(answer.body, mtime=0)
    return answer._replace(body=packed, headers={**headers, "content-encoding": "gzip"})
