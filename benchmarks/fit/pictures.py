"""Labelled pictures from Debian's packages, as folders a class.

Fashion-MNIST (Xiao et al., 2017, MIT licence) is photographs of ten kinds of clothes, grey, 28x28.
Tux Paint's stamps (GPL-2) are photographs and drawings in colour, of all sizes and transparent
around the object; the folders at the top are the classes.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FASHION, TUX = "dataset-fashion-mnist", "tuxpaint-stamps-default"
CLOTHES = (
    "t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
    "ankle-boot",
)  # fmt: skip
STAMPS = ("animals", "food", "household", "plants", "symbols", "town", "vehicles")
# Images of each kind of clothes that are taken: enough for three seeds.
EACH = 400


def unpacked(package: str, folder: Path) -> Path:
    """The files of a Debian package, downloaded with apt-get unless they are there."""
    root = folder / package
    if root.exists():
        return root
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", package], cwd=folder, check=True)
    (archive,) = folder.glob(f"{package}_*.deb")
    subprocess.run(["dpkg-deb", "-x", archive.name, package], cwd=folder, check=True)
    return root


def fashion(folder: Path) -> Path:
    """The first `EACH` training images of each kind of clothes, as PNG files."""
    out = folder / "fashion"
    if out.exists():
        return out
    source = unpacked(FASHION, folder) / "usr/share/datasets/fashion-mnist"
    images = _idx(source / "train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)
    classes = _idx(source / "train-labels-idx1-ubyte.gz", 8)
    for k, name in enumerate(CLOTHES):
        (out / name).mkdir(parents=True)
        for i in np.flatnonzero(classes == k)[:EACH]:
            Image.fromarray(images[i]).save(out / name / f"{i}.png")
    return out


def stamps(folder: Path) -> Path:
    """Tux Paint's PNG stamps, without those that are another one mirrored."""
    out = folder / "stamps"
    if out.exists():
        return out
    source = unpacked(TUX, folder) / "usr/share/tuxpaint/stamps"
    for name in STAMPS:
        for path in sorted((source / name).rglob("*.png")):
            if "mirror" not in path.name:
                target = out / name / "-".join(path.relative_to(source / name).parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
    return out


def _idx(path: Path, offset: int) -> NDArray[np.uint8]:
    """The bytes of an IDX file behind its header."""
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=offset)
