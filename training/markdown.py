"""Text of any kind in Markdown: tables and single lines."""

from __future__ import annotations

import re
from collections.abc import Sequence


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table; cells are text of any kind."""
    lines = [header, tuple("---" for _ in header), *(tuple(map(_cell, row)) for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _cell(text: str) -> str:
    """One line, in which bars and the backslashes before them are escaped."""
    return re.sub(r"(\\*)\|", lambda bar: f"{bar[1] * 2}\\|", line(text))


def line(text: str) -> str:
    """Text without line breaks."""
    return " ".join(text.split())
