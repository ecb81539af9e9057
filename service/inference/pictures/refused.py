"""The error that the audits of pictures raise."""

from __future__ import annotations


class RefusedError(Exception):
    """A refused picture; the message continues a sentence that starts with the picture's name."""


def broken(reason: str) -> RefusedError:
    """The error for a file that breaks its format's specification."""
    return RefusedError(f"is a broken picture: {reason}")
