"""Accuracy by labels a class on docs/transfer.md, from docs/results/transfer.json."""

from __future__ import annotations

from typing import Any

from scripts.guide_tables import table
from scripts.svg import svg
from training.transfer.figures import Comparison, comparison_of, shown
from training.transfer.picture import figure_of


def section(measured: dict[str, Any]) -> str:
    """The table, the lead over the network from scratch, and what was left out."""
    comparison = comparison_of(measured)
    source = measured["source"]
    return "\n\n".join(
        [
            f"`make bench-transfer`: {source['name']} version {source['version']} on "
            f"scikit-learn's digits. Test accuracy on {measured['test']} images, the same for all; "
            f"mean and standard deviation of {comparison.seeds} draws of the labels, out of "
            f"{measured['pool']:,}. A sixth of the labels chooses the settings. One core of "
            f"{measured['processor']}.",
            "![Accuracy by labels a class](transfer.svg)",
            _accuracies(comparison),
            *(f"{each} labels a class are left out: {why}." for each, why in _left_out(comparison)),
            f"The source as it is, with its own head and no label of the new data: "
            f"{source['accuracy_as_it_is']:.3f}.",
            _leads(measured["leads"]),
            _seconds(comparison),
        ]
    )


def picture(measured: dict[str, Any]) -> str:
    """Accuracy against labels a class, as SVG."""
    return svg(figure_of(comparison_of(measured)))


def _left_out(comparison: Comparison) -> list[tuple[int, str]]:
    return sorted(comparison.left_out.items())


def _accuracies(comparison: Comparison) -> str:
    rows = [
        (str(each), *(shown(comparison.accuracies(name, each)) for name in comparison.titles))
        for each in comparison.sizes
    ]
    return table(("labels a class", *comparison.titles.values()), rows)


def _leads(leads: list[dict[str, Any]]) -> str:
    """The difference between frozen transfer and the network from scratch, paired by seed."""
    rows = [
        (
            str(one["labels"]),
            f"{100 * one['mean']:+.2f}",
            f"{100 * one['low']:+.2f} to {100 * one['high']:+.2f}",
            "yes" if one["low"] > 0 else "no",
            f"{one['leading']} of {one['seeds']}",
        )
        for one in leads
    ]
    lead = "lead of frozen over scratch, points"
    header = ("labels a class", lead, "95% interval", "clear", "seeds ahead")
    return table(header, rows)


def _seconds(comparison: Comparison) -> str:
    each = max(comparison.sizes)
    took = ", ".join(
        f"{title} {comparison.seconds(name, each):.1f} s"
        for name, title in comparison.titles.items()
    )
    return f"Choosing the settings and fitting with {each} labels a class took: {took}."
