"""Why a worker cannot start, in one sentence; imports nothing, so that it works without memory."""

from __future__ import annotations


def reason(error: ImportError | MemoryError) -> str:
    """Why the imports or the loading of the models failed."""
    if isinstance(error, MemoryError):
        return "the process may not take as much memory as it needs; raise its limit"
    return (
        f"a library cannot be loaded: {' '.join(str(error).split())}; raise the limit of "
        "memory, or install requirements/serve.txt again"
    )
