"""Figures of docs/pictures.md, from docs/results/pictures.json."""

from __future__ import annotations

from typing import Any

from scripts.guide_tables import table


def accuracy_table(measured: dict[str, Any]) -> str:
    """Accuracy and warnings for every kind of picture."""
    rows = [
        (
            one["kind"],
            one["what"],
            f"{one['accuracy_with_fit']:.3f}",
            f"{one['bar']:.2f}",
            f"{one['accuracy_without']:.3f}",
            f"{one['warned_without']} of {one['digits']}",
        )
        for one in measured["kinds"]
    ]
    header = ("kind", "what", "with `mnist`", "bar", "without a fit", "warnings without")
    mnist, timing = measured["mnist"], measured["timing"]
    fits = sorted(timing[f"fit_{kind}_microseconds"] for kind in ("280x280_png", "320x240_jpeg"))
    note = (
        f"`python -m benchmarks pictures`: accuracy of `{measured['model']}` on "
        f"{measured['kinds'][0]['digits']} digits of each kind; without a fit they are scaled to "
        f"28x28 on white. Of MNIST's {mnist['images']:,} test images {mnist['warned']} draw a "
        f"warning. One fit takes {fits[0] / 1000:.1f} to {fits[1] / 1000:.1f} ms of CPU time, a "
        f"PNG or JPEG of 28x28 {timing['jpeg_microseconds']:.0f} to "
        f"{timing['png_microseconds']:.0f} µs, the look for warnings "
        f"{timing['warnings_microseconds']:.0f} µs ({measured['processor']})."
    )
    return f"{table(header, rows)}\n\n{note}"


def range_tables(measured: dict[str, Any]) -> str:
    """How the CNN degrades towards the ends of the range."""
    found = measured["range"]
    parts = []
    for what, key in (
        ("background of", "accuracy_on_background"),
        ("brightest pixel of", "accuracy_by_brightest_pixel"),
    ):
        levels = found[key]
        parts.append(
            table((what, *levels), [("accuracy", *(f"{value:.3f}" for value in levels.values()))])
        )
    parts.append(
        f"Accuracy of `{measured['model']}` on the 5,000 validation images, "
        f"{found['accuracy']:.3f} as they are. Of the images of one half of the training images, "
        f"{found['flagged_without_margin']} in {found['halves']} random halvings are outside the "
        f"range of the other half without a margin, and {found['flagged_with_margin']} with one of "
        f"{found['margin']:g}."
    )
    return "\n\n".join(parts)
