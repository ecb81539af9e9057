"""A small application that the tests of the kernel share."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import numpy as np

from service.errors import InvalidError
from service.http.kernel.admission import Limits
from service.http.kernel.application import Application
from service.http.kernel.messages import Reply, Request, reply
from service.http.kernel.route import Route

JSON = {"content-type": "application/json"}


async def echo(request: Request) -> Reply:
    return reply({"size": len(request.body), **request.parameters})


async def array(_: Request) -> Reply:
    return reply({"row": np.array([0.5, 0.25], np.float32), "n": np.int64(3)})


async def refuse(_: Request) -> Reply:
    raise InvalidError("thing is 3; at most 2", loc=["thing"])


async def surrogate(_: Request) -> Reply:
    raise InvalidError("thing is \ud800")


async def fail(_: Request) -> Reply:
    raise KeyError("secret")


async def break_down(_: Request) -> Reply:
    raise RuntimeError("it broke down")


class Counted:
    """Metrics that remember each request."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, int]] = []

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        assert seconds >= 0
        self.seen.append((route, method, status))

    def write(self) -> None:
        """Nothing is kept back."""


COUNTED = Counted()
APPLICATION = Application(
    [
        Route("POST", "/echo", echo),
        Route("GET", "/array", array),
        Route("POST", "/refuse", refuse),
        Route("POST", "/surrogate", surrogate),
        Route("GET", "/fail", fail),
        Route("POST", "/broken/{name}", break_down),
        Route("GET", "/things/{name}", echo),
        Route("GET", "/things/{name}/parts/{part}", echo),
    ],
    Limits(body_bytes=100, body_seconds=0.2, pending=3, pending_bytes=250),
    COUNTED,
)


def call(method: str, path: str, **options: Any) -> httpx.Response:
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(APPLICATION)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, **options)

    return asyncio.run(go())
