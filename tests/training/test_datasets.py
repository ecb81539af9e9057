from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from training import datasets
from training.datasets import MNIST_SHA256, Dataset, load
from training.errors import DatasetError


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return header + array.tobytes()


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Small files in MNIST's format, published under the hashes they really have."""
    rng = np.random.default_rng(0)
    n = 5_010
    contents = {
        "train-images-idx3-ubyte": idx(rng.integers(0, 256, (n, 28, 28), np.uint8)),
        "train-labels-idx1-ubyte": idx(rng.integers(0, 10, n, np.uint8)),
        "t10k-images-idx3-ubyte": idx(rng.integers(0, 256, (20, 28, 28), np.uint8)),
        "t10k-labels-idx1-ubyte": idx(rng.integers(0, 10, 20, np.uint8)),
    }
    monkeypatch.setattr(
        datasets,
        "MNIST_SHA256",
        {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()},
    )
    monkeypatch.delenv("ROSENBLATT_DATA_DIR", raising=False)
    return contents


def place(folder: Path, files: dict[str, bytes], compress: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        if compress:
            (folder / f"{name}.gz").write_bytes(gzip.compress(data))
        else:
            (folder / name).write_bytes(data)
    return folder


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A mirror on loopback, and the folder it serves."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", folder
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("subfolder", ["", "mnist"])
def test_the_data_directory_comes_first(
    files: dict[str, bytes], tmp_path: Path, compress: bool, subfolder: str
) -> None:
    place(tmp_path / "data" / subfolder, files, compress)
    data = load("mnist", tmp_path / "data", tmp_path / "cache", mirrors=())
    assert (len(data.train), len(data.validation), len(data.test)) == (10, 5_000, 20)
    whole = np.frombuffer(files["train-images-idx3-ubyte"], np.uint8, offset=16)
    both = (data.train + data.validation).images
    np.testing.assert_array_equal(both.ravel(), whole)
    assert not (tmp_path / "cache").exists()


def test_a_download_is_verified_and_kept(
    files: dict[str, bytes], tmp_path: Path, mirror: tuple[str, Path]
) -> None:
    address, folder = mirror
    place(folder, files)
    first = load("mnist", None, tmp_path / "cache", mirrors=[address])
    again = load("mnist", None, tmp_path / "cache", mirrors=())
    np.testing.assert_array_equal(first.test.images, again.test.images)


def test_a_mirror_with_a_wrong_file_is_passed_over(
    files: dict[str, bytes], tmp_path: Path, mirror: tuple[str, Path]
) -> None:
    address, folder = mirror
    place(folder / "good", files)
    place(folder / "bad", {name: data[:-1] for name, data in files.items()})
    mirrors = [f"{address}absent/", f"{address}bad/", f"{address}good/"]
    data = load("mnist", None, tmp_path / "cache", mirrors=mirrors)
    assert len(data.test) == 20


def test_no_source_at_all_says_what_to_do(files: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"ROSENBLATT_DATA_DIR.*DATASET=digits"):
        load("mnist", None, tmp_path / "cache", mirrors=["http://127.0.0.1:9/"])
    assert not list((tmp_path / "cache").rglob("*.gz"))


@pytest.mark.parametrize("damage", ["truncated", "swapped", "empty"])
def test_a_damaged_file_is_named(files: dict[str, bytes], tmp_path: Path, damage: str) -> None:
    folder = place(tmp_path / "mnist", files)
    path = folder / "t10k-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    other = (folder / "train-labels-idx1-ubyte.gz").read_bytes()
    path.write_bytes({"truncated": whole[:-40], "swapped": other, "empty": b""}[damage])
    with pytest.raises(DatasetError, match=r"t10k-images-idx3-ubyte\.gz.*delete it"):
        load("mnist", tmp_path, tmp_path / "cache", mirrors=())


def test_digits_need_nothing() -> None:
    data = load("digits")
    assert (len(data.train), len(data.validation), len(data.test)) == (1_197, 200, 400)
    assert data.train.images.shape == (1_197, 28, 28)
    assert data.train.images.dtype == np.uint8
    assert data.train.images.max() == 255
    assert set(data.test.labels.tolist()) == set(range(10))


@pytest.mark.mnist
def test_mnist_is_the_published_one(mnist: Dataset) -> None:
    assert mnist.sha256 == MNIST_SHA256
    assert (len(mnist.train), len(mnist.validation), len(mnist.test)) == (55_000, 5_000, 10_000)
    # The first test images are the famous 7, 2, 1, 0, 4.
    assert mnist.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
