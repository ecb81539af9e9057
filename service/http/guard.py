"""Who may ask for what, from the settings and the routes."""

from __future__ import annotations

import logging
from collections.abc import Callable

from service.api_keys import read_keys
from service.errors import StartupError
from service.http.index import BENTOML
from service.http.kernel.application import Application
from service.http.kernel.guard import Access, Rules
from service.http.kernel.origins import is_local_only
from service.settings import Settings

_LOCKED = Access()
_PUBLIC = Access(public=True)
_ADMIN = Access(admin=True)
_BENTOML = {o.path: Access(public=o.public) for o in BENTOML}
_BENTOML_MONITORING = frozenset(o.path for o in BENTOML if o.monitoring)

logger = logging.getLogger(__name__)


def rules(settings: Settings) -> Rules:
    """Who may ask.

    Raises:
        StartupError: the keys cannot be read.
    """
    return Rules(
        keys=read_keys(settings.api_keys.get_secret_value(), settings.api_keys_file),
        allow_anonymous=settings.allow_anonymous,
        hosts=frozenset(name.lower() for name in settings.allowed_hosts),
        origins=frozenset(settings.cors_origins),
    )


def pattern(product: Application, path: str) -> str | None:
    """The pattern of a path's route, or None if there is no such route."""
    match = product.find(path)
    if match is not None:
        return match.pattern
    return path if path in _BENTOML else None


def is_monitoring(product: Callable[[], Application]) -> Callable[[str], bool]:
    """True for the path of a health route or of the metrics."""

    def find(path: str) -> bool:
        match = product().find(path)
        if match is None:
            return path in _BENTOML_MONITORING
        return any(route.monitoring for route in match.methods.values())

    return find


def read_keys_anew(rules: Rules, settings: Settings) -> None:
    """Accept the API keys that the file has now; those before, if it cannot be read."""
    try:
        keys = read_keys(settings.api_keys.get_secret_value(), settings.api_keys_file)
    except StartupError as error:
        logger.error("the API keys are unchanged: %s", error)
        return
    if keys != rules.keys:
        logger.warning("the API keys were read anew and have changed")
    rules.keys = keys


def check_exposure(address: str, rules: Rules) -> None:
    """Refuse to listen where strangers may reach a service without keys.

    Args:
        address: that is listened on.

    Raises:
        StartupError: other machines can reach it, there are no keys, and anonymous requests are
            not allowed.
    """
    if is_local_only(address) or rules.keys or rules.allow_anonymous:
        return
    raise StartupError(
        f"{address or 'the empty address'} can be reached from other machines and there are no API "
        "keys; set ROSENBLATT_API_KEYS (`rosenblatt key` makes one), listen on 127.0.0.1, or set "
        "ROSENBLATT_ALLOW_ANONYMOUS=true in a closed network"
    )


def access(product: Callable[[], Application]) -> Callable[[str, str], Access]:
    """What a path asks for, by method and path.

    A path without a route needs a key, so that nobody can find out without one which paths exist.
    """

    def find(method: str, path: str) -> Access:
        match = product().find(path)
        if match is None:
            return _BENTOML.get(path, _LOCKED)
        route = match.methods.get(method)
        if route is None:
            return _LOCKED
        return _PUBLIC if route.public else _ADMIN if route.admin else _LOCKED

    return find
