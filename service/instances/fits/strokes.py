"""The strokes of a digit apart from specks and from what lies at the edge of a photograph."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]
_Cell = tuple[int, int]

# Cells along the longer side: strokes that nearly touch are one piece.
_GRID = 40
# Ink weaker than this joins no pieces.
_JOINS = 0.25
# Of the largest piece's ink: smaller pieces are specks.
_SPECK = 0.05
# Pieces at the edge are dropped if one that is at least this large lies inside.
_INSIDE = 0.2


class _Piece(NamedTuple):
    """Connected cells, their ink, and whether one lies at the edge of the picture."""

    cells: list[_Cell]
    ink: float
    at_edge: bool


def digit_alone(strength: Values) -> Values:
    """Ink [height, width] without specks and without the edge of a table, a sheet or a shadow."""
    side = -(-max(strength.shape) // _GRID)
    coarse = _coarse(np.where(strength > _JOINS, strength, 0), side)
    kept = np.zeros(coarse.shape, bool)
    for piece in _chosen(_pieces(coarse)):
        kept[tuple(zip(*piece.cells, strict=True))] = True
    height, width = strength.shape
    return strength * kept.repeat(side, 0).repeat(side, 1)[:height, :width]


def _coarse(ink: Values, side: int) -> Values:
    """Sums of ink over squares of a side."""
    height, width = ink.shape
    padded = np.pad(ink, ((0, -height % side), (0, -width % side)))
    rows, columns = padded.shape[0] // side, padded.shape[1] // side
    sums: Values = padded.reshape(rows, side, columns, side).sum(axis=(1, 3))
    return sums


def _pieces(coarse: Values) -> list[_Piece]:
    """The pieces of cells that touch each other at sides or corners."""
    height, width = coarse.shape
    remaining = {(int(y), int(x)) for y, x in np.argwhere(coarse > 0)}
    pieces = []
    while remaining:
        cells, waiting = [], deque([remaining.pop()])
        while waiting:
            y, x = waiting.popleft()
            cells.append((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & remaining
            remaining -= near
            waiting.extend(near)
        at_edge = any(y in (0, height - 1) or x in (0, width - 1) for y, x in cells)
        pieces.append(_Piece(cells, float(sum(coarse[cell] for cell in cells)), at_edge))
    return pieces


def _chosen(pieces: list[_Piece]) -> list[_Piece]:
    largest = max((piece.ink for piece in pieces), default=0)
    inside = [piece for piece in pieces if not piece.at_edge]
    most_inside = max((piece.ink for piece in inside), default=0)
    if inside and most_inside >= _INSIDE * largest:
        pieces, largest = inside, most_inside
    return [piece for piece in pieces if piece.ink >= _SPECK * largest]
