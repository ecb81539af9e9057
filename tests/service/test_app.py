"""The BentoML service object, in process, with the committed models."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import bentoml
import httpx
import pytest

from contract.repository import audit, entries
from service.app import Rosenblatt, product
from service.errors import StartupError
from service.inference import provider
from service.settings import Settings, settings
from tests.conftest import MODELS

GOLDEN = audit(entries(MODELS)[0]).golden
INSTANCES = GOLDEN.inputs["images"][:2].tolist()


def running(talk: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    """Start BentoML's whole ASGI stack in this process and let `talk` use it."""

    async def go() -> None:
        application = Rosenblatt.to_asgi()  # type: ignore[attr-defined]
        bentomls = application.app.app
        async with bentomls.router.lifespan_context(bentomls):
            transport = httpx.ASGITransport(application)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1"
            ) as client:
                await talk(client)

    asyncio.run(go())


def test_before_it_is_initialised_it_says_so() -> None:
    with pytest.raises(RuntimeError, match="before it is initialised"):
        product()


def test_the_whole_stack_and_the_typed_methods() -> None:
    """One start for both: the metrics of a process cannot be registered twice."""

    async def talk(client: httpx.AsyncClient) -> None:
        answer = await client.post("/predict", json={"instances": INSTANCES})
        assert answer.status_code == 200
        assert len(answer.json()["predictions"]) == 2
        assert (await client.get("/readyz")).json()["state"] == "ready"
        assert (await client.get("/livez")).status_code == 200
        nowhere = (await client.get("/nowhere")).json()
        assert nowhere["error"].startswith("there is no route")

        service = bentoml.get_current_service()
        methods = type(service).__dict__
        predicted = methods["predict"].func(service, INSTANCES, "digits-perceptron")
        assert predicted.model == "digits-perceptron"
        assert len(predicted.predictions[1].probabilities) == 10
        compared = methods["compare"].func(service, INSTANCES)
        over_http = (await client.post("/compare", json={"instances": INSTANCES})).json()
        assert [m.model for m in compared.models] == [m["model"] for m in over_http["models"]]
        assert compared.agree == over_http["agree"]

    running(talk)


def test_bentoml_is_told_how_many_workers() -> None:
    assert Rosenblatt.config["workers"] == provider.workers(settings())  # type: ignore[attr-defined]


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROSENBLATT_MAX_ROWS", "7")
    monkeypatch.setenv("ROSENBLATT_DEFAULT_MODEL", "digits-perceptron")
    assert (Settings().max_rows, Settings().default_model) == (7, "digits-perceptron")


@pytest.mark.parametrize("value", ["0", "many", "-1"])
def test_a_wrong_setting_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ROSENBLATT_MAX_ROWS", value)
    with pytest.raises(StartupError, match=f"ROSENBLATT_MAX_ROWS is '{value}'"):
        settings.__wrapped__()
