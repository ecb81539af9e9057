"""On a GPU: workers take each other's place under load and leave none of its memory taken."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.devices import memory_used
from service.inference import provider
from service.settings import Settings
from tests.conftest import MODELS
from tests.http.load import load
from tests.http.reloads import reload, served
from tests.repositories import tiny_repository

pytestmark = pytest.mark.skipif(
    not provider.cuda_is_used(Settings(provider="auto")), reason="there is no CUDA device"
)


@pytest.mark.slow
def test_reloads_under_load_leave_no_memory_of_the_gpu_taken(tmp_path: Path) -> None:
    """The device's whole memory is read: nothing else may run there."""
    models = tiny_repository(tmp_path / "models")
    for name in ("digits-cnn", "digits-random-forest"):
        shutil.copytree(MODELS / name, models / name)
    before, held = memory_used(), []
    with (
        served(models, ROSENBLATT_PROVIDER="cuda") as server,
        server.client() as client,
        load(server, clients=2) as clients,
    ):
        for _ in range(10):
            reload(server, client)
            held.append(memory_used())
    assert clients.failures == []
    assert clients.answered > 0
    # While one worker takes the other's place, both may hold what they need.
    assert min(held[5:]) <= 1.01 * min(held[:5]), held
    left = memory_used() - before
    assert left < 0.1 * (min(held) - before), "the server left processes on the GPU"
