"""Sources to score and the rows they must give, made in the test that uses them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from contract.batch import Batch
from contract.repository import entries
from service.inference.session import load
from service.settings import Settings


def pictures(n: int, seed: int = 0) -> NDArray[np.uint8]:
    """uint8 [n, 28, 28], mostly background as digits are."""
    images = np.random.default_rng(seed).integers(0, 256, (n, 28, 28), np.uint8)
    images[:, :6] = 0
    return images


def png(image: NDArray[np.uint8], kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind)
    return buffer.getvalue()


def flat(images: NDArray[np.uint8]) -> pl.Series:
    """As most writers store images: a list of 784 bytes."""
    pixels = images.reshape(len(images), 784)
    return pl.Series("image", pixels, pl.Array(pl.UInt8, 784))


def table(path: Path, images: NDArray[np.uint8], **options: int) -> Path:
    """A Parquet file of images, with a key and a text beside them."""
    n = len(images)
    frame = pl.DataFrame(
        {"id": np.arange(n), "image": flat(images), "note": [f"n{i}" for i in range(n)]}
    )
    frame.write_parquet(path, **options)  # type: ignore[arg-type]
    return path


def expected(
    models: Path, images: NDArray[np.uint8], name: str = "alpha"
) -> tuple[list[str], NDArray[np.float32]]:
    """What the model answers, asked directly."""
    (entry, *_) = [e for e in reversed(entries(models)) if e.name == name]
    session = load(entry, Settings(models_dir=models))
    answer = session.predict(Batch({"images": images}))
    return [session.manifest.labels[i] for i in answer["label"]], answer["probabilities"]
