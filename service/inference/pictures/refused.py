"""What an audit raises."""

from __future__ import annotations


class RefusedError(Exception):
    """A picture that is not decoded; the message completes a sentence that names the picture."""


def broken(reason: str) -> RefusedError:
    """The refusal of a file that is not what its format's specification says."""
    return RefusedError(f"is a broken picture: {reason}")
