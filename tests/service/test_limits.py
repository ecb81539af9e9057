"""The limits on requests, from the settings."""

from __future__ import annotations

from service.http.kernel.admission import Limits
from service.http.limits import limits
from service.settings import Settings


def test_every_limit_is_the_setting_s() -> None:
    settings = Settings(
        max_body_bytes=5000, timeout_seconds=3.0, max_pending_requests=7, max_pending_bytes=9000
    )
    assert limits(settings) == Limits(5000, 3.0, 7, 9000)
