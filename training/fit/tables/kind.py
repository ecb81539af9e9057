"""Tables: what `Kind` asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.fit.candidate import Candidate, Data, Part, Task
from training.fit.splits import Indices
from training.fit.tables.candidates.catalogue import candidates_for
from training.fit.tables.encoding import Columns, Encoding, fit_encoding
from training.fit.tables.inputs import InputTensors
from training.fit.tables.telling import most_telling

# Rows of the test set that are asked again with each column missing in turn, and unseen: so many,
# or fewer of wide tables, whose probes would not fit into memory.
PROBES = 40
MOST_PROBES = 4_000
# Of wide tables, the importance of so many columns is measured: those that tell most by themselves.
MOST_SHUFFLED = 60


class TableKind:
    """Rows are `Columns`."""

    def candidates(self, task: Task) -> tuple[Candidate, ...]:
        """See `Kind`."""
        return candidates_for(task)

    def prepare(
        self,
        rows: Columns,
        target: NDArray[Any],
        n_classes: int,
        train: Indices,
        validation: Indices,
    ) -> Data:
        """See `Kind`; the validation rows are encoded as the training rows are."""

        def part(some: Indices, encoding: Encoding) -> Part:
            return Part(encoding.encode(rows.take(some)), target[some])

        def encoding_of(some: Indices) -> Encoding:
            return fit_encoding(rows.take(some), target[some].astype(np.float64))

        first, both = encoding_of(train), np.concatenate([train, validation])
        return Data(
            task="classification" if n_classes else "regression",
            n_classes=n_classes,
            train=part(train, first),
            validation=part(validation, first),
            both=part(both, encoding_of(both)),
        )

    def tensors(self, rows: Columns) -> InputTensors:
        """See `Kind`."""
        return InputTensors(rows)

    def probes(self, rows: Columns) -> Columns:
        """Rows with each column missing in turn, with all missing, and with new categories."""
        each = max(1, min(PROBES, len(rows), MOST_PROBES // len(rows.names)))
        some = rows.take(np.arange(each))
        parts = []
        for i in range(some.numbers.shape[1]):
            numbers = some.numbers.copy()
            numbers[:, i] = np.nan
            parts.append((numbers, some.codes))
        for i in range(some.codes.shape[1]):
            for code in (-1, len(some.categories[i]) - 1):
                codes = some.codes.copy()
                codes[:, i] = code
                parts.append((some.numbers, codes))
        parts.append((np.full_like(some.numbers[:1], np.nan), np.full_like(some.codes[:1], -1)))
        return some.holding(
            np.concatenate([numbers for numbers, _ in parts]),
            np.concatenate([codes for _, codes in parts]),
        )

    def parts(self, rows: Columns) -> int:
        """See `Kind`."""
        return len(rows.names)

    def most_telling(self, rows: Columns, target: NDArray[Any]) -> Sequence[int]:
        """See `Kind`."""
        return most_telling(rows, target, MOST_SHUFFLED)

    def without(
        self, rows: Columns, order: Indices, parts: Sequence[int]
    ) -> Iterator[tuple[str, Columns]]:
        """See `Kind`."""
        width = rows.numbers.shape[1]
        for i in parts:
            numbers, codes = rows.numbers.copy(), rows.codes.copy()
            if i < width:
                numbers[:, i] = numbers[order, i]
            else:
                codes[:, i - width] = codes[order, i - width]
            yield rows.names[i], rows.holding(numbers, codes)

    def instance(self, rows: Columns, row: int) -> dict[str, Any]:
        """Values by column; None where missing."""
        found: dict[str, Any] = {}
        for i, name in enumerate(rows.number_names):
            # As short as it reads back: 0.1 and not 0.10000000149.
            value = float(str(rows.numbers[row, i]))
            found[name] = None if np.isnan(value) else value
        for i, name in enumerate(rows.category_names):
            code = int(rows.codes[row, i])
            found[name] = None if code < 0 else rows.categories[i][code]
        return found

    def describe(self, rows: Columns) -> str:
        """See `Kind`."""
        numbers, categories = rows.numbers.shape[1], rows.codes.shape[1]
        return (
            f"{numbers} {'number' if numbers == 1 else 'numbers'} and {categories} "
            f"{'category' if categories == 1 else 'categories'} in {len(rows):,} rows"
        )

    def facts(self, rows: Columns) -> dict[str, object]:
        """See `Kind`."""
        return {"n_features": len(rows.names)}
