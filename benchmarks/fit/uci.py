"""UCI's tables with header lines, which their files lack; one is scikit-learn's copy."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sklearn.datasets import load_breast_cancer

_ADULT = (
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation",
    "relationship", "race", "sex", "capital-gain", "capital-loss", "hours-per-week",
    "native-country", "income",
)  # fmt: skip
_GERMAN = (
    "status", "duration", "credit_history", "purpose", "credit_amount", "savings",
    "employment_since", "instalment_rate", "personal_status", "other_debtors", "residence_since",
    "property", "age", "other_instalments", "housing", "existing_credits", "job", "dependants",
    "telephone", "foreign_worker", "credit",
)  # fmt: skip
_MAMMOGRAPHY = ("area", "grey_level", "gradient", "noise", "contrast", "moment", "microcalcium")
_PHONEME = ("h1", "h2", "h3", "h4", "h5", "oral")
_WINE = (
    "fixed acidity", "volatile acidity", "citric acid", "residual sugar", "chlorides",
    "free sulfur dioxide", "total sulfur dioxide", "density", "pH", "sulphates", "alcohol",
    "quality",
)  # fmt: skip


class Table(NamedTuple):
    """files: in the folder of the data; header: its last column is the target."""

    files: tuple[str, ...]
    header: tuple[str, ...]

    @property
    def target(self) -> str:
        return self.header[-1]


TABLES = {
    "adult": Table(("adult-train.csv.gz", "adult-test.csv.gz"), _ADULT),
    "german": Table(("german.csv.gz",), _GERMAN),
    "mammography": Table(("mammography.csv.gz",), _MAMMOGRAPHY),
    "phoneme": Table(("phoneme.csv.gz",), _PHONEME),
    "wine": Table(("winequality-white.csv.gz",), _WINE),
}


def write_breast_cancer(target: Path) -> Path:
    """Wisconsin's breast cancer table (569 rows), as scikit-learn has it."""
    data = load_breast_cancer()
    with target.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*data.feature_names, "diagnosis"])
        for row, label in zip(data.data, data.target, strict=True):
            writer.writerow([*row, data.target_names[label]])
    return target


def write_csv(name: str, source: Path, target: Path, *, merge_rare: bool = False) -> Path:
    """A table as CSV with a header line.

    Args:
        source: folder of UCI's files.
        merge_rare: of wine, count quality up to 4 as 4 and from 8 as 8, which leaves five classes.
    """
    table = TABLES[name]
    with target.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table.header)
        for row in _rows(source, table):
            # The labels of adult's test part end with a full stop.
            row[-1] = row[-1].rstrip(".")
            if merge_rare:
                row[-1] = str(min(max(int(row[-1]), 4), 8))
            writer.writerow(row)
    return target


def _rows(source: Path, table: Table) -> Iterator[list[str]]:
    for name in table.files:
        with gzip.open(source / name, "rt") as file:
            for row in csv.reader(file):
                cells = [cell.strip().strip("'\"") for cell in row]
                if len(cells) == len(table.header):
                    yield cells
