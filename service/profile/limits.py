"""What a file may cost. Each limit is checked before the step it bounds."""

from __future__ import annotations

from dataclasses import dataclass

from service.settings import Settings


@dataclass(frozen=True)
class Limits:
    """Bytes are bytes; `max_pixels` is per image; `max_files` counts the members of a zip.

    `max_unpacked_bytes` bounds the table in memory or all members of a zip together. It is held
    against what is really inflated, so no ratio is needed: a header can lie, a counter cannot.
    """

    max_bytes: int
    max_rows: int
    max_columns: int
    max_pixels: int
    max_files: int
    max_unpacked_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that the `ROSENBLATT_PROFILE_MAX_*` settings give."""
        return cls(
            max_bytes=settings.profile_max_bytes,
            max_rows=settings.profile_max_rows,
            max_columns=settings.profile_max_columns,
            max_pixels=settings.profile_max_pixels,
            max_files=settings.profile_max_files,
            max_unpacked_bytes=settings.profile_max_unpacked_bytes,
        )
