"""Traces reach a collector: a server of this test takes OTLP over HTTP and reads its protobuf."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from service import tracing
from service.errors import StartupError
from service.settings import Settings
from tests.conftest import ROOT
from tests.repositories import tiny_model
from tests.server import free_port, serve

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
BODY = {"instances": np.zeros((1, 28, 28), int).tolist()}


class Collector(HTTPServer):
    """Takes spans as a collector does; `paths` and `spans` are what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.paths: list[str] = []
        self.spans: list[Span] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/traces"


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.paths.append(self.path)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self.server.spans.extend(scope.spans)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def collecting() -> Iterator[Collector]:
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            collector.shutdown()
            thread.join()


def settings_of(models: Path, **more: str) -> dict[str, Any]:
    tiny_model(models, "alpha")
    return {"ROSENBLATT_MODELS_DIR": str(models), "ROSENBLATT_DEFAULT_MODEL": "alpha", **more}


def ask(url: str, trace: str | None = None) -> None:
    headers = {"traceparent": f"00-{trace}-{PARENT}-01"} if trace else {}
    assert httpx.post(f"{url}/predict", json=BODY, headers=headers).status_code == 200


def requests_of(spans: list[Span]) -> list[Span]:
    """Spans of whole requests; others stand within them."""
    return [span for span in spans if span.kind == Span.SpanKind.SPAN_KIND_SERVER]


def test_a_traced_request_continues_its_callers_trace(tmp_path: Path) -> None:
    """And others are left out: the rate is 0."""
    with collecting() as collector:
        settings = settings_of(
            tmp_path,
            ROSENBLATT_TRACING_ENDPOINT=collector.url,
            ROSENBLATT_TRACING_SAMPLE_RATE="0",
        )
        with serve(**settings) as server:
            ask(server.url)
            ask(server.url, TRACE)
        # At its end, a worker has sent what it held.
        (span,) = requests_of(collector.spans)
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
        assert span.name == "POST /predict"
        assert {one.trace_id.hex() for one in collector.spans} == {TRACE}
        assert set(collector.paths) == {"/v1/traces"}


def test_all_are_traced_at_a_rate_of_one_also_as_bentoml_is_configured(tmp_path: Path) -> None:
    with collecting() as collector:
        config = tmp_path / "bentoml.yml"
        config.write_text(
            "services: {tracing: {exporter_type: otlp, sample_rate: 1.0, otlp: {protocol: http, "
            f"endpoint: '{collector.url}'}}}}}}\n"
        )
        settings = settings_of(
            tmp_path / "models", ROSENBLATT_TRACING="1", BENTOML_CONFIG=str(config)
        )
        with serve(**settings) as server:
            ask(server.url)
            ask(server.url)
        names = [span.name for span in requests_of(collector.spans)]
        assert names.count("POST /predict") == 2


@pytest.mark.thorough
def test_a_collector_that_is_away_delays_neither_answers_nor_the_end(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        ROSENBLATT_TRACING_ENDPOINT=f"http://127.0.0.1:{free_port()}/v1/traces",
        ROSENBLATT_TRACING_SAMPLE_RATE="1",
    )
    with serve(**settings) as server:
        for _ in range(3):
            ask(server.url)
        ending = time.monotonic()
    assert time.monotonic() - ending < 3 * tracing.EXPORT_SECONDS


def test_without_the_exporter_it_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Settings(tracing_endpoint="http://127.0.0.1:4318/v1/traces")
    tracing.require(found)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(StartupError, match=r"proto-http is not installed; install requirements"):
        tracing.require(found)
    tracing.require(Settings())


@pytest.mark.parametrize(
    "setting", [{"TRACING_ENDPOINT": "collector:4318"}, {"TRACING_SAMPLE_RATE": "2"}]
)
def test_a_wrong_setting_is_one_line(setting: dict[str, str], tmp_path: Path) -> None:
    ((name, value),) = setting.items()
    done = subprocess.run(
        [sys.executable, "-m", "service.serve", "--port", str(free_port())],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, **settings_of(tmp_path), f"ROSENBLATT_{name}": value},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"ROSENBLATT_{name} is {value!r}" in done.stderr
