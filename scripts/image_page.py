"""The sizes of the images in docs/container.md, from docs/results/image.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.guide_tables import table

_HEADER = ("image", "in all", "over its base", "at most", "built in", "ready after")
_NAMES = {"cpu": "CPU", "gpu": "GPU, without CUDA's libraries"}
# Of what an image adds to its base, in MB.
BARS = {"cpu": 450, "gpu": 750}


def sizes(figures: Mapping[str, Any]) -> str:
    """A table of sizes and seconds, one row per variant."""
    rows = []
    for variant, name in _NAMES.items():
        measured = figures[variant]
        base = measured["base_bytes"]
        rows.append(
            (
                name,
                _megabytes(measured["image_bytes"]),
                _megabytes(measured["image_bytes"] - base),
                f"{BARS[variant]} MB",
                f"{measured['build_seconds']:.0f} s",
                f"{measured['start_seconds']:.1f} s",
            )
        )
    base = figures["cpu"]
    note = (
        f"Unpacked, on a base of {_megabytes(base['base_bytes'])} from Debian's packages, with "
        f"{base['engine'].replace(' version', '')}. Run with {_memory(base)} of memory, the CPU "
        f"image ended {base['stop_seconds']:.1f} s after SIGTERM, a second of which its last "
        "request took to arrive."
    )
    return f"{table(_HEADER, rows)}\n\n{note}"


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB"


def _memory(measured: Mapping[str, Any]) -> str:
    limit = measured["memory_limit_bytes"]
    return "no limit" if limit is None else f"at most {limit / 2**20:,.0f} MiB"
