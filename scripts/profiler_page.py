"""The profiler on public tables on docs/benchmarks.md, from docs/results/profiler.json."""

from __future__ import annotations

from typing import Any

from scripts.guide_tables import table


def section(measured: dict[str, Any]) -> list[str]:
    """The paragraphs of the section."""
    everything, held_out = measured["all"], measured["held_out"]
    facts = list(everything["right"])
    rows = [
        (name, f"{found['entries']}", *(f"{found['right'][fact]:.1%}" for fact in facts))
        for name, found in (("all", everything), ("held out", held_out))
    ]
    met = "yes" if everything["right"]["task"] >= measured["least_right"] else "no"
    return [
        "## Facts from data",
        f"`python -m benchmarks profiler`: {everything['entries']} targets in "
        f"{everything['tables']} public tables from packages of the Python index, listed with "
        "their labels in `benchmarks/profiler/tables.yaml`. The labels were written before the "
        "profiler read the tables; the rules of time and event names were written by people who "
        f"knew the first {everything['entries'] - held_out['entries']}. The {held_out['entries']} "
        "held out were drawn at random once the rules were written, and no rule was changed for "
        "what they showed. `asked` is the right task where dates or an event leave it open.",
        table(("targets", "number", *(f"`{fact}`" for fact in facts)), rows),
        f"At least {measured['least_right']:.0%} of the tasks and of the labelled rows: {met}. "
        f"Wrong: {_wrong(measured['wrong'])}.",
    ]


def _wrong(wrong: list[dict[str, Any]]) -> str:
    """The entries that were wrong, in words."""
    return (
        "; ".join(
            f"`{each['table']}`, `{each['target']}` ("
            + ", ".join(f"{fact} {f['said']}" for fact, f in each["facts"].items())
            + ")"
            for each in wrong
        )
        or "none"
    )
