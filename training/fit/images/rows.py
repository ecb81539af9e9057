"""Images in memory, and the forms that candidates take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.fit.splits import Indices

Pixels = NDArray[np.uint8]
Features = NDArray[np.float32]


@dataclass(eq=False)
class Store:
    """Every image of a problem, and features that were computed once for all splits.

    pixels: uint8 [n, height, width] for grey, [n, height, width, 3] for RGB.
    """

    pixels: Pixels
    _features: Features | None = field(default=None, repr=False)
    _known: NDArray[np.bool_] | None = field(default=None, repr=False)

    def missing(self, rows: Indices) -> Indices:
        """Those of the images whose features are not known yet."""
        return rows if self._known is None else rows[~self._known[rows]]

    def features(self, rows: Indices, compute: Callable[[Pixels], Features]) -> Features:
        """Features of some images, computed where they are not known."""
        new = np.unique(self.missing(rows))
        if len(new) or self._features is None or self._known is None:
            found = compute(self.pixels[new])
            if self._features is None or self._known is None:
                self._features = np.zeros((len(self.pixels), found.shape[1]), np.float32)
                self._known = np.zeros(len(self.pixels), bool)
            self._features[new], self._known[new] = found, True
        return self._features[rows]


@dataclass(frozen=True, eq=False)
class Images:
    """Some images of a store."""

    store: Store
    rows: Indices

    @classmethod
    def of(cls, pixels: Pixels) -> Images:
        """All of a new store."""
        return cls(Store(pixels), np.arange(len(pixels)))

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: Indices) -> Images:
        """Some of them."""
        return Images(self.store, self.rows[rows])

    @property
    def pixels(self) -> Pixels:
        """uint8 [n, height, width] or [n, height, width, 3]."""
        return self.store.pixels[self.rows]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.store.pixels.shape[1], self.store.pixels.shape[2]

    @property
    def channels(self) -> int:
        """1 for grey, 3 for RGB."""
        return 1 if self.store.pixels.ndim == 3 else 3


@dataclass(frozen=True)
class Squares:
    """Images made smaller: sums over squares of so many pixels a side.

    Sums of integers are exact in float32, so a tree decides alike here and in the graph; a mean
    may differ in its last bit. What remains at the right and below, less than a square, is left
    out.
    """

    side: int

    @classmethod
    def at_most(cls, most: int, size: tuple[int, int]) -> Squares:
        """Squares that make an image at most so many pixels high and wide."""
        return cls(max(1, -(-max(size) // most)))

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of what an image becomes."""
        return size[0] // self.side, size[1] // self.side

    def sums(self, pixels: Pixels) -> Features:
        """float32 [n, channels, height, width]."""
        planes = pixels[:, None] if pixels.ndim == 3 else pixels.transpose(0, 3, 1, 2)
        height, width = self.size((planes.shape[2], planes.shape[3]))
        k = self.side
        squares = planes[:, :, : height * k, : width * k].reshape(
            *planes.shape[:2], height, k, width, k
        )
        sums: Features = squares.sum(axis=(3, 5), dtype=np.uint32).astype(np.float32)
        return sums

    def encode(self, images: Images) -> Encoded:
        """What forests take."""
        return Encoded(images, self)


@dataclass(frozen=True, eq=False)
class Encoded:
    """Images as candidates take them; `matrix` is the form that a table's forest asks for."""

    images: Images
    encoding: Squares

    def __len__(self) -> int:
        return len(self.images)

    def matrix(self) -> Features:
        """Sums of squares, float32 [n, channels * height * width]."""
        return self.encoding.sums(self.images.pixels).reshape(len(self.images), -1)
