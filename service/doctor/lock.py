"""requirements/serve.txt: the serving set, one version of each package with its files' hashes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Beside service/, in the source tree and in a built bento.
SERVE = Path(__file__).resolve().parents[2] / "requirements" / "serve.txt"


class Locked(NamedTuple):
    """One line of a lock file; `hashes` are of its files, as `sha256:...`."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The package's normalised name."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """The one version that the lock allows."""
        (pin,) = self.requirement.specifier
        return pin.version

    def applies(self, machine: dict[str, str] | None = None) -> bool:
        """True if this kind of machine installs it; None is the machine that runs this."""
        marker = self.requirement.marker
        return marker is None or marker.evaluate(machine)


def locked(path: Path = SERVE) -> list[Locked]:
    """Every line of a lock file.

    Raises:
        OSError: it cannot be read.
    """
    found = []
    for line in path.read_text().replace("\\\n", " ").splitlines():
        requirement, *hashes = (part.strip() for part in line.split("--hash="))
        if requirement:
            found.append(Locked(Requirement(requirement), tuple(hashes)))
    return found
