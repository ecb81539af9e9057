"""BentoML's application, set up as BentoML's own worker does (`_bentoml_impl.worker.service`)."""

from __future__ import annotations

from typing import Any

import prometheus_client.values as values
from _bentoml_sdk import Service  # type: ignore[import-untyped]
from bentoml._internal.context import server_context
from bentoml._internal.log import SERVER_LOGGING_CONFIG, configure_server_logging
from bentoml._internal.utils.uri import join_paths


def count_as(seat: int) -> None:
    """Name the files of Prometheus' metrics by seat; with process ids there would be ever more.

    Must be called before the first metric is made.
    """
    values.ValueClass = values.MultiProcessValue(lambda: seat)  # type: ignore[no-untyped-call]


def configure_logging() -> None:
    """Log as BentoML does, and keep the loggers that exist already."""
    SERVER_LOGGING_CONFIG["disable_existing_loggers"] = False
    configure_server_logging()  # type: ignore[no-untyped-call]


def application(service: Service[Any], seat: int) -> Any:
    """The ASGI application of the service."""
    server_context.worker_index = seat
    server_context.service_type = "entry_service"
    server_context.service_name = service.name
    server_context.bento_name = service.name
    server_context.bento_version = "not available"
    server_context.service_routes = [
        join_paths(service.path_prefix, api.route) for api in service.apis.values()
    ]
    return service.to_asgi()
