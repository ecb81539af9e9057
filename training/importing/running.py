"""A stranger's graph in ONNX Runtime, and the proof that it answers row by row.

A service joins the rows of several requests into one batch. That is right only for a graph whose
answer to a row depends on nothing else, so this is checked on the samples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from contract.answers import compare
from contract.batch import Batch
from contract.graph import Outline
from contract.tensors import Output
from training.errors import ImportModelError

PROBES = 32
# Sums in another order differ in the last bits; a dependence on other rows differs by far more.
TOLERANCE = 1e-4
_CHUNK_ROWS = 1_000
_CHUNK_BYTES = 64 * 2**20
_FATAL = 4  # errors are raised anyhow


class Runner:
    """A graph on the CPU.

    Raises:
        ImportModelError: ONNX Runtime cannot load it.
    """

    def __init__(self, graph: bytes) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = _FATAL
        try:
            self._session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises a dozen kinds
            raise ImportModelError(
                f"ONNX Runtime cannot load the graph: {_reason(error)}; export it for a newer "
                "or an older operator set"
            ) from error
        self._names = [output.name for output in self._session.get_outputs()]

    def run(self, batch: Batch) -> Batch:
        """Every output for one batch, in one call.

        Raises:
            ImportModelError: the graph fails on it, or an output has not one row for each.
        """
        try:
            answers = self._session.run(self._names, dict(batch.arrays))
        except Exception as error:
            raise ImportModelError(
                f"the graph fails on a batch of {len(batch)} rows: {_reason(error)}; export it "
                "with a dynamic batch axis, and check the samples"
            ) from error
        arrays = dict(zip(self._names, answers, strict=True))
        for name, array in arrays.items():
            if not isinstance(array, np.ndarray) or array.shape[:1] != (len(batch),):
                found = list(array.shape) if isinstance(array, np.ndarray) else "no tensor"
                raise ImportModelError(
                    f"output {name!r} is {found} for {len(batch)} rows; each output must have one "
                    f"row per input row, so leave it out with --drop {name}"
                )
        return Batch(arrays)

    def run_all(self, batch: Batch) -> Batch:
        """Every output for any number of rows, in calls of bounded size."""
        row_bytes = sum(array[:1].nbytes for array in batch.arrays.values())
        rows = max(2, min(_CHUNK_ROWS, _CHUNK_BYTES // max(1, row_bytes)))
        starts = range(0, len(batch), rows)
        return _joined([self.run(batch.slice(start, start + rows)) for start in starts])


def check_rows(runner: Runner, inputs: Batch, answers: Batch, outputs: Sequence[Output]) -> None:
    """Check that rows are answered alike alone, in pairs, among others and twice.

    Raises:
        ImportModelError: they are not, or the samples cannot show it.
    """
    if all((array == array[:1]).all() for array in inputs.arrays.values()):
        raise ImportModelError(
            "the samples are all the same row, which cannot show that rows are answered one by "
            "one; give at least two different rows"
        )
    probes = spread(len(inputs), PROBES)
    among = answers.take(probes)
    batch = inputs.take(probes)
    again = runner.run(batch), runner.run(batch)
    _check("asked twice", compare(again[0], again[1], outputs).within(0.0))
    turned = runner.run(batch.take(np.arange(len(probes))[::-1].copy()))
    turned = turned.take(np.arange(len(probes))[::-1].copy())
    _check("in another batch", compare(among, turned, outputs).within(TOLERANCE))
    alone = ask_alone(runner, batch)
    _check("alone", compare(among, alone, outputs).within(TOLERANCE))
    pairs = [runner.run(batch.take([i, i - 1])).slice(0, 1) for i in range(len(probes))]
    _check("in pairs", compare(among, _joined(pairs), outputs).within(TOLERANCE))


def ask_alone(runner: Runner, batch: Batch) -> Batch:
    """Every output, one row at a time."""
    return _joined([runner.run(batch.slice(i, i + 1)) for i in range(len(batch))])


def spread(rows: int, most: int) -> NDArray[np.int64]:
    """At most so many row numbers, evenly spread from the first to the last."""
    return np.unique(np.linspace(0, rows - 1, min(rows, most)).astype(np.int64))


def observed(answers: Batch, seen: Outline) -> tuple[Output, ...]:
    """The outputs as they came, without a role yet.

    Raises:
        ImportModelError: a row of an output is empty.
    """
    for name, array in answers.arrays.items():
        if 0 in array.shape[1:]:
            raise ImportModelError(
                f"output {name!r} has the empty shape {list(array.shape)}; leave it out with "
                f"--drop {name}"
            )
    return tuple(
        Output.model_validate(
            {
                "name": name,
                "datatype": seen.outputs[name].datatype,
                "shape": (-1, *array.shape[1:]),
                "role": "other",
            }
        )
        for name, array in answers.arrays.items()
    )


def _check(how: str, same: bool) -> None:
    if not same:
        raise ImportModelError(
            f"the graph answers rows otherwise {how}, so a batch of several requests would mix "
            "them up; export it in evaluation mode, without dropout, random numbers and batch "
            "statistics"
        )


def _joined(parts: Sequence[Batch]) -> Batch:
    """The rows of all parts.

    Raises:
        ImportModelError: an output has rows of different shapes.
    """
    for name in parts[0]:
        shapes = {part[name].shape[1:] for part in parts}
        if len(shapes) > 1:
            found = " and ".join(str(list(shape)) for shape in sorted(shapes)[:2])
            raise ImportModelError(
                f"output {name!r} has rows of different shapes, {found}; leave it out with "
                f"--drop {name}"
            )
    return Batch.join(parts)


def _reason(error: Exception) -> str:
    """The first line of a message of ONNX Runtime, without its place in the source."""
    first = str(error).partition("\n")[0]
    return first.split(" : ")[-1].strip().rstrip(".")
