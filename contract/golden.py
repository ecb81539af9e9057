"""Golden samples: inputs with the outputs that a model gave when it was exported or imported.

They are stored as an .npz archive with one array per tensor, under the tensor's name. Text is
stored as UTF-32 arrays, since arrays of Python objects would need pickle, which is unsafe to read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contract.archive import pack, unpacked
from contract.batch import Array, Batch
from contract.errors import ArtifactError
from contract.manifest import Manifest
from contract.tensors import TensorSpec


@dataclass(frozen=True)
class GoldenSamples:
    """Inputs and their recorded outputs, with the same number of rows."""

    inputs: Batch
    outputs: Batch

    def to_bytes(self) -> bytes:
        """The samples as an .npz archive.

        Raises:
            ValueError: a text ends with a NUL, which the archive would lose.
        """
        arrays = {**self.inputs.arrays, **self.outputs.arrays}
        return pack({name: _stored(name, array) for name, array in arrays.items()})


def read_golden(data: bytes, manifest: Manifest) -> GoldenSamples:
    """The samples of an .npz archive, checked against the manifest's types and shapes.

    Raises:
        ArtifactError: the archive is unreadable or differs from the manifest; the message
            continues a sentence that starts with the file's name.
    """
    try:
        with unpacked(data) as archive:
            inputs = _arrays(archive, manifest.inputs)
            outputs = _arrays(archive, manifest.outputs)
    except Exception as error:  # zipfile, zlib and NumPy raise many unrelated types
        raise ArtifactError(f"is not an archive of golden samples: {error}") from error
    n = manifest.golden.samples
    for spec in (*manifest.inputs, *manifest.outputs):
        array = (inputs if spec.name in inputs else outputs)[spec.name]
        if array.shape != (n, *spec.row):
            raise ArtifactError(
                f"holds {spec.name} with shape {list(array.shape)}, expected {[n, *spec.row]}"
            )
    return GoldenSamples(Batch(inputs), Batch(outputs))


def _arrays(archive: np.lib.npyio.NpzFile, specs: Sequence[TensorSpec]) -> dict[str, Array]:
    return {spec.name: _loaded(archive[spec.name], spec) for spec in specs}


def _stored(name: str, array: Array) -> Array:
    """Text as fixed-width Unicode; other arrays unchanged."""
    if array.dtype != object:
        return array
    texts = [v.decode() if isinstance(v, bytes) else str(v) for v in array.ravel()]
    if any(text.endswith("\0") for text in texts):
        raise ValueError(f"{name} holds a text that ends with a NUL character; leave that row out")
    return np.array(texts, dtype=np.str_).reshape(array.shape)


def _loaded(array: Array, spec: TensorSpec) -> Array:
    """Text as an array of str objects, which ONNX Runtime takes; other arrays unchanged."""
    return array.astype(object) if spec.datatype == "BYTES" else array
