"""Names and numbers in messages: short and printable."""

from __future__ import annotations

import json
from collections.abc import Sequence

_LONGEST = 60
_MOST = 10


def shown(text: str) -> str:
    """A name or value from the file, quoted, in ASCII, cut after 60 characters."""
    quoted = json.dumps(text[: _LONGEST + 1], ensure_ascii=True)
    return quoted if len(quoted) <= _LONGEST else quoted[: _LONGEST - 3] + "..."


def listed(names: Sequence[str]) -> str:
    """The first ten names, and the number of the others."""
    first = ", ".join(shown(name) for name in names[:_MOST])
    more = len(names) - _MOST
    return f"{first} and {more:,} more" if more > 0 else first


def count(n: int, what: str) -> str:
    """A number with its noun in singular or plural: `1 row`, `1,200 rows`, `2 classes`."""
    plural = what + ("es" if what.endswith("s") else "s")
    return f"{n:,} {what if n == 1 else plural}"


def percent(share: float) -> str:
    """A share as a percentage; a share strictly between 0 and 1 is never shown as 0% or 100%."""
    if 0 < share < 0.001:
        return "under 0.1%"
    if 0.999 < share < 1:
        return "over 99.9%"
    return f"{share * 100:.1f}".rstrip("0").rstrip(".") + "%"
