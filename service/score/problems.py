"""Rows that cannot be scored, and why."""

from __future__ import annotations

from collections.abc import Callable

from contract.messages import short
from service.errors import InvalidError, ServiceError

# A row, and a column of it unless the whole row is meant, as the subject of a sentence.
Where = Callable[[int, str | None], str]


def cell(row: str, column: str | None) -> str:
    """The words for a row and a column of it, or for the whole row."""
    return row if column is None else f"{row}, column {short(column)},"


class Problems:
    """The first problem of each row.

    Args:
        where: names a row.
        fail: whether a problem is raised rather than kept.
    """

    def __init__(self, where: Where, *, fail: bool) -> None:
        self.where = where
        self.fail = fail
        self.sentences: dict[int, str] = {}

    def add(self, row: int, column: str | None, what: str) -> None:
        """A row has a problem, in a column or as a whole; `what` completes the sentence.

        Raises:
            InvalidError: the sentence, if problems are raised.
        """
        self.take(row, InvalidError(f"{self.where(row, column)} {what}"))

    def take(self, row: int, error: ServiceError) -> None:
        """The same with an error that holds the sentence."""
        if self.fail:
            raise error
        self.sentences.setdefault(row, str(error))
