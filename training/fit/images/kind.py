"""Images: what `Kind` asks for."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.fit.candidate import Candidate, Data, Part, Task
from training.fit.images.candidates.catalogue import candidates_for
from training.fit.images.rows import Encoded, Images, Pixels, Squares
from training.fit.images.tensors import ImageTensors
from training.fit.splits import Indices

# Trees and linear models see an image of at most so many pixels a side.
MOST_PIXELS = 32
# Images of the test set that are asked again upside down and inverted.
PROBES = 20


class ImageKind:
    """Rows are `Images`.

    Args:
        resized: how the files became images of one size; empty where all had it.
    """

    def __init__(self, resized: str = "") -> None:
        self._resized = resized

    def candidates(self, task: Task) -> tuple[Candidate, ...]:
        """See `Kind`."""
        return candidates_for()

    def prepare(
        self,
        rows: Images,
        target: NDArray[Any],
        n_classes: int,
        train: Indices,
        validation: Indices,
    ) -> Data:
        """See `Kind`; nothing is fitted to prepare an image."""
        squares = Squares.at_most(MOST_PIXELS, rows.size)

        def part(some: Indices) -> Part:
            return Part(Encoded(rows.take(some), squares), target[some])

        return Data(
            task="classification",
            n_classes=n_classes,
            train=part(train),
            validation=part(validation),
            both=part(np.concatenate([train, validation])),
        )

    def tensors(self, rows: Images) -> ImageTensors:
        """See `Kind`."""
        return ImageTensors(rows)

    def probes(self, rows: Images) -> Images:
        """Black, white, noise, stripes and single pixels; images inverted, and upside down."""
        some = rows.pixels[:PROBES]
        return Images.of(np.concatenate([_extremes(some.shape[1:]), 255 - some, some[:, ::-1]]))

    def parts(self, rows: Images) -> int:
        """See `Kind`; an image has no parts with names."""
        return 0

    def most_telling(self, rows: Images, target: NDArray[Any]) -> Sequence[int]:
        """See `Kind`."""
        return ()

    def without(
        self, rows: Images, order: Indices, parts: Sequence[int]
    ) -> Iterator[tuple[str, Images]]:
        """See `Kind`."""
        return iter(())

    def instance(self, rows: Images, row: int) -> str:
        """Base64 text of a PNG."""
        file = io.BytesIO()
        Image.fromarray(rows.take(np.array([row])).pixels[0]).save(file, "PNG")
        return base64.b64encode(file.getvalue()).decode()

    def describe(self, rows: Images) -> str:
        """See `Kind`."""
        height, width = rows.size
        colour = "grey" if rows.channels == 1 else "RGB"
        resized = f"; {self._resized}" if self._resized else ""
        return f"{len(rows):,} {colour} images of {width}x{height} pixels{resized}"

    def facts(self, rows: Images) -> dict[str, object]:
        """See `Kind`; the modality is known when the images are read."""
        return {}


def _extremes(row: tuple[int, ...]) -> Pixels:
    """Images that no camera takes, uint8 [8, *row]."""
    generator = np.random.default_rng(0)
    places = np.indices(row[:2]).sum(axis=0).reshape(*row[:2], *(1,) * (len(row) - 2))
    ones = np.ones(row, np.uint8)
    corner = np.zeros(row, np.uint8)
    corner[0, 0] = corner[-1, -1] = 255
    return np.stack(
        [
            0 * ones,
            255 * ones,
            generator.integers(0, 256, row).astype(np.uint8),
            generator.integers(0, 2, row).astype(np.uint8) * 255,
            (places % 2 * 255 * ones).astype(np.uint8),
            (places // 4 % 2 * 255 * ones).astype(np.uint8),
            (places * 255 // places.max(initial=1) * ones).astype(np.uint8),
            corner,
        ]
    )
