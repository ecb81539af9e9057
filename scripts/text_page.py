"""TF-IDF against a sentence encoder on docs/fit-text.md, from docs/results/fit_text.json."""

from __future__ import annotations

import statistics
from typing import Any

from scripts.guide_tables import table

_PAIR = ("minilm", "tfidf")


def section(measured: dict[str, Any]) -> str:
    """Mean accuracy of every candidate, and what differs."""
    sets = measured["sets"]
    points = [point for found in sets.values() for point in found["points"]]
    draws = 1 + max(point["seed"] for point in points)
    sizes = sorted({point["labels"] for point in points})
    about = (
        f"`python -m benchmarks fit-text`: accuracy on {measured['test']} test texts of each set, "
        f"mean of {draws} draws of the labels (standard deviation of the draws); the labels choose "
        f"and calibrate too. {measured['cores']} cores of {measured['processor']}."
    )
    header = ("set", "candidate", *(f"{size:,} labels" for size in sizes))
    rows = [row for name, found in sets.items() for row in _rows(name, found, sizes)]
    gains = [_gain(name, found, sizes) for name, found in sets.items()]
    words = ("set", *(f"{size:,} labels" for size in sizes))
    other = [(name, *_read_otherwise(found, sizes)) for name, found in sets.items()]
    return "\n\n".join(
        [
            about,
            table(header, rows),
            "Points of accuracy that `minilm` has more than `tfidf`, with 95 % intervals over the "
            "test texts:",
            table(words, gains),
            _tally(sets),
            "Test texts that `minilm` reads otherwise than BERT's tokeniser would:",
            table(words, other),
        ]
    )


def _rows(name: str, found: dict[str, Any], sizes: list[int]) -> list[tuple[str, ...]]:
    candidates = list(dict.fromkeys(point["candidate"] for point in found["points"]))
    about = f"{name}: {found['texts']:,} texts, {100 * found['majority']:.0f} % in the larger class"
    return [
        (about if i == 0 else "", one, *(_mean(found, one, size) for size in sizes))
        for i, one in enumerate(candidates)
    ]


def _mean(found: dict[str, Any], candidate: str, size: int) -> str:
    values = [
        point["accuracy"]
        for point in found["points"]
        if point["candidate"] == candidate and point["labels"] == size
    ]
    spread = f" ({statistics.stdev(values):.3f})" if len(values) > 1 else ""
    return f"{statistics.mean(values):.3f}{spread}"


def _gain(name: str, found: dict[str, Any], sizes: list[int]) -> tuple[str, ...]:
    by_size = {d["labels"]: d for d in _compared(found)}
    return (name, *(_interval(by_size[size]) for size in sizes))


def _compared(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [d for d in found["differences"] if (d["better"], d["than"]) == _PAIR]


def _interval(found: dict[str, Any]) -> str:
    mean, low, high = (100 * found[key] for key in ("accuracy", "low", "high"))
    return f"{mean:+.1f} ({low:+.1f} to {high:+.1f})"


def _read_otherwise(found: dict[str, Any], sizes: list[int]) -> list[str]:
    key = "read_otherwise"
    return [
        f"{100 * statistics.mean(shares):.1f} %"
        for size in sizes
        if (shares := [p[key] for p in found["points"] if p["labels"] == size and key in p])
    ]


def _tally(sets: dict[str, Any]) -> str:
    """How often the encoder leads clearly, and what the tokens cost."""
    all_of = [d for found in sets.values() for d in found["differences"]]
    pairs = [d for d in all_of if (d["better"], d["than"]) == _PAIR]
    ahead = sum(d["low"] > 0 for d in pairs)
    behind = sum(d["high"] < 0 for d in pairs)
    exact, theirs = (
        # No -0.0: what rounds to zero is zero.
        round(
            100 * statistics.mean(d["accuracy"] for d in all_of if d["better"].startswith(start)), 1
        )
        + 0.0
        for start in ("minilm, exact", "tfidf, scikit")
    )
    return (
        f"Of {len(pairs)} comparisons `minilm` leads clearly in {ahead}, `tfidf` in {behind}; in "
        f"{len(pairs) - ahead - behind} they cannot be told apart. BERT's exact tokens would "
        f"change `minilm` by {exact:+.1f} points on average, scikit-learn's tokens `tfidf` by "
        f"{theirs:+.1f}."
    )
