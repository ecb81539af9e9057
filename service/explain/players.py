"""The parts of a row that a method can take away: patches of an image, columns, words of a text.

A part that is taken away gets a value that stands for nothing. Of images that is the typical pixel
at its place, of columns the value in a row of the background, both from the model's golden samples;
a word is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from contract.batch import Array, Batch
from contract.tensors import Input
from service.errors import InvalidError
from service.explain.question import Question
from service.instances.spec import ImageSpec

Kept = NDArray[np.bool_]
# Parts of an image along its height and width, and words of a text; more are taken together.
GRID, WORDS = 7, 64
# Golden samples that stand for nothing in a table.
MOST_BACKGROUNDS = 16


class Players(Protocol):
    """The parts of one row."""

    @property
    def count(self) -> int:
        """Number of parts."""

    @property
    def backgrounds(self) -> int:
        """Number of rows that can stand for nothing."""

    def rows(self, kept: Kept, background: int) -> Batch:
        """The row with some parts taken away.

        Args:
            kept: bool [rows, count].
            background: index of the row that stands for nothing.
        """

    def attribution(self, contributions: NDArray[np.float64]) -> Any:
        """What each part contributes, [count], in the form of the row, as JSON."""


def have_parts(inputs: Sequence[Input]) -> bool:
    """Whether rows of these inputs have parts: one image, or named columns."""
    image = len(inputs) == 1 and inputs[0].content == "image"
    return image or all(tensor.columns for tensor in inputs)


def players_of(inputs: Sequence[Input], question: Question, samples: Batch) -> Players:
    """The parts of a row of a model with these inputs, which must have parts.

    Args:
        samples: the model's golden inputs.

    Raises:
        InvalidError: the row is a text without a word.
    """
    if inputs[0].content == "image":
        return Patches(inputs[0], question.row, samples)
    if len(inputs) == 1 and inputs[0].content == "text" and len(inputs[0].columns) == 1:
        return Words(inputs[0], question)
    return ColumnParts(inputs, question.row, samples)


class Patches:
    """Squares of an image, about `GRID` along its longer side.

    A patch that looks as it does where it is taken away contributes nothing by any method, so only
    the others are players: of a digit about half.
    """

    backgrounds = 1

    def __init__(self, tensor: Input, row: Batch, samples: Batch) -> None:
        self._tensor, self._spec = tensor, ImageSpec.of(tensor)
        height, width = self._spec.height, self._spec.width
        self.side = -(-max(height, width) // GRID)
        down, across = (np.arange(size) // self.side for size in (height, width))
        # The number of the patch of each pixel, [height, width].
        self._patch = down[:, None] * (across[-1] + 1) + across[None]
        self._image = row[tensor.name][0]
        typical = np.median(samples[tensor.name], axis=0)
        self._typical = typical.astype(self._image.dtype)
        differs = self._image != self._typical
        if tensor.layout != "HW":
            differs = differs.any(axis=-1 if tensor.layout == "HWC" else 0)
        self._players = np.unique(self._patch[differs])
        self.count = len(self._players)

    def rows(self, kept: Kept, background: int) -> Batch:
        """See `Players`."""
        every = np.ones((len(kept), int(self._patch[-1, -1]) + 1), bool)
        every[:, self._players] = kept
        return self.masked(every[:, self._patch])

    def masked(self, kept: Kept) -> Batch:
        """Images whose pixels outside `kept`, bool [rows, height, width], are typical ones."""
        if self._tensor.layout == "HWC":
            kept = kept[..., None]
        elif self._tensor.layout == "CHW":
            kept = kept[:, None]
        return Batch({self._tensor.name: np.where(kept, self._image, self._typical)})

    def squares(self) -> Kept:
        """Squares of a patch's size that move by half of it, bool [squares, height, width]."""
        step = max(1, self.side // 2)
        masks = []
        for top in range(0, max(1, self._spec.height - self.side + step), step):
            for left in range(0, max(1, self._spec.width - self.side + step), step):
                mask = np.zeros(self._patch.shape, bool)
                mask[top : top + self.side, left : left + self.side] = True
                masks.append(mask)
        return np.stack(masks)

    def attribution(self, contributions: NDArray[np.float64]) -> Any:
        """See `Players`; a patch's pixels share what it contributes."""
        sizes = np.bincount(self._patch.ravel())
        every = np.zeros(len(sizes))
        every[self._players] = contributions
        return self.shaped((every / sizes)[self._patch])

    def shaped(self, pixels: NDArray[np.float64]) -> Any:
        """Contributions [height, width] in the image's shape; channels share them."""
        channels = self._spec.channels
        if self._tensor.layout == "HWC":
            return np.repeat(pixels[..., None] / channels, channels, axis=2)
        if self._tensor.layout == "CHW":
            return np.repeat(pixels[None] / channels, channels, axis=0)
        return pixels


class ColumnParts:
    """The columns of a table; each row of the samples is a background."""

    def __init__(self, inputs: Sequence[Input], row: Batch, samples: Batch) -> None:
        self._inputs, self._row, self._samples = inputs, row, samples
        self.columns = [column for tensor in inputs for column in tensor.columns]
        self.count = len(self.columns)
        self.backgrounds = min(len(samples), MOST_BACKGROUNDS)

    def rows(self, kept: Kept, background: int) -> Batch:
        """See `Players`."""
        arrays: dict[str, Array] = {}
        first = 0
        for tensor in self._inputs:
            own = kept[:, first : first + len(tensor.columns)]
            first += len(tensor.columns)
            here, away = self._row[tensor.name][0], self._samples[tensor.name][background]
            chosen = np.where(own if tensor.row else own[:, 0], here, away)
            # Of two texts NumPy makes an array of its own kind of text.
            arrays[tensor.name] = chosen.astype(tensor.dtype, copy=False)
        return Batch(arrays)

    def attribution(self, contributions: NDArray[np.float64]) -> Any:
        """See `Players`."""
        return dict(zip(self.columns, contributions.tolist(), strict=True))


class Words:
    """The words of a text, each with the space around it; of long texts runs of words."""

    backgrounds = 1

    def __init__(self, tensor: Input, question: Question) -> None:
        self._name, self._shape = tensor.name, tensor.row
        self._text = str(question.row[tensor.name].ravel()[0])
        spans = [match.span() for match in re.finditer(r"\s*\S+\s*", self._text)]
        if not spans:
            raise InvalidError(
                f"instances[{question.place}] is a text without a word, so there is nothing to "
                "explain; send one with words",
                loc=["instances", question.place],
            )
        each = -(-len(spans) // WORDS)
        self._spans = [
            (spans[i][0], spans[min(i + each, len(spans)) - 1][1])
            for i in range(0, len(spans), each)
        ]
        self.count = len(self._spans)

    def rows(self, kept: Kept, background: int) -> Batch:
        """See `Players`."""
        texts = [
            "".join(self._text[a:b] for (a, b), keep in zip(self._spans, row, strict=True) if keep)
            for row in kept.tolist()
        ]
        return Batch({self._name: np.array(texts, object).reshape(-1, *self._shape)})

    def attribution(self, contributions: NDArray[np.float64]) -> Any:
        """See `Players`."""
        return [
            {"text": self._text[a:b].strip(), "start": a, "end": b, "contribution": float(c)}
            for (a, b), c in zip(self._spans, contributions, strict=True)
        ]
