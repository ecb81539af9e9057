"""What a person asks of an import, and the small languages of its options."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, get_args

from contract.manifest import Family, Task
from contract.tensors import Content
from training.errors import ImportModelError
from training.importing.layouts import LAYOUTS
from training.importing.pixels import Pixels

# The roles that `--output` takes; a plain label's encoding is seen on the samples.
ROLES = (
    "label", "label-index", "label-value", "probabilities", "scores", "value", "interval", "other",
)  # fmt: skip
_CONTENTS = (*get_args(Content), *(f"image:{layout}" for layout in LAYOUTS))
_INTERVAL = re.compile(r"interval:(0?\.\d+)")


@dataclass(frozen=True)
class Options:
    """One import as it is asked for; what is not said here is seen in the graph or refused.

    Attributes:
        labels: class names, in the order of the probabilities.
        inputs: content by input, for example `number`, `text` or `image:CHW`.
        columns: names of the samples' columns by input.
        outputs: role by output, one of `ROLES` or `interval:LEVEL`.
        drop: outputs that are left out.
        shapes: size of one row by input, where the graph leaves sizes open.
        pixels: how UINT8 pixels become the numbers that the graph's image input takes.
        softmax, sigmoid: the output with unnormalised scores that becomes probabilities.
        target: column, or array, of the samples with the true answers.
        parity: an .npz file with the own library's answers by output, or pairs of an output and
            the samples' columns, as `label=own_label`.
        tolerance: largest difference from those answers.
        seen: True if the samples are the training data, so that their ranges are recorded.
    """

    model: Path
    samples: Path
    name: str
    out: Path = Path("models")
    version: str | None = None
    overwrite: bool = False
    title: str | None = None
    algorithm: str | None = None
    family: Family | None = None
    task: Task | None = None
    labels: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    pixels: Pixels | None = None
    softmax: str | None = None
    sigmoid: str | None = None
    target: str | None = None
    parity: tuple[str, ...] = ()
    tolerance: float = 1e-5
    seen: bool = False


T = TypeVar("T", bound=str)


def choice(option: str, text: str | None, choices: Sequence[T]) -> T | None:
    """The choice that a text is; None for None.

    Raises:
        ImportModelError: it is none of them.
    """
    if text is None:
        return None
    found = next((known for known in choices if known == text), None)
    if found is None:
        raise ImportModelError(f"{option} {text!r} must be one of {', '.join(choices)}")
    return found


def parse_names(option: str, text: str) -> tuple[str, ...]:
    """Names parted by commas; one that holds a comma stands in double quotes.

    Raises:
        ImportModelError: a name is empty or stands twice.
    """
    names = tuple(next(csv.reader([text]), []))
    if not names or "" in names or len(set(names)) < len(names):
        raise ImportModelError(f"{option} {text!r} must be different names parted by commas")
    return names


def parse_labels(text: str) -> tuple[str, ...]:
    """Class names parted by commas, or of a file given as `@FILE`, one a line.

    Raises:
        ImportModelError: the file cannot be read, or a name is empty or stands twice.
    """
    if not text.startswith("@"):
        return parse_names("--labels", text)
    try:
        lines = tuple(Path(text[1:]).read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise ImportModelError(f"--labels {text}: the file cannot be read: {error}") from error
    if not lines or "" in lines or len(set(lines)) < len(lines):
        raise ImportModelError(f"--labels {text} must hold different names, one a line")
    return lines


def parse_pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE` texts as a mapping.

    Raises:
        ImportModelError: one is no such pair, or a name stands twice.
    """
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value) or name in pairs:
            raise ImportModelError(f"{option} {text!r} must be NAME=VALUE, each name once")
        pairs[name] = value
    return pairs


def parse_columns(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """`NAME=a,b,c` texts as names of columns by input."""
    pairs = parse_pairs("--columns", texts)
    return {name: parse_names("--columns", value) for name, value in pairs.items()}


def parse_shapes(texts: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """`NAME=3,224,224` texts as sizes of one row by input.

    Raises:
        ImportModelError: a size is no positive integer.
    """
    shapes = {}
    for name, value in parse_pairs("--shape", texts).items():
        if not re.fullmatch(r"[1-9]\d{0,8}(,[1-9]\d{0,8})*", value):
            raise ImportModelError(
                f"--shape {name}={value} must be positive sizes parted by commas, without the "
                "batch, for example images=3,224,224"
            )
        shapes[name] = tuple(int(size) for size in value.split(","))
    return shapes


def parse_inputs(texts: Sequence[str]) -> dict[str, str]:
    """`NAME=CONTENT` texts as content by input.

    Raises:
        ImportModelError: a content is unknown.
    """
    pairs = parse_pairs("--input", texts)
    for name, content in pairs.items():
        if content not in _CONTENTS:
            raise ImportModelError(
                f"--input {name}={content} must be one of {', '.join(_CONTENTS)}"
            )
    return pairs


def parse_outputs(texts: Sequence[str]) -> dict[str, str]:
    """`NAME=ROLE` texts as role by output.

    Raises:
        ImportModelError: a role is unknown.
    """
    pairs = parse_pairs("--output", texts)
    for name, role in pairs.items():
        if role not in ROLES and not _INTERVAL.fullmatch(role):
            raise ImportModelError(
                f"--output {name}={role} must be one of {', '.join(ROLES)}, or interval:LEVEL "
                "with a level such as 0.9"
            )
    return pairs
