"""Memory that a loaded model does not need.

ONNX Runtime frees several times the size of a tree ensemble once it has built it. glibc keeps that
memory for later use, in arenas of the threads that loaded the model, and nothing uses it again.
"""

from __future__ import annotations

import ctypes

import onnxruntime as ort


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
