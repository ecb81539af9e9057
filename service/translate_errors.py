"""The seam where the errors of the guide and the profiler become the service's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from guide.errors import FactError, RulesetError
from profiler.errors import (
    ContentError,
    NoReaderError,
    TargetError,
    TimeLimitError,
    TooLargeError,
    UnreadableError,
    UnsupportedError,
)
from service import errors

SERVICE_ERRORS: Mapping[type[Exception], type[errors.ServiceError | errors.StartupError]] = (
    MappingProxyType(
        {
            RulesetError: errors.StartupError,
            FactError: errors.InvalidError,
            UnreadableError: errors.MalformedError,
            TooLargeError: errors.TooLargeError,
            UnsupportedError: errors.MediaTypeError,
            ContentError: errors.InvalidError,
            TargetError: errors.InvalidError,
            NoReaderError: errors.UnavailableError,
            TimeLimitError: errors.DeadlineError,
        }
    )
)


@contextmanager
def translate_errors(*parents: str) -> Iterator[None]:
    """Raise the errors of the guide and the profiler as the service's own.

    Args:
        parents: the fields that hold the document, outermost first; put before an error's `loc`.

    Raises:
        ServiceError: of the class that `SERVICE_ERRORS` names.
        StartupError: the guide's own files are broken.
    """
    try:
        yield
    except tuple(SERVICE_ERRORS) as error:
        raise _translated(error, parents) from error


def _translated(error: Exception, parents: tuple[str, ...]) -> Exception:
    translation = SERVICE_ERRORS[type(error)]
    if isinstance(error, FactError):
        return errors.InvalidError(str(error), loc=[*parents, *error.loc])
    if isinstance(error, TargetError):
        return errors.InvalidError(str(error), loc=["target"])
    return translation(str(error))
