"""The tables of docs/explain.md: how far explanations can be trusted, and how long they take."""

from __future__ import annotations

from typing import Any

from scripts.guide_tables import table


def section(measured: dict[str, Any]) -> str:
    """What docs/results/faithfulness.json says."""
    rows = [
        (
            f"`{model}`",
            f"`{one['method']}`",
            f"{one['deletion']:.3f}",
            f"{one['deletion_at_random']:.3f}",
            f"{one['insertion']:.3f}",
            f"{one['insertion_at_random']:.3f}",
            "< 0.001" if one["p_value"] < 0.001 else f"{one['p_value']:.3f}",
            f"{one['similarity_to_randomised']:.2f}",
        )
        for model, methods in measured["models"].items()
        for one in methods
    ]
    header = ("model", "method", "deletion", "at random", "insertion", "at random", "p",
              "likeness to randomised")  # fmt: skip
    return (
        f"Over {measured['images']} test images of MNIST. Deletion: the mean probability of the "
        "predicted class while parts of the image are taken away, the most important first (lower "
        "is better); insertion: while they are put back (higher is better); both beside parts in "
        "random order. p: of the deletion area against random order, Wilcoxon's signed rank test. "
        "Likeness: the rank correlation with explanations of the same model with its weights, or "
        "the pixels that its trees test, in random order; near 0 an explanation depends on the "
        "model.\n\n" + table(header, rows)
    )


def times(measured: dict[str, Any]) -> str:
    """What docs/results/explain.json says."""
    rows = [
        (
            data,
            f"`{model}`",
            ", ".join(
                f"`{method}` {one['median']:.1f} ({one['p95']:.1f})"
                for method, one in found.items()
            ),
        )
        for data, models in measured["milliseconds"].items()
        for model, found in models.items()
    ]
    return (
        "Milliseconds of one instance over HTTP, the median and in brackets the 95th percentile, "
        f"{measured['cores']} cores of {measured['processor']} that did other work too; "
        "`python -m benchmarks explain`. `shapley` stops at a standard error of 0.02.\n\n"
        + table(("data", "model", "methods"), rows)
    )
