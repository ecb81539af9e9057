"""Settings that cannot be fulfilled end the process at once, with one line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.server import free_port


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("ROSENBLATT_MODELS_DIR", "/nowhere", "the model repository /nowhere is no directory"),
        ("ROSENBLATT_MAX_ROWS", "0", "ROSENBLATT_MAX_ROWS is '0'"),
        ("ROSENBLATT_PROVIDER", "tpu", "ROSENBLATT_PROVIDER is 'tpu'"),
    ],
)
def test_it_refuses_to_start(variable: str, value: str, message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bentoml", "serve", "service.app:Rosenblatt",
         "--host", "127.0.0.1", "--port", str(free_port())],
        cwd=ROOT, env={**os.environ, variable: value}, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"rosenblatt cannot start: {message}")
