"""Every error of the guide and the profiler has a class, and so a status, in the service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from guide.errors import FactError, GuideError, RulesetError
from profiler import Limits
from profiler.errors import NoReaderError, ProfilerError, TargetError, TimeLimitError
from service.errors import InvalidError, ServiceError, StartupError
from service.settings import Settings
from service.translate_errors import SERVICE_ERRORS, translate_errors
from service.verbs.profile import limits_of


def leaves(error: type[Exception]) -> Iterator[type[Exception]]:
    """The classes without subclasses: the ones that are raised."""
    below = error.__subclasses__()
    yield from (leaf for sub in below for leaf in leaves(sub)) if below else (error,)


NOT_4XX: dict[type[Exception], int] = {NoReaderError: 503, TimeLimitError: 504}
RAISED = {*leaves(GuideError), *leaves(ProfilerError)}


def made(error: type[Exception]) -> Exception:
    return FactError("no", ["n_rows"]) if error is FactError else error("no")


def test_the_table_names_every_error() -> None:
    assert set(SERVICE_ERRORS) == RAISED


# In an order of their own: every test worker must collect the same.
@pytest.mark.parametrize("error", sorted(RAISED - {RulesetError}, key=str))
def test_an_error_becomes_a_status(error: type[Exception]) -> None:
    with pytest.raises(ServiceError, match="no") as caught, translate_errors():
        raise made(error)
    assert type(caught.value) is SERVICE_ERRORS[error]
    assert caught.value.status == NOT_4XX.get(error) or 400 <= caught.value.status < 500


def test_broken_rules_stop_the_service() -> None:
    with pytest.raises(StartupError, match="rules"), translate_errors():
        raise RulesetError("rules are broken")


@pytest.mark.parametrize(
    ("error", "parents", "loc"),
    [
        (FactError("no", ["modalities", 0]), (), ["modalities", 0]),
        (FactError("no", ["n_rows"]), ("facts",), ["facts", "n_rows"]),
        (TargetError("no"), (), ["target"]),
    ],
)
def test_the_place_is_kept(
    error: Exception, parents: tuple[str, ...], loc: list[str | int]
) -> None:
    with pytest.raises(InvalidError) as caught, translate_errors(*parents):
        raise error
    assert caught.value.loc == loc


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), translate_errors():
        raise KeyError


def test_the_settings_start_as_the_profilers_own_limits() -> None:
    assert limits_of(Settings()) == Limits()
