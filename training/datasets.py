"""The data sets: MNIST (LeCun et al., 1998), and scikit-learn's digits, which need no network.

MNIST is read from the data directory (`ROSENBLATT_DATA_DIR` or its subfolder `mnist`), else from
the cache (`ROSENBLATT_CACHE_DIR`), else downloaded from the public mirrors into the cache. In every
case the uncompressed files must have the published SHA-256.

Split: the last 5,000 training images are the validation set. MNIST's training file mixes its two
sources of writers throughout, so its tail is a fair sample. The test set is not used for choices.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pooch
from numpy.typing import NDArray

from contract.repository import sha256
from training.errors import DatasetError

Name = Literal["mnist", "digits"]

VALIDATION = 5_000
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
# File -> SHA-256 of its uncompressed bytes.
MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@dataclass(frozen=True)
class Split:
    """images: uint8 [n, 28, 28], 0 is background; labels: int64 [n]."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def __add__(self, other: Split) -> Split:
        return Split(
            np.concatenate([self.images, other.images]),
            np.concatenate([self.labels, other.labels]),
        )


@dataclass(frozen=True)
class Dataset:
    """A data set in its three splits, with the SHA-256 of each source file."""

    name: str
    train: Split
    validation: Split
    test: Split
    sha256: dict[str, str]
    split: str
    labels: tuple[str, ...] = tuple("0123456789")


def load(
    name: Name = "mnist",
    data_dir: Path | None = None,
    cache_dir: Path | None = None,
    mirrors: Sequence[str] = MIRRORS,
) -> Dataset:
    """Load a data set.

    Args:
        data_dir: folder of the MNIST files; None reads `ROSENBLATT_DATA_DIR`.
        cache_dir: folder of downloads; None reads `ROSENBLATT_CACHE_DIR`.
        mirrors: base URLs to download from, tried in turn; empty for no download.

    Raises:
        DatasetError: a file cannot be found or downloaded, or differs from the published one.
    """
    if name == "digits":
        return _digits()
    if data_dir is None and (setting := os.environ.get("ROSENBLATT_DATA_DIR")):
        data_dir = Path(setting)
    if cache_dir is None:
        cache_dir = Path(os.environ.get("ROSENBLATT_CACHE_DIR") or pooch.os_cache("rosenblatt"))
    arrays = {file: _mnist_file(file, data_dir, cache_dir, mirrors) for file in MNIST_SHA256}
    images, labels, test_images, test_labels = arrays.values()
    return Dataset(
        name="mnist",
        train=Split(images[:-VALIDATION], labels[:-VALIDATION].astype(np.int64)),
        validation=Split(images[-VALIDATION:], labels[-VALIDATION:].astype(np.int64)),
        test=Split(test_images, test_labels.astype(np.int64)),
        sha256=dict(MNIST_SHA256),
        split=f"the last {VALIDATION:,} training images are the validation set; "
        "the test set is MNIST's own",
    )


def _mnist_file(
    file: str, data_dir: Path | None, cache_dir: Path, mirrors: Sequence[str]
) -> NDArray[np.uint8]:
    for folder in _folders(data_dir, cache_dir):
        for path in (folder / f"{file}.gz", folder / file):
            if path.is_file():
                return _parse_idx(_verified(path), path)
    return _parse_idx(*_download(file, data_dir, cache_dir, mirrors))


def _folders(data_dir: Path | None, cache_dir: Path) -> list[Path]:
    own = [data_dir / "mnist", data_dir] if data_dir is not None else []
    return [*own, cache_dir / "mnist"]


def _download(
    file: str, data_dir: Path | None, cache_dir: Path, mirrors: Sequence[str]
) -> tuple[bytes, Path]:
    problems = [f"not in {data_dir}"] if data_dir is not None else []
    for mirror in mirrors:
        path = cache_dir / "mnist" / f"{file}.gz"
        try:
            pooch.retrieve(f"{mirror}{file}.gz", known_hash=None, fname=path.name, path=path.parent)
            return _verified(path), path
        except DatasetError as error:
            problems.append(f"{mirror} sent a wrong file: {error}")
        except (OSError, ValueError) as error:  # requests' errors are OSErrors
            problems.append(f"{mirror} failed with {type(error).__name__}")
        path.unlink(missing_ok=True)
    raise DatasetError(
        f"{file}.gz was not found ({'; '.join(problems)}); put MNIST's four files into a "
        "directory and set ROSENBLATT_DATA_DIR, or train with DATASET=digits"
    )


def _verified(path: Path) -> bytes:
    """The uncompressed bytes of `path`, after checking their SHA-256."""
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(
            f"{path} is truncated or corrupt ({error}); delete it and fetch it again"
        ) from error
    expected = MNIST_SHA256[path.name.removesuffix(".gz")]
    if sha256(data) != expected:
        raise DatasetError(
            f"{path} has SHA-256 {sha256(data)[:12]}... uncompressed, the published file has "
            f"{expected[:12]}...; delete it and fetch it again"
        )
    return data


def _parse_idx(data: bytes, path: Path) -> NDArray[np.uint8]:
    """Decode an IDX file: two zero bytes, type 8 (uint8), rank, then big-endian sizes."""
    if data[:3] != b"\x00\x00\x08":
        raise DatasetError(f"{path} is not an IDX file of unsigned bytes")
    rank = data[3]
    shape = np.frombuffer(data, ">u4", count=rank, offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(tuple(map(int, shape)))


def _digits() -> Dataset:
    """1,797 scanned digits of 8x8 pixels, enlarged threefold and padded to 28x28, 0-255."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    small = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
    images = np.pad(small.repeat(3, axis=1).repeat(3, axis=2), ((0, 0), (2, 2), (2, 2)))
    labels = bunch.target.astype(np.int64)
    parts = [
        Split(images[start:stop], labels[start:stop])
        for start, stop in ((0, 1_197), (1_197, 1_397), (1_397, 1_797))
    ]
    return Dataset(
        name="digits",
        train=parts[0],
        validation=parts[1],
        test=parts[2],
        sha256={"sklearn.datasets.load_digits": sha256(bunch.data.tobytes())},
        split="in file order: 1,197 to train, 200 to validate, 400 to test",
    )
