"""Golden samples: inputs with the outputs that a model gave when it was exported or imported.

They are stored as an .npz archive with one array per tensor, under the tensor's name. Text is
stored as UTF-32 arrays, since arrays of Python objects would need pickle, which is unsafe to read.
"""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contract.batch import Array, Batch
from contract.errors import ArtifactError
from contract.manifest import Manifest
from contract.tensors import TensorSpec

# NumPy parses an array's header with `ast.literal_eval`. In Python 3.11 that counts its recursion
# depth over all threads and can fail on valid input: "AST constructor recursion depth mismatch".
_ONE_READER = threading.Lock()
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed date, so that equal samples give equal bytes


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
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in {**self.inputs.arrays, **self.outputs.arrays}.items():
                # np.savez cannot store an array under the name of one of its own arguments.
                info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
                info.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(info, "w") as file:
                    np.lib.format.write_array(file, _stored(name, array), allow_pickle=False)
        return buffer.getvalue()


def read_golden(data: bytes, manifest: Manifest) -> GoldenSamples:
    """The samples of an .npz archive, checked against the manifest's types and shapes.

    Raises:
        ArtifactError: the archive is unreadable or differs from the manifest; the message
            continues a sentence that starts with the file's name.
    """
    try:
        with _ONE_READER, np.load(io.BytesIO(data), allow_pickle=False) as archive:
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
