"""Why a picture is not decoded, and the one seam where every such reason becomes a ServiceError."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import InvalidError, Location, ServiceError, TooLargeError


class RefusedError(Exception):
    """A picture that is not decoded; the message completes a sentence that names the picture."""


class OversizedError(RefusedError):
    """A picture of more pixels than the limit."""


class UnfitError(RefusedError):
    """A sound picture that the model takes only with a fit.

    Args:
        reason: what does not fit.
        remedy: how to send it without a fit.
        fit: the fit that takes it.
    """

    def __init__(self, reason: str, remedy: str, fit: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.fit = fit


def broken(reason: str) -> RefusedError:
    """The refusal of a file that is not what its format's specification says."""
    return RefusedError(f"is a broken picture: {reason}")


@contextmanager
def translate_errors(where: str, loc: Location | None, *, fits: bool = True) -> Iterator[None]:
    """Turn whatever is raised inside into a ServiceError.

    Args:
        where: the picture's name, with which every message begins.
        loc: its place in the body.
        fits: whether messages may advise a fit; not where the caller offers none.
    """
    try:
        yield
    except (ServiceError, MemoryError):
        raise
    except OversizedError as error:
        raise TooLargeError(f"{where} {error}", loc=loc) from error
    except UnfitError as error:
        advice = f', or send "fit": "{error.fit}"' if fits else ""
        raise InvalidError(f"{where} {error}{advice}", loc=loc) from error
    except RefusedError as error:
        raise InvalidError(f"{where} {error}", loc=loc) from error
    except Exception as error:
        # Pillow does not document what it raises for a broken file.
        reason = str(error) or type(error).__name__
        raise InvalidError(f"{where} is a broken picture: {reason}", loc=loc) from error
