"""Which model versions of the repository the workers leave out, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Rejection:
    """A version that a reload found unfit, so that the versions before it serve on."""

    name: str
    version: str
    reason: str


@dataclass(frozen=True)
class Selection:
    """What every worker is told when it starts.

    Attributes:
        unloaded: names of models that are left out until they are loaded again.
        rejected: versions that are left out until the next reload tries them again.
        failure: why the last reload was given up; empty where it was not.
    """

    unloaded: tuple[str, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    failure: str = ""

    def with_model(self, name: str) -> Selection:
        """The same, this model loaded."""
        return replace(self, unloaded=tuple(n for n in self.unloaded if n != name))

    def without_model(self, name: str) -> Selection:
        """The same, this model left out."""
        return replace(self, unloaded=tuple(sorted({*self.unloaded, name})))

    def leaves_out(self, name: str, version: int) -> bool:
        """True if a worker must not load this version."""
        rejected = {(rejection.name, rejection.version) for rejection in self.rejected}
        return name in self.unloaded or (name, str(version)) in rejected
