"""Digits as people write them: strokes of points from 0 to 1, two ways for each class."""

from __future__ import annotations

import math
from itertools import pairwise

Point = tuple[float, float]
Stroke = list[Point]


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> Stroke:
    """Part of an ellipse; degrees from the right, clockwise on the screen."""
    steps = max(6, int(abs(end - start) / 18))
    angles = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


def line(*points: Point) -> Stroke:
    """Straight between points, with a point every few pixels."""
    found: Stroke = [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        found += [(x0 + (x1 - x0) * i / 5, y0 + (y1 - y0) * i / 5) for i in range(1, 6)]
    return found


DIGITS: list[tuple[str, list[Stroke]]] = [
    ("0", [arc(0.5, 0.5, 0.22, 0.34, -90, -450)]),
    ("0", [arc(0.5, 0.5, 0.27, 0.31, -60, -415)]),
    ("1", [line((0.52, 0.14), (0.48, 0.86))]),
    ("1", [line((0.4, 0.3), (0.54, 0.14), (0.5, 0.86))]),
    ("2", [arc(0.49, 0.34, 0.2, 0.18, 195, 395) + line((0.64, 0.46), (0.28, 0.84), (0.75, 0.83))]),
    ("2", [arc(0.5, 0.33, 0.18, 0.17, 180, 410) + line((0.6, 0.48), (0.3, 0.8), (0.72, 0.86))]),
    ("3", [arc(0.47, 0.32, 0.2, 0.17, 205, 445) + arc(0.47, 0.67, 0.23, 0.19, 275, 505)]),
    ("3", [line((0.3, 0.17), (0.7, 0.17), (0.48, 0.44)) + arc(0.47, 0.64, 0.22, 0.2, -85, 145)]),
    ("4", [line((0.36, 0.16), (0.28, 0.54), (0.76, 0.52)), line((0.66, 0.2), (0.62, 0.87))]),
    ("4", [line((0.6, 0.86), (0.6, 0.14), (0.24, 0.6), (0.8, 0.6))]),
    ("5", [line((0.7, 0.16), (0.37, 0.16), (0.34, 0.46)) + arc(0.47, 0.63, 0.22, 0.21, -128, 140)]),
    (
        "5",
        [
            line((0.38, 0.18), (0.35, 0.47)) + arc(0.48, 0.64, 0.21, 0.2, -125, 145),
            line((0.38, 0.18), (0.72, 0.15)),
        ],
    ),
    (
        "6",
        [line((0.62, 0.13), (0.45, 0.28), (0.34, 0.5)) + arc(0.5, 0.66, 0.18, 0.18, 190, -185)],
    ),
    (
        "6",
        [line((0.55, 0.12), (0.38, 0.36), (0.31, 0.62)) + arc(0.49, 0.67, 0.19, 0.19, 175, -190)],
    ),
    ("7", [line((0.28, 0.19), (0.74, 0.17), (0.46, 0.87))]),
    ("7", [line((0.29, 0.2), (0.73, 0.19), (0.5, 0.86)), line((0.4, 0.52), (0.7, 0.5))]),
    (
        "8",
        [
            arc(0.5, 0.32, 0.17, 0.17, -30, -265)
            + arc(0.5, 0.67, 0.2, 0.18, -88, 265)
            + line((0.56, 0.46), (0.65, 0.25))
        ],
    ),
    ("8", [arc(0.5, 0.31, 0.16, 0.16, 90, -270), arc(0.5, 0.67, 0.2, 0.19, -90, 270)]),
    ("9", [arc(0.5, 0.33, 0.18, 0.17, 0, -360) + line((0.68, 0.33), (0.66, 0.87))]),
    (
        "9",
        [arc(0.51, 0.34, 0.17, 0.17, -20, -370) + line((0.67, 0.4), (0.62, 0.66), (0.46, 0.87))],
    ),
]
