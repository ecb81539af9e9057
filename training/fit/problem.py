"""What is to be learnt, and what a kind of data brings to it.

The steps of a fit know rows only by number. What a row is, how it becomes numbers and tensors, and
which candidates suit, is a `Kind`: tables are one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from onnx import ValueInfoProto
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from contract.batch import Batch
from contract.tensors import Input
from training.fit.candidate import Candidate, Data, Task
from training.fit.graph import Graph
from training.fit.splits import Indices


class Rows(Protocol):
    """Rows as they were read."""

    def __len__(self) -> int:
        """Their number."""

    def take(self, rows: Indices) -> Any:
        """Some of them."""


class Tensors(Protocol):
    """The inputs of the graphs of a kind."""

    def specs(self) -> tuple[Input, ...]:
        """As the manifest describes them."""

    def values(self) -> list[ValueInfoProto]:
        """As the graph declares them."""

    def batch(self, rows: Any) -> Batch:
        """Rows as the graph takes them."""

    def features(self, graph: Graph) -> Any:
        """What candidates read inside a graph."""


class Kind(Protocol):
    """A kind of data."""

    def candidates(self, task: Task) -> tuple[Candidate, ...]:
        """Every candidate that suits, in the order in which they are fitted."""

    def prepare(
        self,
        rows: Any,
        target: NDArray[Any],
        n_classes: int,
        train: Indices,
        validation: Indices,
    ) -> Data:
        """The rows of a split as candidates take them."""

    def tensors(self, rows: Any) -> Tensors:
        """The inputs, with the range that the training rows have."""

    def probes(self, rows: Any) -> Any:
        """Rows that are hard to answer alike, made from rows of the test set."""

    def parts(self, rows: Any) -> int:
        """Number of named parts of a row: the columns of a table, 0 of an image."""

    def most_telling(self, rows: Any, target: NDArray[Any]) -> Sequence[int]:
        """The parts whose importance is worth measuring; of few parts all of them."""

    def without(self, rows: Any, order: Indices, parts: Sequence[int]) -> Iterator[tuple[str, Any]]:
        """Each of these parts by name, and the rows with that part shuffled."""

    def instance(self, rows: Any, row: int) -> Any:
        """One row as a client of `/predict` sends it."""

    def describe(self, rows: Any) -> str:
        """What is learnt from, in words."""

    def facts(self, rows: Any) -> Mapping[str, object]:
        """What the guide can know of the features beyond the profile."""


LEAST_GROUPS = 3


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows with a target.

    Attributes:
        target: int64 classes, indices into `labels`; or float64 values.
        twins: int64 [rows], equal for rows with equal features.
        groups: int64 [rows], equal for rows that must be on one side of a split: twins, unless
            rows repeat because there are few combinations.
        subjects: int64 [rows], equal for rows of one group that the user named, such as a patient,
            which count as one draw; None where each row is one, as twins are.
        time: float64 [rows], or None.
        left_out: parts of the data that are not learnt from, with the reason.
        facts: what the profiler found, for the guide.
        sha256: of each file.
        unlabelled: rows without a target.
        notes: how the files were read, and what may hurt.
    """

    kind: Kind
    rows: Any
    target_name: str
    target: NDArray[Any]
    labels: tuple[str, ...]
    task: Task
    twins: NDArray[np.int64]
    groups: NDArray[np.int64]
    time: NDArray[np.float64] | None
    facts: Mapping[str, object]
    sha256: Mapping[str, str]
    left_out: Mapping[str, str] = field(default_factory=dict)
    unlabelled: int = 0
    subjects: NDArray[np.int64] | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.target)

    @property
    def draws(self) -> NDArray[np.int64]:
        """A number per row, equal for rows that count as one draw."""
        return np.arange(len(self)) if self.subjects is None else self.subjects

    @property
    def rarest(self) -> int:
        """The rarest class."""
        return int(np.bincount(self.target, minlength=len(self.labels)).argmin())

    @property
    def repeated(self) -> int:
        """Rows whose features equal those of an earlier row."""
        return len(self) - len(np.unique(self.twins))


def lonely_classes(problem: Problem) -> Iterator[str]:
    """What to know of each class that cannot be in all three parts of a split."""
    for k, label in enumerate(problem.labels):
        groups = len(np.unique(problem.groups[problem.target == k]))
        if groups < LEAST_GROUPS:
            yield (
                f"all rows of class {label!r} form {groups} {'group' if groups == 1 else 'groups'} "
                "of rows that stay together (equal rows, or --group), so it cannot be trained on, "
                "chosen by and tested at once: its figures mean little"
            )


def joined(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Groups of rows that are connected by equal numbers in either."""
    a, b = int(one.max()) + 1, int(other.max()) + 1
    edges = coo_matrix((np.ones(len(one), bool), (one, a + other)), shape=(a + b, a + b))
    _, component = connected_components(edges, directed=False)
    return component[one].astype(np.int64)
