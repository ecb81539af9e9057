"""The graph's answers against those of the library the model was fitted with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from contract.answers import compare
from contract.batch import Array, Batch
from contract.records import Parity
from contract.tensors import Output
from training.errors import ImportModelError, ParityError
from training.importing.encoding import class_indexes
from training.importing.measure import true_classes
from training.importing.options import parse_names, parse_pairs
from training.importing.outputs import Meaning
from training.importing.tables import Samples, read_samples


def parity_columns(told: Sequence[str]) -> tuple[str, ...]:
    """Columns of the samples that `--parity OUTPUT=COLUMN` names."""
    if _is_file(told):
        return ()
    pairs = parse_pairs("--parity", told)
    return tuple(c for value in pairs.values() for c in parse_names("--parity", value))


def check_parity(
    meaning: Meaning, answers: Batch, samples: Samples, told: Sequence[str], tolerance: float
) -> Parity:
    """Compare every output that is told with its own library's answers.

    Args:
        told: one .npz file with arrays by output, or pairs `OUTPUT=COLUMN[,COLUMN]` of the samples.

    Raises:
        ImportModelError: an output or a column is unknown, or does not fit.
        ParityError: the answers differ.
    """
    source, columns = _source(samples, told)
    if source.rows != samples.rows:
        raise ImportModelError(
            f"--parity {source.path} has {source.rows} rows; the samples have {samples.rows}"
        )
    known = {output.name: output for output in meaning.outputs}
    if unknown := [name for name in columns if name not in known]:
        raise ImportModelError(
            f"--parity {unknown[0]}: the model has no such output; it has {', '.join(known)}"
        )
    outputs = [known[name] for name in columns]
    expected = {o.name: _expected(o, source, columns[o.name], meaning.labels) for o in outputs}
    own = {o.name: _comparable(o, answers[o.name], meaning.labels) for o in outputs}
    difference = compare(Batch(expected), Batch(own), outputs)
    if not difference.within(tolerance):
        raise ParityError(
            f"the graph does not answer as {source.path} says: {difference} (limit "
            f"{tolerance:g}); export it again, or give a larger --tolerance"
        )
    return Parity(
        samples=difference.rows,
        label_mismatches=difference.label_mismatches,
        max_difference=difference.max_difference,
        tolerance=tolerance,
    )


def _is_file(told: Sequence[str]) -> bool:
    return len(told) == 1 and told[0].endswith(".npz")


def _source(samples: Samples, told: Sequence[str]) -> tuple[Samples, dict[str, tuple[str, ...]]]:
    """Where the expected answers are, and the columns of each output there."""
    if _is_file(told):
        archive = read_samples(Path(told[0]))
        return archive, {name: (name,) for name in archive.names}
    pairs = parse_pairs("--parity", told)
    columns = {name: parse_names("--parity", value) for name, value in pairs.items()}
    for name in parity_columns(told):
        if name not in samples.names:
            raise ImportModelError(f"--parity: {samples.path} has no column {name!r}")
    return samples, columns


def _expected(
    output: Output, source: Samples, columns: tuple[str, ...], labels: tuple[str, ...]
) -> Array:
    """The expected answers of one output, comparable with `_comparable`."""
    if output.role == "label":
        return true_classes(source, columns[0], labels)
    arrays = [source.array(column, output.datatype) for column in columns]
    array = arrays[0] if len(arrays) == 1 else np.stack(arrays, axis=1)
    if array.size != source.rows * output.row_size:
        raise ImportModelError(
            f"--parity: {output.name!r} is {list(array.shape)} in {source.path}; the model answers "
            f"{output.row_size} numbers a row"
        )
    return array.reshape(-1, *output.row)


def _comparable(output: Output, answers: Array, labels: tuple[str, ...]) -> Array:
    """Labels as indexes, whichever way they are encoded; other answers as they are."""
    return class_indexes(output, answers, labels) if output.role == "label" else answers
