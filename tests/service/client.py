"""The application over tiny models, in process."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from service.build import build
from service.settings import Settings


class Client:
    """The application behind httpx, with its parts and its metrics at hand."""

    def __init__(self, settings: Settings) -> None:
        self.registry = CollectorRegistry()
        self.product = build(settings, registry=self.registry)
        self.models = self.product.models
        self.application = self.product.application

    def request(
        self, method: str, path: str, document: Any = None, **options: Any
    ) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self.application)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, json=document, **options)

        return asyncio.run(go())
