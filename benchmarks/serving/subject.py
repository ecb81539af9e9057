"""The model that every contender serves, and the images of the requests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving.contenders import ROOT
from contract.golden import GoldenSamples
from contract.repository import audit, entries

NAME = "digits-cnn"


@dataclass(frozen=True)
class Subject:
    """A graph on disk, and its golden samples to check responses with."""

    model: Path
    golden: GoldenSamples


def subject(name: str = NAME) -> Subject:
    """The highest committed version of a model."""
    entry = max(entry for entry in entries(ROOT / "models") if entry.name == name)
    artifact = audit(entry)
    return Subject(entry.path / artifact.manifest.files["default"].path, artifact.golden)
