"""Which execution provider a session asks for, and which one it really got."""

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
# Bytes set aside for the bound inputs and outputs of one session, which are not in its arena.
BUFFERS = 2**20

logger = logging.getLogger(__name__)

Provider = tuple[str, dict[str, Any]]


def require(settings: Settings) -> None:
    """Refuse the setting `cuda` where there is no device.

    Raises:
        StartupError: saying so.
    """
    if settings.provider == "cuda" and not _has_cuda():
        raise StartupError(
            "ROSENBLATT_PROVIDER is 'cuda' but no CUDA device answers; "
            "check the driver and onnxruntime-gpu, or set it to 'auto'"
        )


def workers(settings: Settings) -> int:
    """How many processes serve: as set, or one per core; one where a GPU is to be shared.

    Processes take turns on a GPU, each with a context, weights and buffers of its own, and split
    the rows that one would run together (docs/decisions/0018).
    """
    if settings.workers is not None:
        return settings.workers
    return 1 if cuda_is_used(settings) else min(cores(), MOST_WORKERS)


def cuda_is_used(settings: Settings) -> bool:
    """True if graphs that can run on CUDA will."""
    return settings.provider != "cpu" and _has_cuda()


def on_cpu() -> list[Provider]:
    """The providers of a session that runs on the CPU."""
    return [(CPU, {})]


def share(settings: Settings, n: int) -> Settings:
    """The settings of one of `n` models of a worker: ONNX Runtime limits the memory of each.

    Never less than 2 MiB, for half of it is the buffers'; what that is too little for says so.
    """
    return settings.model_copy(update={"gpu_memory_mb": max(2, settings.gpu_memory_mb // n)})


def wanted(artifact: Artifact, settings: Settings) -> list[Provider]:
    """Providers to ask for, best first. The one model may take all GPU memory of the settings.

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
    }
    return [(CUDA, options), (CPU, {})]


def check(asked: list[Provider], session: ort.InferenceSession, settings: Settings) -> str:
    """The provider a session really has; ONNX Runtime falls back without an exception.

    Raises:
        StartupError: the setting is `cuda`, CUDA was asked for, and the session fell back.
    """
    got: str = session.get_providers()[0]
    if asked[0][0] == CUDA and got != CUDA:
        message = "CUDA was asked for but ONNX Runtime fell back to the CPU; see its log above"
        if settings.provider == "cuda":
            raise StartupError(message)
        logger.warning(message)
    return got


@lru_cache(maxsize=1)
def _has_cuda() -> bool:
    """A device answers and ONNX Runtime can use one; asked of the driver, which is silent."""
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
