"""A profile: facts for the guide, and the details they follow from. Plain data throughout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Format = Literal["csv", "json_lines", "parquet", "images"]
Kind = Literal[
    "numeric",
    "categorical",
    "boolean",
    "datetime",
    "identifier",
    "constant",
    "free_text",
    "image_path",
    "encoded",  # lists, JSON, user agents: texts for machines
    "opaque",  # nested or binary: counted as a column, never read
]


@dataclass(frozen=True)
class Column:
    """One column. Share and count are None if the values were not read (`opaque`).

    missing_share: cells without a value, 0 to 1; distinct: number of different values; stray:
    number of values in a numeric column that are not numbers.
    """

    name: str
    kind: Kind
    missing_share: float | None
    distinct: int | None
    stray: int = 0


@dataclass(frozen=True)
class ClassCount:
    """A class and its number of rows or images."""

    label: str
    count: int


@dataclass(frozen=True)
class Undecided:
    """A fact that the file does not decide, and that is therefore left out.

    because: the reason, in words; answers: the values to choose from when stating it.
    """

    fact: str
    because: str
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Images:
    """The images of a zip. Sizes in pixels; duplicates: images with the bytes of an earlier one."""

    formats: Mapping[str, int]
    min_width: int
    max_width: int
    min_height: int
    max_height: int
    duplicates: int


@dataclass(frozen=True)
class Details:
    """What the facts follow from. `notes` say how the file was read, `warnings` what may hurt.

    rows: rows of a table, or images; missing_share: cells without a value, over all columns but
    the target; duplicate_rows: rows that repeat an earlier one; classes: the hundred largest of
    `n_classes`, largest first; undecided: the facts to state, as the file does not decide them.
    """

    format: Format
    rows: int
    columns: tuple[Column, ...] = ()
    delimiter: str | None = None
    missing_share: float | None = None
    duplicate_rows: int | None = None
    constant_columns: tuple[str, ...] = ()
    identifier_columns: tuple[str, ...] = ()
    free_text_columns: tuple[str, ...] = ()
    n_classes: int | None = None
    classes: tuple[ClassCount, ...] = ()
    smallest_class: ClassCount | None = None
    images: Images | None = None
    undecided: tuple[Undecided, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Profile:
    """The facts that could be derived. Others are absent, never guessed.

    facts: name -> value, with the names of `POST /recommend`; because: the reason for each fact,
    in words, with the columns and thresholds that led to it.
    """

    facts: Mapping[str, object]
    because: Mapping[str, str]
    details: Details = field(repr=False)
