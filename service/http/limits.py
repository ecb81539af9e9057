"""The limits on requests, from the settings."""

from __future__ import annotations

from service.http.kernel.admission import Limits
from service.settings import Settings


def limits(settings: Settings) -> Limits:
    """What requests may cost."""
    return Limits(
        body_bytes=settings.max_body_bytes,
        body_seconds=settings.timeout_seconds,
        pending=settings.max_pending_requests,
        pending_bytes=settings.max_pending_bytes,
    )
