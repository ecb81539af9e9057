"""Which of several media types a client prefers (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST = 1024


def preferred(accept: bytes | None, offered: Sequence[str]) -> str:
    """The offered media type that an Accept header weighs most; the first of those as good.

    A client that accepts none of them gets the first, as one that sends no header.
    """
    if not accept or len(accept) > _LONGEST:
        return offered[0]
    ranges = [_range(part) for part in accept.decode("latin-1").lower().split(",")]
    return max(offered, key=lambda media_type: _weight(media_type, ranges))


def accepts(header: bytes | None, coding: str) -> bool:
    """True if an Accept-Encoding header names a coding and does not refuse it."""
    if not header or len(header) > _LONGEST:
        return False
    ranges = [_range(part) for part in header.decode("latin-1").lower().split(",")]
    return any(name == coding and weight > 0 for name, weight in ranges)


def _range(part: str) -> tuple[str, float]:
    """One part of the header: `text/*;q=0.5` as name and weight."""
    name, *parameters = (text.strip() for text in part.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return name, min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                return name, 0.0
    return name, 1.0


def _weight(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The weight of the most specific range that covers a media type."""
    weights = dict(reversed(ranges))
    kind = media_type.partition("/")[0]
    for name in (media_type, f"{kind}/*", "*/*"):
        if name in weights:
            return weights[name]
    return 0.0
