"""Memory that a loaded model does not need, and memory that a run does not get.

ONNX Runtime frees several times the size of a tree ensemble once it has built it. glibc keeps that
memory for later use, in arenas of the threads that loaded the model, and nothing uses it again
(docs/decisions/0024).
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping

import onnxruntime as ort

from contract.batch import Array

# What ONNX Runtime's errors, which have no type of their own, say where there is no memory.
_EXHAUSTED = ("Failed to allocate memory", "bad_alloc")


def is_exhausted(error: Exception) -> bool:
    """True if there was no memory: for Python, or for ONNX Runtime on the CPU or a GPU."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _EXHAUSTED)


def trim() -> bool:
    """Return freed memory to the operating system; False where the C library cannot."""
    try:
        malloc_trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # only glibc has it; Windows opens no such library
        return False
    malloc_trim(0)
    return True


def forget_graph(session: ort.InferenceSession) -> None:
    """Let go of the serialised graph, which the session keeps to make itself anew.

    It does so to fall back to other providers, so `disable_fallback` must have been called, and in
    `set_providers`, which raises an error from now on.
    """
    session._model_bytes = None


def shrink_arena(session: ort.InferenceSession, inputs: Mapping[str, Array]) -> None:
    """Run once more and return what the session's arena on the CPU holds beyond that run.

    The arena keeps what the largest run needed, which is more than runs need while serving.
    """
    options = ort.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    session.run(None, dict(inputs), options)
