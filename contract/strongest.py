"""The training images that excite the channels of a network's layers most.

They are stored as an .npz archive beside the model: `indices` INT64 [n], ascending, among the
training images, and `images` [n, ...] as the model takes them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contract.archive import pack, unpacked
from contract.batch import Array
from contract.errors import ArtifactError
from contract.manifest import Manifest

FILE = "strongest.npz"


@dataclass(frozen=True)
class StrongestImages:
    """Training images with their indices, in ascending order."""

    indices: NDArray[np.int64]
    images: Array

    def to_bytes(self) -> bytes:
        """The images as an .npz archive."""
        return pack({"indices": self.indices, "images": self.images})

    def of(self, indices: tuple[int, ...]) -> Array:
        """The images of some of the indices, in the order given."""
        return self.images[np.searchsorted(self.indices, indices)]


def read_strongest(data: bytes, manifest: Manifest) -> StrongestImages:
    """The images of an .npz archive, checked against the layers and the input of the manifest.

    Raises:
        ArtifactError: the archive is unreadable or differs from the manifest; the message
            continues a sentence that starts with the file's name.
    """
    try:
        with unpacked(data) as archive:
            found = StrongestImages(archive["indices"], archive["images"])
    except Exception as error:
        raise ArtifactError(f"is not an archive of training images: {error}") from error
    named = {i for layer in manifest.layers for indices in layer.strongest for i in indices}
    if found.indices.tolist() != sorted(named):
        raise ArtifactError("holds other images than the layers name")
    expected = (len(named), *manifest.inputs[0].row)
    if found.images.shape != expected or found.images.dtype != manifest.inputs[0].dtype:
        raise ArtifactError(
            f"holds {found.images.dtype} images with shape {list(found.images.shape)}, expected "
            f"{manifest.inputs[0].dtype} {list(expected)}"
        )
    return found
