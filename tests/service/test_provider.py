"""What follows from the provider: how many processes serve."""

from __future__ import annotations

import pytest

from service.cores import cores
from service.inference import provider
from service.settings import MOST_WORKERS, Settings


def test_one_worker_per_core_unless_set() -> None:
    assert provider.workers(Settings(provider="cpu")) == min(cores(), MOST_WORKERS)
    assert provider.workers(Settings(provider="cpu", workers=3)) == 3


def test_one_worker_has_the_gpu_unless_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "_has_cuda", lambda: True)
    assert provider.workers(Settings(provider="auto")) == 1
    assert provider.workers(Settings(provider="cuda")) == 1
    assert provider.workers(Settings(provider="cuda", workers=2)) == 2
    assert provider.workers(Settings(provider="cpu")) == min(cores(), MOST_WORKERS)
