"""Runs through I/O binding: inputs and outputs lie in buffers on the device, one set per bucket.

A bucket is a batch size, a power of two. A run of n rows takes the smallest bucket that holds them;
the rows that are missing are zeros, and their answers are cut off. So a device sees a handful of
shapes, each of them before the first request (docs/decisions/0017).
"""

from __future__ import annotations

import logging
import threading
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from service.errors import StartupError

OUTPUTS = ("label", "probabilities")
# What ONNX Runtime calls the types that the contract has.
_TYPES = {
    "tensor(uint8)": np.uint8,
    "tensor(int64)": np.int64,
    "tensor(float)": np.float32,
}
# The first run of a shape notes what it allocates, the second takes that in one piece.
_WARM_RUNS = 2

logger = logging.getLogger(__name__)

Images = NDArray[np.uint8]
Arrays = list[NDArray[Any]]


class Bucket:
    """The buffers of one batch size. Safe to call from several threads, which take turns.

    Args:
        rows: the batch size.
        device: where the buffers lie, as ONNX Runtime calls it: `cuda` or `cpu`.
    """

    def __init__(self, session: ort.InferenceSession, rows: int, device: str) -> None:
        self._session = session
        self._rows = rows
        self._lock = threading.Lock()
        self._binding = session.io_binding()
        (images,) = session.get_inputs()
        self._input = self._buffer(images, device)
        self._padded = np.zeros(self._input.shape(), np.uint8)
        self._binding.bind_ortvalue_input(images.name, self._input)
        specs = {spec.name: spec for spec in session.get_outputs()}
        self._outputs = [self._buffer(specs[name], device) for name in OUTPUTS]
        for name, buffer in zip(OUTPUTS, self._outputs, strict=True):
            self._binding.bind_ortvalue_output(name, buffer)

    @property
    def n_bytes(self) -> int:
        """What the buffers take on the device."""
        buffers = [self._input, *self._outputs]
        return sum(int(buffer.tensor_size_in_bytes()) for buffer in buffers)

    def run(self, images: Images) -> Arrays:
        """Answers to uint8 [n, height, width], n at most the batch size, as `OUTPUTS` has them."""
        n = len(images)
        with self._lock:
            self._input.update_inplace(self._filled(images))
            self._binding.synchronize_inputs()
            self._session.run_with_iobinding(self._binding)
            self._binding.synchronize_outputs()
            # On the CPU `numpy` is a view of the buffer, which the next run overwrites.
            return [buffer.numpy()[:n].copy() for buffer in self._outputs]

    def warm_up(self) -> None:
        """Let the device choose algorithms and allocate for this shape."""
        for _ in range(_WARM_RUNS):
            self.run(self._padded)

    def _filled(self, images: Images) -> Images:
        """The images and zeros after them, uint8 [rows, height, width]."""
        if len(images) == self._rows:
            return images
        self._padded[: len(images)] = images
        self._padded[len(images) :] = 0
        return self._padded

    def _buffer(self, spec: ort.NodeArg, device: str) -> ort.OrtValue:
        """Uninitialised, of a graph's input or output with its first axis set to the rows."""
        shape = [self._rows, *spec.shape[1:]]
        return ort.OrtValue.ortvalue_from_shape_and_type(shape, _TYPES[spec.type], device, 0)


class Bound:
    """Runs of one session through its buckets. Safe to call from several threads.

    Args:
        device: where the buffers lie, as ONNX Runtime calls it: `cuda` or `cpu`.
        largest: rows of the largest bucket to try. One that the device has no room for is left
            out, and with it those above; `largest` then says what fits.

    Raises:
        StartupError: the device cannot run the graph, not even for one row.
    """

    def __init__(self, session: ort.InferenceSession, device: str, largest: int) -> None:
        buckets = _warm(session, device, sizes(largest))
        self._buckets = list(buckets.values())
        self._sizes = list(buckets)

    @property
    def largest(self) -> int:
        """Most rows of one run."""
        return self._sizes[-1]

    @property
    def n_bytes(self) -> int:
        """What the buffers take on the device."""
        return sum(bucket.n_bytes for bucket in self._buckets)

    def run(self, images: Images) -> Arrays:
        """Answers to uint8 [n, height, width], 1 <= n <= `largest`, as `OUTPUTS` has them."""
        return self._buckets[bisect_left(self._sizes, len(images))].run(images)


def first_line(error: Exception) -> str:
    """What an error says, in one line; its kind where it says nothing."""
    return (str(error) or type(error).__name__).splitlines()[0]


def sizes(largest: int) -> list[int]:
    """The buckets up to `largest`, which is one whether a power of two or not."""
    return [2**k for k in range((largest - 1).bit_length())] + [largest]


def _warm(session: ort.InferenceSession, device: str, sizes: Sequence[int]) -> dict[int, Bucket]:
    """The buckets that run on the device, by size, each warmed up."""
    found: dict[int, Bucket] = {}
    for rows in sizes:
        try:
            bucket = Bucket(session, rows, device)
            bucket.warm_up()
        except Exception as error:  # ONNX Runtime has a dozen exceptions and no base of them
            reason = first_line(error)
            if not found:
                raise StartupError(
                    f"{device} cannot run one row ({reason}); raise ROSENBLATT_GPU_MEMORY_MB or "
                    "set ROSENBLATT_PROVIDER to 'cpu'"
                ) from error
            logger.warning("%s cannot run %d rows at once (%s); fewer it can", device, rows, reason)
            break
        found[rows] = bucket
    return found
