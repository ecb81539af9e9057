"""Reproducible SVG: equal figures give equal text."""

from __future__ import annotations

import io

import matplotlib as mpl
from matplotlib.figure import Figure


def svg(figure: Figure) -> str:
    """The figure as SVG, without a date, a version or random identifiers."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "rosenblatt", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"
