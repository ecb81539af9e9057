"""I/O binding: a session's inputs and outputs are buffers on the device, one set per bucket.

A bucket is a batch size, usually a power of two. A run of n rows uses the smallest bucket of at
least n rows; it is padded with zeros, and the padding's outputs are dropped. The device therefore
sees only a few shapes, all of them before the first request (docs/decisions/0017).
"""

from __future__ import annotations

import logging
import threading
from bisect import bisect_left
from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime as ort

from contract.batch import Array
from contract.manifest import Manifest
from contract.tensors import TensorSpec
from service.errors import StartupError

# ONNX Runtime records a shape's allocations in the first run and reserves one block in the second.
_WARM_RUNS = 2

logger = logging.getLogger(__name__)


def bindable(manifest: Manifest) -> bool:
    """True if all tensors of a model can be buffers on a device; text cannot."""
    return all(t.datatype != "BYTES" for t in (*manifest.inputs, *manifest.outputs))


class Bucket:
    """The buffers of one batch size. Thread-safe: a lock serialises the runs.

    Args:
        rows: the batch size.
        device: ONNX Runtime's name of the buffers' device: `cuda` or `cpu`.
    """

    def __init__(
        self, session: ort.InferenceSession, manifest: Manifest, rows: int, device: str
    ) -> None:
        self._session = session
        self._rows = rows
        self._lock = threading.Lock()
        self._binding = session.io_binding()
        self._inputs = {spec.name: self._buffer(spec, device) for spec in manifest.inputs}
        self._padded = {
            spec.name: np.zeros((rows, *spec.row), spec.dtype) for spec in manifest.inputs
        }
        self._outputs = {spec.name: self._buffer(spec, device) for spec in manifest.outputs}
        for name, buffer in self._inputs.items():
            self._binding.bind_ortvalue_input(name, buffer)
        for name, buffer in self._outputs.items():
            self._binding.bind_ortvalue_output(name, buffer)

    @property
    def n_bytes(self) -> int:
        """Bytes of the buffers on the device."""
        buffers = [*self._inputs.values(), *self._outputs.values()]
        return sum(int(buffer.tensor_size_in_bytes()) for buffer in buffers)

    def run(self, arrays: Mapping[str, Array]) -> list[Array]:
        """The outputs [n, ...] in the manifest's order, for arrays [n, ...] by input name."""
        n = len(next(iter(arrays.values())))
        with self._lock:
            for name, buffer in self._inputs.items():
                buffer.update_inplace(self._filled(name, arrays[name]))
            self._binding.synchronize_inputs()
            self._session.run_with_iobinding(self._binding)
            self._binding.synchronize_outputs()
            # On the CPU `numpy` returns a view of the buffer, which the next run overwrites.
            return [buffer.numpy()[:n].copy() for buffer in self._outputs.values()]

    def warm_up(self) -> None:
        """Run this shape, so that the device chooses algorithms and allocates memory for it."""
        for _ in range(_WARM_RUNS):
            self.run(self._padded)

    def _filled(self, name: str, array: Array) -> Array:
        """The array padded with zero rows to the batch size."""
        if len(array) == self._rows:
            return np.ascontiguousarray(array)
        padded = self._padded[name]
        padded[: len(array)] = array
        padded[len(array) :] = 0
        return padded

    def _buffer(self, spec: TensorSpec, device: str) -> ort.OrtValue:
        """An uninitialised buffer for all rows of an input or output."""
        shape = [self._rows, *spec.row]
        return ort.OrtValue.ortvalue_from_shape_and_type(shape, spec.dtype.type, device, 0)


class Bound:
    """One session with its buckets. Thread-safe.

    Args:
        device: ONNX Runtime's name of the buffers' device: `cuda` or `cpu`.
        largest: rows of the largest bucket to try. If the device cannot run a bucket, that bucket
            and all larger ones are left out; the property `largest` gives the result.

    Raises:
        StartupError: the device cannot run even one row.
    """

    def __init__(
        self, session: ort.InferenceSession, manifest: Manifest, device: str, largest: int
    ) -> None:
        buckets = _warm(session, manifest, device, sizes(largest))
        self._buckets = list(buckets.values())
        self._sizes = list(buckets)

    @property
    def largest(self) -> int:
        """Most rows of one run."""
        return self._sizes[-1]

    @property
    def n_bytes(self) -> int:
        """Bytes of the buffers of all buckets on the device."""
        return sum(bucket.n_bytes for bucket in self._buckets)

    def run(self, arrays: Mapping[str, Array]) -> list[Array]:
        """The outputs [n, ...] for arrays [n, ...] by input name, 1 <= n <= `largest`."""
        n = len(next(iter(arrays.values())))
        return self._buckets[bisect_left(self._sizes, n)].run(arrays)


def first_line(error: Exception) -> str:
    """The first line of an error's message, or its type's name if the message is empty."""
    return (str(error) or type(error).__name__).splitlines()[0]


def sizes(largest: int) -> list[int]:
    """The batch sizes of the buckets: the powers of two below `largest`, then `largest`."""
    return [2**k for k in range((largest - 1).bit_length())] + [largest]


def _warm(
    session: ort.InferenceSession, manifest: Manifest, device: str, sizes: Sequence[int]
) -> dict[int, Bucket]:
    """The buckets that the device can run, by size, each warmed up."""
    found: dict[int, Bucket] = {}
    for rows in sizes:
        try:
            bucket = Bucket(session, manifest, rows, device)
            bucket.warm_up()
        except Exception as error:  # ONNX Runtime's exceptions have no common base
            reason = first_line(error)
            if not found:
                raise StartupError(
                    f"{device} cannot run one row ({reason}); raise ROSENBLATT_GPU_MEMORY_MB or "
                    "set ROSENBLATT_PROVIDER to 'cpu'"
                ) from error
            logger.warning(
                "%s cannot run %d rows at once (%s); it runs fewer", device, rows, reason
            )
            break
        found[rows] = bucket
    return found
