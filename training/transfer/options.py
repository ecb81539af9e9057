"""What the user asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from training.errors import TransferError
from training.fit.options import default_name

Freeze = Literal["conv", "none"]
LABELS = (10, 30, 100, 300)
# Of which a sixth chooses and calibrates, and at least one does.
FEWEST_LABELS = 2
MOST_SEEDS = 100
# The data set that is no folder: scikit-learn's.
DIGITS = "digits"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST = 64
_SUFFIX = "-transfer"


@dataclass(frozen=True)
class Options:
    """One transfer.

    Attributes:
        source: name of the model to start from, or name and version as `digits-cnn/1`.
        data: `digits`, or the path of a folder or zip.
        freeze: layers that keep their weights.
        models: repository of the source; out: repository to write to.
        labels: numbers of labels a class to compare with.
        seeds: draws of the labels to compare with.
        seed: of the model that is written.
    """

    source: str
    data: str
    name: str
    freeze: Freeze = "conv"
    models: Path = Path("models")
    out: Path = Path("models")
    labels: tuple[int, ...] = LABELS
    seeds: int = 5
    seed: int = 42

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > _LONGEST:
            raise TransferError(
                f"--name {self.name!r} must be at most {_LONGEST} lower-case letters, digits and "
                "single hyphens, for example letters-transfer"
            )
        if self.freeze not in get_args(Freeze):
            raise TransferError(
                f"--freeze {self.freeze!r} must be one of {', '.join(get_args(Freeze))}"
            )
        if not 1 <= self.seeds <= MOST_SEEDS:
            raise TransferError(f"--seeds {self.seeds} must be from 1 to {MOST_SEEDS}")


def parse_labels(text: str) -> tuple[int, ...]:
    """Numbers of labels a class: `10,30` gives (10, 30).

    Raises:
        TransferError: not whole numbers of at least 2.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) >= FEWEST_LABELS for part in parts):
        raise TransferError(
            f"--labels {text!r} must be whole numbers of at least {FEWEST_LABELS} with commas "
            f"between them, for example {','.join(map(str, LABELS))}"
        )
    return tuple(sorted({int(part) for part in parts}))


def data_name(data: str) -> str:
    """The data's name, of which the model's is made: `Letters 2024/` gives `letters-2024`."""
    return DIGITS if data == DIGITS else default_name(Path(data).resolve())


def default_model_name(data: str) -> str:
    """The model's name unless one is given."""
    return data_name(data) + _SUFFIX
