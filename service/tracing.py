"""OpenTelemetry traces: BentoML's configuration of them, from the settings."""

from __future__ import annotations

import importlib.util
from typing import Any

from service.errors import StartupError
from service.settings import Settings

EXPORTER = "opentelemetry-exporter-otlp-proto-http"
# Of one export to the collector, which runs on a thread of its own; also the longest that a worker
# waits at its end for a collector that does not answer.
EXPORT_SECONDS = 5


def is_on(settings: Settings) -> bool:
    """True if requests are traced."""
    return settings.tracing or settings.tracing_endpoint is not None


def require(settings: Settings) -> None:
    """Check that spans can be exported as the settings say.

    Raises:
        StartupError: there is an endpoint, and the exporter is not installed.
    """
    if settings.tracing_endpoint is not None and not _has_exporter():
        raise StartupError(
            f"ROSENBLATT_TRACING_ENDPOINT is set but {EXPORTER} is not installed; install "
            "requirements/extras.txt, or unset it"
        )


def configuration(settings: Settings) -> dict[str, Any]:
    """BentoML's `tracing` settings of the service.

    A request whose `traceparent` header says that it is sampled is always exported; the rate is
    that of all others.
    """
    if not is_on(settings):
        return {"excluded_urls": ".*"}  # the middleware is always there, and costs half of all
    if settings.tracing_endpoint is None:
        return {}  # as BENTOML_CONFIG says
    return {
        "exporter_type": "otlp",
        "sample_rate": settings.tracing_sample_rate,
        "timeout": EXPORT_SECONDS,
        "otlp": {"protocol": "http", "endpoint": settings.tracing_endpoint},
    }


def _has_exporter() -> bool:
    try:
        return importlib.util.find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:  # one of its parents is missing
        return False
