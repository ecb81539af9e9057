"""The training images that excite the channels of a network's layers."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from contract.archive import pack
from contract.auxiliary import read_strongest_images
from contract.errors import ArtifactError
from contract.manifest import Manifest
from contract.repository import Entry, read_manifest, record_of
from contract.strongest import StrongestImages, read_strongest
from tests.conftest import MODELS

ENTRY = Entry("digits-cnn", 1, MODELS / "digits-cnn" / "1")
MANIFEST = read_manifest(ENTRY)
NAMED = sorted({i for layer in MANIFEST.layers for each in layer.strongest for i in each})


def test_images_are_given_in_the_order_asked_for() -> None:
    images = np.arange(3, dtype=np.uint8).repeat(4).reshape(3, 2, 2)
    found = StrongestImages(np.array([4, 7, 90]), images).of((90, 4))
    assert found[:, 0, 0].tolist() == [2, 0]


def test_the_same_images_give_the_same_bytes() -> None:
    found = read_strongest_images(ENTRY, MANIFEST)
    assert found is not None
    assert found.indices.tolist() == NAMED
    assert found.to_bytes() == (ENTRY.path / "strongest.npz").read_bytes()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"no archive", "is not an archive of training images"),
        (pack({"indices": np.array([1])}), "is not an archive of training images"),
        (
            pack({"indices": np.array(NAMED[1:]), "images": np.zeros((1, 28, 28), np.uint8)}),
            "holds other images than the layers name",
        ),
        (
            pack({"indices": np.array(NAMED), "images": np.zeros((2, 28, 28), np.uint8)}),
            r"holds uint8 images with shape \[2, 28, 28\], expected uint8 \[590, 28, 28\]",
        ),
    ],
)
def test_an_archive_that_differs_is_refused(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(ArtifactError, match=says):
        read_strongest(data, MANIFEST)
    (tmp_path / "strongest.npz").write_bytes(data)
    record = record_of("strongest.npz", data)
    manifest = MANIFEST.model_copy(update={"strongest_images": record})
    with pytest.raises(ArtifactError, match=f"{tmp_path}/strongest.npz {says}"):
        read_strongest_images(Entry("digits-cnn", 1, tmp_path), manifest)


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(ENTRY.path, tmp_path / "1"))
    (copy / "strongest.npz").write_bytes(b"x" + (copy / "strongest.npz").read_bytes()[1:])
    with pytest.raises(ArtifactError, match="has SHA-256"):
        read_strongest_images(Entry("digits-cnn", 1, copy), MANIFEST)


def test_a_version_may_be_without_them() -> None:
    manifest = MANIFEST.model_copy(update={"strongest_images": None})
    assert read_strongest_images(ENTRY, manifest) is None


def test_a_manifest_without_layers_has_none() -> None:
    document = MANIFEST.model_dump(mode="json")
    document["files"].pop("layers")
    with pytest.raises(ValueError, match="strongest_images must be absent"):
        Manifest.model_validate({**document, "layers": []})
