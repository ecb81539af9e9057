"""What profiling a file gives: facts for the guide, and the details they were drawn from.

Everything here is plain data that any JSON encoder of dataclasses writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Format = Literal["csv", "parquet", "images"]
Kind = Literal[
    "numeric",
    "categorical",
    "boolean",
    "datetime",
    "identifier",
    "constant",
    "free_text",
    "image_path",
    "opaque",  # nested or binary: counted as a column, never read
]


@dataclass(frozen=True)
class Column:
    """One column. Share and count are None where the values were not read (`opaque`).

    missing_share: cells without a value, 0 to 1; distinct: different values among the others;
    stray: values of a numeric column that are no numbers.
    """

    name: str
    kind: Kind
    missing_share: float | None
    distinct: int | None
    stray: int = 0


@dataclass(frozen=True)
class ClassCount:
    """A class and its rows or images."""

    label: str
    count: int


@dataclass(frozen=True)
class Images:
    """The images of a zip; sizes in pixels, `formats` by count, `duplicates` byte for byte."""

    formats: Mapping[str, int]
    min_width: int
    max_width: int
    min_height: int
    max_height: int
    duplicates: int


@dataclass(frozen=True)
class Details:
    """What the facts were drawn from. `notes` say how the file was read, `warnings` what hurts.

    rows: rows of a table, or images; missing_share: cells without a value, over all columns but
    the target; duplicate_rows: rows that repeat an earlier one; classes: largest first, the
    first hundred of `n_classes`.
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
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Profile:
    """The facts that could be derived; what could not be is absent, never guessed.

    facts: name -> value, in the names of `POST /recommend`; because: for each fact, the sentence
    that says which columns and thresholds led to it. Every fact's provenance is `profiled`.
    """

    facts: Mapping[str, object]
    because: Mapping[str, str]
    details: Details = field(repr=False)
