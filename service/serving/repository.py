"""The models of this process: the versions that serve, and the refused ones with the reason."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from contract.errors import ContractError
from contract.messages import short
from contract.repository import Entry, Stray, entries
from service.errors import NotFoundError, StartupError, UnavailableError
from service.inference import provider
from service.inference.binding import first_line
from service.inference.session import Session, load
from service.paths import without_folder
from service.selection import Selection
from service.serving.plans import Plan, plans_of
from service.serving.served import Served
from service.settings import Settings
from service.signatures import rollout_verifier

# The manifest's pattern: ASCII digits, no sign, no leading zero.
_VERSION = re.compile(r"[1-9][0-9]{0,8}")

logger = logging.getLogger(__name__)

Loader = Callable[[Entry, Settings], Session]
Serve = Callable[[Session], Served]
# The version that serves a request, by the names of a model and a version; None for the default.
Choose = Callable[[str | None, str | None], Served]


@dataclass(frozen=True)
class Refusal:
    """A version that does not serve, and the reason in one line."""

    name: str
    version: str
    reason: str


@dataclass(frozen=True)
class Models:
    """The models of a worker process, immutable: a reload starts new processes.

    Versions are numbers here, so that 10 comes after 9.

    Attributes:
        served: the loaded versions, by name and number.
        refusals: the refused versions, by name and number.
        strays: directories in the repository that are not versions.
        unloaded: versions of models that a client has unloaded.
        plans: what the rollout.json of a model says, for the models that have one.
    """

    default: str
    served: dict[str, dict[int, Served]] = field(default_factory=dict)
    refusals: dict[str, dict[int, Refusal]] = field(default_factory=dict)
    strays: list[Refusal] = field(default_factory=list)
    unloaded: list[Refusal] = field(default_factory=list)
    plans: Mapping[str, Plan] = field(default_factory=dict)
    _defaults: dict[str, Served] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        defaults = {served.name: served for served in self.serving()}
        object.__setattr__(self, "_defaults", defaults)

    @property
    def names(self) -> list[str]:
        """Names of all models in the repository, serving or refused."""
        return sorted({*self.served, *self.refusals})

    def get(self, name: str | None = None, version: str | None = None) -> Served:
        """The version that serves a request.

        If the version for requests that name none was refused, another one serves only if the
        request names it.

        Args:
            name: None for the default model.
            version: None for the stable version of a rollout, or else the highest.

        Raises:
            NotFoundError: there is no such model or version.
            UnavailableError: it was refused at load, or is unloaded.
        """
        if version is None and (
            found := self._defaults.get(self.default if name is None else name)
        ):
            return found
        if name is None and self.default not in self.names and not self._unloaded(self.default):
            raise UnavailableError(
                f"the default model {self.default!r} is not in the repository; name one of "
                f"{', '.join(self.names) or 'none'}"
            )
        name = self.default if name is None else name
        known = self.known(name)
        serving, refused = self.served.get(name, {}), self.refusals.get(name, {})
        number = self.default_version(name) if version is None else _number(version)
        if number in serving:
            return serving[number]
        if number in refused:
            older = f"; versions {sorted(serving)} serve when named" if serving else ""
            raise UnavailableError(
                f"model {name!r} version {number} was refused at load: "
                f"{refused[number].reason}{older}",
                loc=["version"] if version else ["model"],
            )
        raise NotFoundError(
            f"model {short(name)} has no version {short(version or '')}; it has "
            f"{', '.join(map(str, known))}",
            loc=["version"],
        )

    def known(self, name: str) -> list[int]:
        """The numbers of a model's versions, serving or refused, in rising order.

        Raises:
            NotFoundError: there is no such model.
            UnavailableError: the model is unloaded.
        """
        known = sorted({*self.served.get(name, {}), *self.refusals.get(name, {})})
        if not known and self._unloaded(name):
            raise UnavailableError(
                f"model {name!r} is unloaded; POST /v2/repository/models/{name}/load loads it",
                loc=["model"],
            )
        if not known:
            raise NotFoundError(
                f"model {short(name)} is unknown; choose from {', '.join(self.names) or 'none'}",
                loc=["model"],
            )
        return known

    def _unloaded(self, name: str) -> bool:
        return any(unloaded.name == name for unloaded in self.unloaded)

    def default_version(self, name: str) -> int:
        """The version for requests that name none: a rollout's stable one, or else the highest.

        Raises:
            ValueError: the model has no version.
        """
        plan = self.plans.get(name)
        if plan is not None and plan.stable is not None:
            return plan.stable
        return max({*self.served.get(name, {}), *self.refusals.get(name, {})})

    def is_default(self, name: str, version: int) -> bool:
        """True if this version serves requests that name none."""
        return version == self.default_version(name)

    def faults(self) -> list[Refusal]:
        """Every rollout.json that is wrong, in the order of the models' names."""
        return [
            Refusal(name, "", plan.fault) for name, plan in sorted(self.plans.items()) if plan.fault
        ]

    def all(self) -> list[Served]:
        """Every version that serves, in the order of name and number."""
        return [
            served
            for _, versions in sorted(self.served.items())
            for _, served in sorted(versions.items())
        ]

    def serving(self) -> list[Served]:
        """The default version of every model, unless it was refused, in the order of names."""
        return [
            versions[number]
            for name, versions in sorted(self.served.items())
            if (number := self.default_version(name)) in versions
        ]

    def refused(self) -> list[Refusal]:
        """Every refused version, in the order of name and number, then the strays."""
        versions = [
            refusal
            for _, versions in sorted(self.refusals.items())
            for _, refusal in sorted(versions.items())
        ]
        return versions + self.strays

    def ready(self) -> bool:
        """True if the default model serves."""
        try:
            return self.get() is not None
        except (NotFoundError, UnavailableError):
            return False


