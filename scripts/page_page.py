"""The table of docs/page.md: the bars of the page beside what was measured."""

from __future__ import annotations

from typing import Any

from scripts.guide_tables import table


def section(measured: dict[str, Any]) -> str:
    """What docs/results/page.json says."""
    digits, answers, paint = (measured[k] for k in ("digits", "answer_ms", "first_paint_ms"))
    sizes, axe = measured["bytes"], measured["axe"]
    rows = [
        (
            f"{digits['drawn']} digits drawn as strokes, read by the CNN",
            f"at least {digits['bar']}",
            f"{digits['right']}",
        ),
        (
            f"ink to answers on the screen, median of {answers['events']} events",
            f"{answers['bar']} ms",
            f"{answers['median']:.0f} ms (95th percentile {answers['p95']:.0f} ms)",
        ),
        (
            f"first paint, median of {measured['visits']} visits",
            f"{paint['bar']:,} ms",
            f"{paint['median']:.0f} ms (95th percentile {paint['p95']:.0f} ms)",
        ),
        (
            "files and documents of all views over the wire",
            _kilobytes(sizes["bar"]),
            f"{_kilobytes(sizes['all_views'])}, of the first view "
            f"{_kilobytes(sizes['first_view'])}",
        ),
        (
            f"findings of axe-core, of any impact, in {axe['views']} views, light and dark",
            f"{axe['bar']}",
            f"{len(axe['findings'])}",
        ),
    ]
    return (
        table(("what", "bar", "measured"), rows)
        + f"\n\n`make bench-page`, {measured['browser']} without a GPU on the machine of the "
        f"service: {measured['cores']} cores of {measured['processor']} that did other work too. "
        "Bytes are without the samples and the models' answers."
    )


def _kilobytes(size: float) -> str:
    return f"{size / 1000:.0f} kB"
