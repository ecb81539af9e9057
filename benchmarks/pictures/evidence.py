"""Why the margin of `image_range` is what it is, and what happens to cut JPEGs."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.pictures.measure import Classify
from contract.brightness import MARGIN, Brightness
from service.errors import InvalidError
from service.instances import pictures
from training.datasets import Dataset, Split

BACKGROUNDS = (5, 10, 13, 15, 20, 30)
MAXIMA = (200, 169, 128, 90, 64)
HALVES = 20
CUT_JPEGS = 4_000
END = b"\xff\xd9"


def margin(dataset: Dataset, classify: Classify) -> dict[str, Any]:
    """How a model degrades towards the ends of the range, and how often sound images leave it.

    Both on training images alone: the model has not seen the validation images, and ranges of one
    half of the training images are tried on the other half.
    """
    validation = dataset.validation
    images = validation.images.astype(np.float64)
    return {
        "accuracy": _accuracy(classify, images, validation),
        "accuracy_on_background": {
            level: _accuracy(classify, level + images * (255 - level) / 255, validation)
            for level in BACKGROUNDS
        },
        "accuracy_by_brightest_pixel": {
            level: _accuracy(classify, images * level / 255, validation) for level in MAXIMA
        },
        "margin": MARGIN,
        "halves": HALVES,
        "flagged_without_margin": _flagged((dataset.train + dataset.validation).images, 1.0),
        "flagged_with_margin": _flagged((dataset.train + dataset.validation).images, MARGIN),
    }


def _accuracy(classify: Classify, images: NDArray[np.float64], split: Split) -> float:
    labels = classify(np.rint(images).astype(np.uint8))
    return round(float((labels == split.labels).mean()), 4)


def _flagged(images: NDArray[np.uint8], widened: float) -> int:
    """Images of a half outside the range of the other half, over several random halves."""
    totals = np.array(Brightness(images.shape[1:]).totals(images), np.float64)  # [n, 3]
    rng = np.random.default_rng(0)
    flagged = 0
    for _ in range(HALVES):
        order = rng.permutation(len(totals))
        one, other = np.split(totals[order], 2)
        low, high = one.min(axis=0) / widened, one.max(axis=0) * widened
        flagged += int(((other < low) | (other > high)).any(axis=1).sum())
    return flagged


def cut_jpegs(dataset: Dataset, count: int = CUT_JPEGS) -> dict[str, int]:
    """JPEGs cut anywhere in their pixel data and given an end marker: how many are taken."""
    rng = np.random.default_rng(1)
    taken = {"cut": count, "taken": 0, "taken_by_pillow": 0}
    for _ in range(count):
        data = _jpeg(dataset.train.images[rng.integers(len(dataset.train))], rng)
        scan = data.index(b"\xff\xda") + 2
        start = scan + int.from_bytes(data[scan : scan + 2])
        cut = data[: rng.integers(start, len(data) - len(END) - 1)] + END
        taken["taken"] += _is_taken(cut)
        taken["taken_by_pillow"] += _is_taken_by_pillow(cut)
    return taken


def _jpeg(digit: NDArray[np.uint8], rng: np.random.Generator) -> bytes:
    """A digit of any size, grey or RGB, baseline or progressive, with or without restarts."""
    side = int(rng.integers(16, 64))
    image = Image.fromarray(digit).resize((side, side)).convert(rng.choice(["L", "L", "RGB"]))
    buffer = io.BytesIO()
    image.save(
        buffer,
        "JPEG",
        quality=int(rng.integers(30, 96)),
        progressive=bool(rng.random() < 0.3),
        optimize=bool(rng.random() < 0.5),
        restart_marker_blocks=int(rng.choice([0, 0, 1, 3])),
    )
    return buffer.getvalue()


def _is_taken(data: bytes) -> bool:
    try:
        pictures.read(data, 1 << 20, "the picture")
    except InvalidError:
        return False
    return True


def _is_taken_by_pillow(data: bytes) -> bool:
    try:
        Image.open(io.BytesIO(data)).load()
    except OSError:
        return False
    return True
