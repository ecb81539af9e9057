"""The application over tiny models, in process."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from service.http.kernel.application import Application
from service.http.kernel.threads import Threads
from service.http.limits import limits
from service.http.predict import Predictor
from service.http.profile import Profiler
from service.http.recommend import Recommender
from service.http.routes import routes
from service.inference.dispatch import Dispatcher
from service.inference.repository import Models, load_all
from service.metrics import Meter
from service.protocol.codec import Codec
from service.protocol.statistics import Statistics
from service.settings import Settings


class Client:
    """The application behind httpx, with its metrics at hand."""

    def __init__(self, settings: Settings, threads: ThreadPoolExecutor) -> None:
        self.registry = CollectorRegistry()
        self.models: Models = load_all(settings)
        predictor = Predictor(self.models, settings)
        self.predictor = predictor
        meter = Meter(self.models, self.registry)
        self.statistics = Statistics(self.models, meter.of)
        runs = ThreadPoolExecutor(1)  # of one thread, as a batcher wants it
        dispatcher = Dispatcher(self.models, settings, lambda: runs, self.statistics.of)
        recommender = Recommender(self.models)
        self.application = Application(
            routes(
                self.models,
                predictor,
                dispatcher,
                self.statistics,
                Codec(self.models, settings.max_rows),
                recommender,
                Profiler(recommender, settings),
                Threads(threads, settings.timeout_seconds),
            ),
            limits(settings),
            meter,
        )

    def request(
        self, method: str, path: str, document: Any = None, **options: Any
    ) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self.application)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, json=document, **options)

        return asyncio.run(go())
