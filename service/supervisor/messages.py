"""What supervisor and worker tell each other, one JSON object a line.

The start of a worker, and a replacement:

    supervisor  Start             -> worker
    worker      Hello | Failed    -> supervisor     the settings are sound; it begins to load
    worker      Loaded            -> supervisor     its models have answered their golden samples
    supervisor  Accept            -> worker         or Stop, where it is not wanted
    worker      Accepting         -> supervisor     it takes connections
    supervisor  Drain             -> worker         it is replaced
    worker      Drained           -> supervisor     it takes no more connections, and then ends

The end of the server:

    supervisor  Draining          -> worker         readiness turns 503, all else is answered
    supervisor  Stop              -> worker         the port is closed; what has come is answered
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from service.selection import Rejection, Selection


@dataclass(frozen=True)
class Start:
    """Who a worker is. No two living workers have the same `seat`.

    deaths: how many workers of this server have ended unexpectedly so far.
    """

    seat: int
    selection: Selection
    deaths: int = 0


@dataclass(frozen=True)
class Hello:
    """The settings that the supervisor needs.

    workers: how many processes serve; start_seconds: longest that loading may take;
    stop_seconds: longest that requests may take that are being answered; poll_seconds: how often
    to look at `models_dir`, 0 for never; drain_seconds: how long the server serves on once it is
    told to stop.
    """

    workers: int
    models_dir: str
    start_seconds: float
    stop_seconds: float
    poll_seconds: float
    drain_seconds: float = 0.0


@dataclass(frozen=True)
class Loaded:
    """What a worker would serve.

    ready: the default model answers; serving: name and version of each session; refused: the
    versions that failed their audit; faults: models whose rollout.json is wrong, without a version;
    defaults: name and version of what answers requests that name no version.
    """

    ready: bool
    serving: tuple[tuple[str, str], ...]
    refused: tuple[Rejection, ...]
    faults: tuple[Rejection, ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Failed:
    """A worker cannot start; its process ends."""

    reason: str


@dataclass(frozen=True)
class Accept:
    """Take connections."""


@dataclass(frozen=True)
class Accepting:
    """Connections are taken."""


@dataclass(frozen=True)
class Drain:
    """Take no more connections, answer what has come, and end."""


@dataclass(frozen=True)
class Drained:
    """No more connections are taken."""


@dataclass(frozen=True)
class Draining:
    """The server is about to stop: be not ready, and close connections after their answers."""


@dataclass(frozen=True)
class Stop:
    """End: the server stops, or this worker is not wanted."""


@dataclass(frozen=True)
class Change:
    """A client asks a worker to `load` or `unload` a model."""

    id: int
    action: str
    model: str


@dataclass(frozen=True)
class Changed:
    """The answer; an empty `error` means that it is done."""

    id: int
    error: str = ""


@dataclass(frozen=True)
class News:
    """A reload was given up: workers serve on with another selection, and read the API keys."""

    selection: Selection


Message = (
    Start | Hello | Loaded | Failed | Accept | Accepting | Drain | Drained | Draining | Stop
    | Change | Changed | News
)  # fmt: skip
_KINDS: dict[str, Any] = {kind.__name__: kind for kind in Message.__args__}


def encode(message: Message) -> bytes:
    """One line."""
    return json.dumps({type(message).__name__: asdict(message)}).encode() + b"\n"


def decode(line: bytes) -> Message:
    """The message of one line that `encode` has written."""
    ((kind, fields),) = json.loads(line).items()
    if "selection" in fields:
        fields["selection"] = _selection(fields["selection"])
    if kind == "Loaded":
        for each in ("serving", "defaults"):
            fields[each] = tuple((name, version) for name, version in fields[each])
        fields["refused"] = _rejections(fields["refused"])
        fields["faults"] = _rejections(fields["faults"])
    message: Message = _KINDS[kind](**fields)
    return message


def _selection(fields: dict[str, Any]) -> Selection:
    unloaded, rejected = tuple(fields["unloaded"]), _rejections(fields["rejected"])
    return Selection(unloaded, rejected, fields["failure"])


def _rejections(listed: list[dict[str, str]]) -> tuple[Rejection, ...]:
    return tuple(Rejection(**fields) for fields in listed)
