"""The application on a GPU answers what it answers on the CPU; skipped where there is none."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from contract.repository import entries
from service.inference import provider
from service.settings import Settings
from tests.conftest import MODELS
from tests.repositories import other_model, regression_model, table_model, tiny_model
from tests.service.client import Client

pytestmark = pytest.mark.skipif(
    not provider.cuda_is_used(Settings(provider="auto")), reason="there is no CUDA device"
)
LOANS = [
    {"age": 70, "income": 3000, "town": "Oslo"},
    {"age": None, "income": None, "town": None},
]
# The largest difference between two devices that add in another order.
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image model and three whose graphs are as they come from elsewhere."""
    root = tmp_path_factory.mktemp("repository")
    tiny_model(root, "images")
    table_model(root)
    regression_model(root)
    other_model(root)
    return root


def pair(models: Path, default: str) -> tuple[Client, Client]:
    """The application on the CPU and on the GPU."""
    cpu, cuda = (
        Client(Settings(models_dir=models, default_model=default, provider=name))
        for name in ("cpu", "cuda")
    )
    return cpu, cuda


@pytest.fixture(scope="module")
def committed() -> tuple[Client, Client]:
    return pair(MODELS, "digits-cnn")


@pytest.fixture(scope="module")
def foreign(tiny: Path) -> tuple[Client, Client]:
    return pair(tiny, "images")


def images(n: int) -> list[Any]:
    """Blurred noise in the middle of black."""
    rng = np.random.default_rng(n)
    found = np.zeros((n, 28, 28), np.uint8)
    found[:, 4:24, 4:24] = rng.integers(0, 256, (n, 5, 5), np.uint8).repeat(4, 1).repeat(4, 2)
    nested: list[Any] = found.tolist()
    return nested


def predictions(client: Client, body: dict[str, Any]) -> list[Any]:
    answer = client.request("POST", "/predict", body)
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["predictions"]
    return found


def assert_alike(found: list[Any], expected: list[Any]) -> None:
    """Equal labels, and probabilities within the tolerance."""
    assert [one["label"] for one in found] == [one["label"] for one in expected]
    np.testing.assert_allclose(
        [one["probabilities"] for one in found],
        [one["probabilities"] for one in expected],
        rtol=0, atol=TOLERANCE,
    )  # fmt: skip


def test_every_committed_model_runs_on_the_gpu(committed: tuple[Client, Client]) -> None:
    listed = committed[1].request("GET", "/models").json()["models"]
    assert [(model["name"], model["provider"]) for model in listed] == [
        (entry.name, provider.CUDA) for entry in entries(MODELS)
    ]


@pytest.mark.parametrize("rows", [1, 2, 3, 64, 300])
@pytest.mark.parametrize("model", [entry.name for entry in entries(MODELS)])
def test_the_committed_models_answer_alike(
    committed: tuple[Client, Client], model: str, rows: int
) -> None:
    body = {"model": model, "instances": images(rows)}
    cpu, cuda = (predictions(client, body) for client in committed)
    assert_alike(cuda, cpu)


@pytest.mark.parametrize(
    ("model", "instances"),
    [
        ("images", images(5)),
        ("loans", LOANS),
        ("prices", [[1, 2, 3], [4, 5, 6]]),
        ("sums", [[[1, 2], [3, 4]], [[5, 0], [0, 0]]]),
    ],
)
def test_models_from_elsewhere_answer_alike(
    foreign: tuple[Client, Client], model: str, instances: list[Any]
) -> None:
    """Text and the tensors of any shape among them, whichever device each node runs on."""
    body = {"model": model, "instances": instances}
    cpu, cuda = (predictions(client, body) for client in foreign)
    assert len(cuda) == len(cpu) == len(instances)
    for ours, theirs in zip(cuda, cpu, strict=True):
        assert ours.keys() == theirs.keys()
        np.testing.assert_equal(ours.get("label"), theirs.get("label"))
        for name in ("probabilities", "value", "interval"):
            if name in theirs:
                np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5, atol=TOLERANCE)
        assert ours.get("outputs") == theirs.get("outputs")


def test_requests_at_a_time_are_batched_and_each_gets_its_own(
    committed: tuple[Client, Client],
) -> None:
    """One request's rows never answer another's, though they share buffers on the device."""
    pictures = images(200)
    alone = predictions(committed[0], {"instances": pictures})

    async def ask() -> list[httpx.Response]:
        async with committed[1].connect() as client:
            asked = (client.post("/predict", json={"instances": [one]}) for one in pictures)
            return list(await asyncio.gather(*asked))

    found = [answer.json()["predictions"][0] for answer in asyncio.run(ask())]
    assert_alike(found, alone)
