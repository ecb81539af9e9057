"""ONNX Runtime's execution providers: which to request for a session, and which it got."""

from __future__ import annotations

import ctypes
import logging
from functools import lru_cache
from typing import Any

import onnxruntime as ort

from contract.repository import Artifact
from service.cores import cores
from service.errors import StartupError
from service.settings import MOST_WORKERS, Settings

CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"
# Bytes reserved for a session's bound inputs and outputs, which are outside ONNX Runtime's arena.
BUFFERS = 2**20

logger = logging.getLogger(__name__)

Provider = tuple[str, dict[str, Any]]


def require(settings: Settings) -> None:
    """Check that the provider setting can be met.

    Raises:
        StartupError: the setting is `cuda` and there is no CUDA device.
    """
    if settings.provider == "cuda" and not _has_cuda():
        raise StartupError(
            "ROSENBLATT_PROVIDER is 'cuda' but no CUDA device answers; "
            "check the driver and onnxruntime-gpu, or set it to 'auto'"
        )


def workers(settings: Settings) -> int:
    """Number of worker processes: the setting, or else one per core, or one on a GPU.

    Processes on a GPU take turns, each with its own context, weights and buffers, and split the
    rows that one process would batch (docs/decisions/0018).
    """
    if settings.workers is not None:
        return settings.workers
    return 1 if cuda_is_used(settings) else min(cores(), MOST_WORKERS)


def cuda_is_used(settings: Settings) -> bool:
    """True if graphs that can run on CUDA run there."""
    return settings.provider != "cpu" and _has_cuda()


def log_fallback(settings: Settings) -> None:
    """Say in the log where `auto` means the CPU; where a library is missing, `check` says so."""
    if settings.provider == "auto" and not _has_cuda():
        logger.warning("no CUDA device answers, so models run on the CPU: the provider is 'auto'")


def on_cpu() -> list[Provider]:
    """The providers of a session that runs on the CPU."""
    return [(CPU, {})]


def share(settings: Settings, n: int) -> Settings:
    """The settings of one of `n` models of a worker, with its share of the GPU memory.

    ONNX Runtime limits memory per session. The share is at least 2 MiB, of which the buffers take
    one; a model that needs more fails to load with a message that says so.
    """
    return settings.model_copy(update={"gpu_memory_mb": max(2, settings.gpu_memory_mb // n)})


def wanted(artifact: Artifact, settings: Settings) -> list[Provider]:
    """Providers to request, best first. The model may use all GPU memory of the settings.

    Raises:
        StartupError: the setting is `cuda` and there is no CUDA device to use.
    """
    require(settings)
    if not cuda_is_used(settings):
        return on_cpu()
    # ONNX Runtime has no CUDA kernel for tree ensembles.
    if artifact.outline.has_trees and "cuda" not in artifact.manifest.files:
        return on_cpu()
    options = {
        "cudnn_conv_algo_search": "HEURISTIC",
        "gpu_mem_limit": settings.gpu_memory_mb * 2**20 - BUFFERS,
        "arena_extend_strategy": "kSameAsRequested",
        # TensorFloat-32 rounds inputs of matrix products to 10 bits: on an H200 probabilities then
        # differ from the CPU's by 6e-4, and sound models fail their golden samples.
        "use_tf32": 0,
    }
    return [(CUDA, options), (CPU, {})]


def check(requested: list[Provider], session: ort.InferenceSession, settings: Settings) -> str:
    """The provider that a session got; ONNX Runtime falls back to the CPU without an exception.

    Raises:
        StartupError: the setting is `cuda`, CUDA was requested, and the session fell back.
    """
    got: str = session.get_providers()[0]
    if requested[0][0] == CUDA and got != CUDA:
        message = "CUDA was requested but ONNX Runtime fell back to the CPU; see its log above"
        if settings.provider == "cuda":
            raise StartupError(message)
        logger.warning(message)
    return got


@lru_cache(maxsize=1)
def _has_cuda() -> bool:
    """True if there is a CUDA device and this ONNX Runtime can use it.

    The driver is called directly: ONNX Runtime would log an error where there is no device.
    """
    if CUDA not in ort.get_available_providers():
        return False
    try:
        driver = ctypes.CDLL("libcuda.so.1")
        count = ctypes.c_int(0)
        found = driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0
    except (OSError, AttributeError):
        return False
    if found and count.value > 0:
        ort.preload_dlls()
        return True
    return False
