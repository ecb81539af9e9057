"""A GPU that is absent, and lost libraries of CUDA: `cuda` ends, `auto` serves and says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import Any

import onnxruntime as ort
import pytest

from tests.conftest import ROOT
from tests.faults import fault
from tests.http.test_start import BENTOMLS, OURS, refused
from tests.repositories import tiny_model
from tests.server import free_port, serve

IMAGE = [[0] * 28] * 28
# No device on a machine that has one, either.
ABSENT = {"CUDA_VISIBLE_DEVICES": ""}
# A driver that says there is a device, as if CUDA's own libraries had been lost beside it.
DRIVER = """
int cuInit(unsigned flags) { return 0; }
int cuDeviceGetCount(int *count) { *count = 1; return 0; }
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    models = tmp_path_factory.mktemp("models")
    tiny_model(models, "digits")
    return {"ROSENBLATT_MODELS_DIR": str(models), "ROSENBLATT_DEFAULT_MODEL": "digits"}


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a machine whose driver answers and whose libraries are lost."""
    if shutil.which("cc") is None or "CUDAExecutionProvider" not in ort.get_available_providers():
        pytest.skip("needs a C compiler, and ONNX Runtime for CUDA")
    folder = tmp_path_factory.mktemp("driver")
    (folder / "driver.c").write_text(DRIVER)
    library = folder / "libcuda.so.1"
    command = ["cc", "-shared", "-fPIC", "-o", str(library), str(folder / "driver.c")]
    subprocess.run(command, check=True)
    return {"LD_LIBRARY_PATH": str(folder)}


def serves_on_the_cpu(variables: dict[str, Any], log_line: str) -> None:
    """It answers, and the log, the metrics and every answer say where."""
    with serve(**variables) as server, server.client() as client:
        body = {"instances": [IMAGE]}
        predicted = client.post("/predict", json=body).json()
        compared = client.post("/compare", json=body).json()
        listed = client.get("/models").json()
        found = [predicted, *compared["models"], *listed["models"]]
        assert {one["provider"] for one in found} == {"CPUExecutionProvider"}
        counted = 'rosenblatt_predictions_total{model="digits",provider="CPUExecutionProvider"'
        assert counted in client.get("/metrics").text
        assert log_line in server.log.read_text()


@fault("no-gpu")
@pytest.mark.parametrize("module", [OURS, BENTOMLS], ids=["ours", "BentoML's"])
def test_cuda_without_a_device_does_not_start(
    settings: dict[str, Any], module: tuple[str, ...]
) -> None:
    line = refused(module, str(free_port()), ROSENBLATT_PROVIDER="cuda", **settings, **ABSENT)
    assert line == (
        "rosenblatt cannot start: ROSENBLATT_PROVIDER is 'cuda' but no CUDA device answers; check "
        "the driver and onnxruntime-gpu, or set it to 'auto'"
    )


@fault("no-gpu")
def test_auto_without_a_device_serves_on_the_cpu_and_says_so(settings: dict[str, Any]) -> None:
    said = "no CUDA device answers, so models run on the CPU"
    serves_on_the_cpu(settings | ABSENT | {"ROSENBLATT_PROVIDER": "auto"}, said)


@fault("no-gpu")
def test_cuda_with_a_lost_library_does_not_start(
    settings: dict[str, Any], lost: dict[str, str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *OURS, "--port", str(free_port())],
        cwd=ROOT, env={**os.environ, **settings, **lost, "ROSENBLATT_PROVIDER": "cuda"}, text=True,
        capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "rosenblatt cannot start: digits version 1: CUDA was requested but ONNX Runtime fell back "
        "to the CPU; see its log above"
    )


@fault("no-gpu")
def test_auto_with_a_lost_library_serves_on_the_cpu_and_says_so(
    settings: dict[str, Any], lost: dict[str, str]
) -> None:
    said = "CUDA was requested but ONNX Runtime fell back to the CPU"
    serves_on_the_cpu(settings | lost | {"ROSENBLATT_PROVIDER": "auto"}, said)
