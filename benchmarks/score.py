"""`python -m benchmarks.score`: batch scoring against a bare loop of ONNX Runtime.

The floor is a session with ONNX Runtime's defaults and the same number of threads that runs 256
images at a time from memory, without reading or writing files. Both are timed in turn over several
rounds; the claim is the ratio of the medians. The time of scoring runs from opening the source to
the finished target.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime as ort
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from contract.repository import entries
from service.cores import cores
from service.score.run import score
from service.score.scorer import Scorer
from service.score.sources import source_of
from service.settings import Settings

CHUNK = 256


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.score", description=__doc__)
    parser.add_argument("--rows", type=int, default=32_768)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    images = np.random.default_rng(0).integers(0, 256, (options.rows, 28, 28), np.uint8)
    images[:, :6] = 0
    for entry in entries(Settings().models_dir):
        with tempfile.TemporaryDirectory() as folder:
            print(
                json.dumps(_measure(entry.name, entry.path, images, Path(folder), options.rounds))
            )


def _measure(
    name: str, path: Path, images: NDArray[np.uint8], folder: Path, rounds: int
) -> dict[str, object]:
    pixels = pl.Series("image", images.reshape(len(images), -1), pl.Array(pl.UInt8, 784))
    lists, encoded = folder / "lists.parquet", folder / "png.parquet"
    pl.DataFrame({"id": range(len(images)), "image": pixels}).write_parquet(
        lists, row_group_size=8192
    )
    pl.DataFrame({"image": [_png(image) for image in images]}).write_parquet(encoded)
    scorer = Scorer(name, given=Settings(provider="cpu"))
    runs: dict[str, Callable[[], None]] = {
        "bare": _bare(path / "model.onnx", images),
        "lists": lambda: _score(lists, folder / "out", scorer),
        "png": lambda: _score(encoded, folder / "out", scorer),
    }
    seconds: dict[str, list[float]] = {what: [] for what in runs}
    for _ in range(rounds):
        for what, run in runs.items():
            started = time.perf_counter()
            run()
            seconds[what].append(time.perf_counter() - started)
    scorer.close()
    speed = {what: round(len(images) / median(taken)) for what, taken in seconds.items()}
    ratios = {what: round(speed[what] / speed["bare"], 2) for what in ("lists", "png")}
    return {"model": name, "threads": cores(), "rows_per_second": speed, "ratio": ratios}


def _bare(path: Path, images: NDArray[np.uint8]) -> Callable[[], None]:
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = cores()
    session = ort.InferenceSession(path, settings, providers=["CPUExecutionProvider"])

    def run() -> None:
        for start in range(0, len(images), CHUNK):
            session.run(None, {"images": images[start : start + CHUNK]})

    return run


def _score(source: Path, target: Path, scorer: Scorer) -> None:
    opened = source_of(source, None, Settings())
    score(opened, target, scorer, overwrite=True)


def _png(image: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
