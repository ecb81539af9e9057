"""Everything that can go wrong in the guide.

GuideError
├── FactError     a fact is unknown, or has a value it cannot have
└── RulesetError  a data file of the guide is missing or breaks its schema
"""

from __future__ import annotations

from collections.abc import Sequence


class GuideError(Exception):
    """Base of the guide's errors; the message is one sentence for the caller."""


class FactError(GuideError):
    """A fact is unknown, or has a value it cannot have.

    Args:
        message: names the fact, its value and what it may be.
        loc: where in the document the fact stands, outermost first.
    """

    def __init__(self, message: str, loc: Sequence[str | int]) -> None:
        super().__init__(message)
        self.loc = tuple(loc)


class RulesetError(GuideError):
    """A data file of the guide is missing or breaks its schema."""
