"""The outcome of a check."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Check(NamedTuple):
    """One line of the report.

    Attributes:
        outcome: `fail` keeps the service from working as it is set up; `note` does not.
        detail: what was found and, unless all is well, what to do.
    """

    outcome: Literal["ok", "note", "fail"]
    subject: str
    detail: str
