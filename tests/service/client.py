"""The application over tiny models, in process."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from service.build import build
from service.http.repository_control import RepositoryControl
from service.settings import Settings
from tests.service.openapi import Described


class Client:
    """The application behind httpx, with its parts and its metrics at hand."""

    def __init__(self, settings: Settings, control: RepositoryControl | None = None) -> None:
        self.registry = CollectorRegistry()
        self.product = build(settings, registry=self.registry, control=control)
        self.models = self.product.models
        self.application = self.product.application
        self.described = Described(self._send("GET", "/openapi.json").json())

    def request(
        self, method: str, path: str, document: Any = None, **options: Any
    ) -> httpx.Response:
        """Send a request, and check that its answer is as the OpenAPI document has it."""
        answer = self._send(method, path, json=document, **options)
        self.described.check(method, answer.request.url.path, answer)
        return answer

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def go() -> httpx.Response:
            async with self.connect() as client:
                return await client.request(method, path, **options)

        return asyncio.run(go())

    def connect(self) -> httpx.AsyncClient:
        """A client for several requests at a time; their answers are not checked."""
        transport = httpx.ASGITransport(self.application)
        return httpx.AsyncClient(transport=transport, base_url="http://test")