def load_all(
    settings: Settings,
    serve: Serve,
    loader: Loader = load,
    selection: Selection | None = None,
) -> Models:
    """Load every version of the repository; a refused version is logged and the others serve.

    Args:
        serve: builds the served version from a loaded session.
        selection: versions to leave out; none by default.

    Raises:
        RepositoryError: the repository itself cannot be read.
        StartupError: the provider setting cannot be met.
    """
    served: dict[str, dict[int, Served]] = {}
    refusals: dict[str, dict[int, Refusal]] = {}
    strays: list[Refusal] = []
    found = entries(settings.models_dir, lambda stray: strays.append(_refuse_stray(stray)))
    selection = selection or Selection()
    unloaded = [
        Refusal(entry.name, str(entry.version), "unloaded")
        for entry in found
        if entry.name in selection.unloaded
    ]
    found = [entry for entry in found if not selection.leaves_out(entry.name, entry.version)]
    settings = provider.share(settings, max(1, len(found)))
    # Constructing a session releases the GIL, so large models load in parallel.
    with ThreadPoolExecutor(max_workers=4) as pool:
        outcomes = pool.map(lambda entry: _attempt(entry, settings, loader), found)
        for entry, outcome in zip(found, outcomes, strict=True):
            if isinstance(outcome, Refusal):
                refusals.setdefault(entry.name, {})[entry.version] = outcome
                logger.error("model %s was refused: %s", entry, outcome.reason)
            else:
                served.setdefault(entry.name, {})[entry.version] = serve(outcome)
                logger.info(
                    "model %s serves on %s after %.2f s",
                    entry, outcome.provider, outcome.load_seconds,
                )  # fmt: skip
    plans = plans_of(
        settings.models_dir,
        {name: {n: one.manifest for n, one in found.items()} for name, found in served.items()},
        {name: {n: one.reason for n, one in found.items()} for name, found in refusals.items()},
        selection,
        rollout_verifier(settings),
    )
    return Models(settings.default_model, served, refusals, strays, unloaded, plans)


def _attempt(entry: Entry, settings: Settings, loader: Loader) -> Session | Refusal:
    try:
        return loader(entry, settings)
    except ContractError as error:
        reason = without_folder(str(error), settings.models_dir)
        return Refusal(entry.name, str(entry.version), reason)
    except StartupError:
        raise
    except Exception as error:
        # An unexpected error of one model must not keep the others from serving.
        logger.exception("model %s cannot be loaded", entry)
        # Of an error of the system the reason alone: its text has the file's path.
        what = (isinstance(error, OSError) and error.strerror) or first_line(error)
        reason = f"it cannot be loaded ({type(error).__name__}: {what}); see the log"
        return Refusal(entry.name, str(entry.version), reason)


def _refuse_stray(stray: Stray) -> Refusal:
    logger.error("%s was refused: %s", stray.path, stray.reason)
    return Refusal(stray.name, stray.version, stray.reason)


def _number(version: str) -> int:
    """The version as a number, or -1 if it is not a valid version."""
    return int(version) if _VERSION.fullmatch(version) else -1
