"""The faults that the service is tested under: the rows of docs/reliability.md.

A test that proves a row carries `@fault("its-id")`. `make reliability` runs these tests and records
their results, from which the page is generated.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest


class Fault(NamedTuple):
    """One row: what goes wrong, and what the service promises then."""

    what: str
    promise: str


FAULTS = {
    "wrong-input": Fault(
        "wrong shape or datatype, ragged, empty, null, NaN, infinities, 1e400, duplicate and "
        "unknown keys, bad UTF-8, JSON 100,000 levels deep, numbers of 2 million digits, on every "
        "route that takes JSON or tensors",
        "4xx in under a second; the error names the field, or says that the body does not parse",
    ),
    "nan-output": Fault(
        "a model that yields NaN", "500 and a counter, never 200 with null; other models serve"
    ),
    "large-body": Fault(
        "a body over the limit, with a length or in chunks",
        "413 before it is buffered; memory bounded",
    ),
    "pictures": Fault(
        "a decompression bomb, a PNG of 144 megapixels, truncated pictures and exotic formats, a "
        "wrong content type, a compressed request body",
        "4xx; memory bounded; only PNG and JPEG are decoded",
    ),
    "pickle": Fault(
        "a content type of pickle, on every route", "415; nothing is unpickled, as a canary proves"
    ),
    "addresses": Fault(
        "a URL or a file's path in any field", "4xx; no connection is opened and no file is read"
    ),
    "model-names": Fault(
        "`../`, encoded dots, NUL or long names as a model",
        "404; names come from a list, never from the disk",
    ),
    "slow-clients": Fault(
        "slow headers, a slow body, 200 idle sockets, clients that vanish",
        "others are unaffected; what they held is freed",
    ),
    "overload": Fault(
        "ten times the load",
        "503 with Retry-After; those accepted are answered within the time limit; health is up",
    ),
    "deadline": Fault("inference over its deadline", "504; never more runs at a time than the cap"),
    "killed-worker": Fault(
        "`kill -9` of a worker under load",
        "only what it was answering is lost; another serves within 10 s",
    ),
    "crash-loop": Fault(
        "a worker that dies again and again",
        "not ready; then one clear line and exit status 1",
    ),
    "sigterm": Fault(
        "SIGTERM under load",
        "readiness turns 503 first, then what was accepted is answered, then exit; nothing "
        "accepted is lost",
    ),
    "damaged-artifacts": Fault(
        "an artifact truncated, empty, with one byte flipped, missing or swapped; external data, a "
        "hard link, an unknown operator domain",
        "refused by name; the others serve; readiness says which",
    ),
    "new-version": Fault(
        "a new version copied in while serving, and a broken one",
        "reloaded in all workers on request, by signal or by itself; the broken one is refused and "
        "the old one serves on",
    ),
    "wrong-rollout": Fault(
        "a rollout.json that is broken, or names versions that are absent, refused or of another "
        "kind",
        "the stable version it names serves, or else the highest; log, readiness and the model's "
        "rollout say why; a reload does not promote a new version by it",
    ),
    "bad-candidate": Fault(
        "a candidate in the shadow that fails, yields NaN or is slow",
        "answers are those of the stable version, none is lost; the verdict is to keep it",
    ),
    "no-gpu": Fault(
        "a GPU asked for and absent; a lost library",
        "`cuda` does not start; `auto` serves on the CPU and says so in log, metrics and answers",
    ),
    "no-resources": Fault(
        "a memory limit, a read-only disk, a full disk, no HOME, an unprivileged user",
        "it starts and serves, or says why in one line and exits with a status other than 0",
    ),
    "wrong-start": Fault(
        "a taken port, a wrong setting, an unknown setting", "one line, exit status other than 0"
    ),
    "keys": Fault(
        "a missing or wrong API key",
        "401 or 403 on every route but the declared public ones",
    ),
    "secrets": Fault(
        "API keys, pixels, texts, paths and queries of requests in the log",
        "lines name the route's pattern and the request's id, and hold nothing else that a client "
        "sent; only the traceback of an unexpected error may quote a value; no answer and no log "
        "holds an API key",
    ),
    "strangers": Fault(
        "another process of the machine, a page of another origin, a foreign Host header",
        "no way to the supervisor; cross-origin requests are refused unless allowed, everywhere",
    ),
    "leaving": Fault(
        "anything that would leave the machine",
        "no connection, no look-up of a name, no file outside its folders",
    ),
    "framing": Fault(
        "broken HTTP framing, `100-continue` over the limit, floods of headers",
        "one JSON error body; 413 before the body is sent; memory bounded",
    ),
    "late-profile": Fault(
        "reading a profiled file takes too long", "killed with 504; the next one does not wait"
    ),
    "cgroups": Fault(
        "quotas of nested control groups", "read from /proc/self/cgroup, in both versions"
    ),
    "paths": Fault("paths of the server's files in answers", "none is there"),
    "score-killed": Fault(
        "`score` killed at a random row", "it resumes; the output is identical byte for byte"
    ),
}


def fault(*ids: str) -> pytest.MarkDecorator:
    """Mark a test as proof of these rows.

    Raises:
        KeyError: there is no such row.
    """
    for name in ids:
        FAULTS[name]
    return pytest.mark.fault(*ids)
