"""What a file may cost. Each limit is checked before the step it bounds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bytes are bytes; `max_pixels` is per image; `max_files` counts the members of a zip.

    `max_unpacked_bytes` bounds the table in memory or all members of a zip together. It is held
    against what is really inflated, so no ratio is needed: a header can lie, a counter cannot.
    """

    max_bytes: int = 32 * 2**20
    max_rows: int = 1_000_000
    max_columns: int = 2_000
    max_pixels: int = 50_000_000
    max_files: int = 10_000
    max_unpacked_bytes: int = 256 * 2**20
