"""Where in a request a value stands."""

from __future__ import annotations

import re

from service.errors import Location

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def location(place: str) -> Location:
    """`instances[0].photo[3]` as the path of an error body: instances, 0, photo, 3."""
    return [int(index) if index else name for index, name in _STEP.findall(place)]
