"""Names of a user's data in the plots of a card."""

from __future__ import annotations

import numpy as np

from training import plots
from training.fitted import Curve

ODD = ("$25K_to_$50K", "a$b", r"\frac$x$", "two\nlines", "n" * 300)


def is_png(data: bytes) -> bool:
    return data.startswith(b"\x89PNG")


def test_names_are_no_formulas_in_any_plot() -> None:
    truth = np.arange(10) % 5
    assert is_png(plots.confusion(truth, truth, ODD))
    assert is_png(plots.importance(dict.fromkeys(ODD, 1.0), "loss of $a_$ and $b"))
    curve = Curve(x=(1, 2), y=(0.5, 0.4), unit="$u_$", measure="loss of $m^$")
    assert is_png(plots.learning_curve("$t_$ and $", curve))
