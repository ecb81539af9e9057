"""Serving on docs/benchmarks.md: its section and its two pictures.

All are functions of docs/results/serving_*.json, which `make bench` writes.
"""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.serving.bars import CONNECTIONS, SPEED, bars, ratio
from benchmarks.serving.tails import MOST_OF_CAPACITY, split
from scripts.guide_tables import table
from scripts.svg import svg

# What is asked, as the page says it.
SAID = {
    "json": "one image as JSON",
    "v2-json": "one image as JSON, Open Inference Protocol",
    "binary": "one image as bytes (ours: the protocol's binary tensors)",
    "binary-64": "64 images as bytes (ours: the protocol's binary tensors)",
}
COLOURS = {
    "rosenblatt": "#b0413e", "FastAPI + pydantic": "#2a7f62", "stock BentoML": "#1f3a5f",
    "LitServe": "#8a6d3b", "MLServer": "#6a4c93", "Ray Serve": "#3a86a8",
    "bare Starlette": "#9a9a9a", "bare ASGI": "#555555", "in-process loop": "#000000",
}  # fmt: skip


def section(closed: dict[str, Any], tails: dict[str, Any], overload: dict[str, Any]) -> list[str]:
    """What the page says about serving, paragraph by paragraph."""
    return [
        "## Serving",
        f"`make bench`: {closed['model']} on {closed['cores']} cores of {closed['processor']}, "
        "which the load generator shares. Every server is alone while it is measured, has an "
        "environment of its own from a pinned file (`benchmarks/peers/`), one worker, one ONNX "
        "Runtime thread and the same model file, and is asked the same images; its first answer "
        "must be right. All run on uvloop and httptools and log no requests, but for stock "
        "BentoML, which is as pip installs it; LitServe has its fast queue, MLServer no parallel "
        "workers, Ray Serve its own HTTP proxy. Bare Starlette and bare ASGI check nothing: "
        "floors, not services. Every second round goes through the servers in reverse.",
        table(
            ("bar", "measured", "single rounds", "must be", "met"), _bars(closed, tails, overload)
        ),
        "### Closed loop",
        f"wrk, one request in flight per connection: medians of {closed['rounds']} interleaved "
        f"rounds of {closed['seconds']} s. CPU is that of all of a server's processes per request.",
        "![Requests per second by connections](serving_closed.svg)",
        *_closed(closed),
        "### Tails",
        "Open loop: evenly spaced requests leave when they are due, at a share of what the same "
        "server reached with 8 connections just before, and a latency counts from then; medians of "
        f"{tails['rounds']} rounds of {tails['seconds']} s, the p99 of single rounds beside them. "
        "The generator takes part of a core itself.",
        "![p99 at shares of the capacity](serving_tails.svg)",
        table(
            ("server", "asked", "share", "requests/s", "p50", "p99", "each", "p99.9", "errors"),
            _tails(tails),
        ),
        *_side_by_side(tails),
        _steady(tails["steady"]),
        "### Overload",
        _overload(overload),
    ]


def summary(closed: dict[str, Any]) -> str:
    """Our requests per second over those of others, for the README."""
    rows = [
        (peer, SAID[kind].partition(" (")[0], f"{ratio(closed, kind, peer):.2f} times")
        for kind, peer, _ in SPEED
    ]
    note = (
        f"Requests per second over those of others, {CONNECTIONS} connections, one worker each, "
        "the same model and images, one run on the same machine; ours with all checks, metrics and "
        "limits on, access log and tracing off. Bare Starlette checks nothing. `make bench` "
        "measures, `make docs` writes this table."
    )
    return f"{table(('against', 'asked', 'requests/s'), rows)}\n\n{note}"


def _bars(
    closed: dict[str, Any], tails: dict[str, Any], overload: dict[str, Any]
) -> list[tuple[str, ...]]:
    return [
        (
            bar.what,
            f"{bar.measured:.3f}",
            f"{bar.spread[0]:.2f}-{bar.spread[1]:.2f}" if bar.spread else "",
            f"{bar.relation} {bar.limit:g}",
            "yes" if bar.held else "no",
        )
        for bar in bars(closed, tails, overload)
    ]


def _closed(closed: dict[str, Any]) -> list[str]:
    header = ("server", "connections", "requests/s", "spread", "p50", "p99", "CPU", "errors")
    parts = []
    for kind, said in SAID.items():
        rows = [
            (
                row["server"],
                str(row["connections"]),
                f"{row['requests_per_second']:,.0f}",
                f"{row['spread'][0]:,.0f}-{row['spread'][1]:,.0f}",
                f"{row['p50_ms']:.2f} ms",
                f"{row['p99_ms']:.2f} ms",
                f"{row['cpu_us']:,.0f} µs",
                str(row["errors"]),
            )
            for row in closed["rows"]
            if row["asked"] == kind
        ]
        parts += [f"`{kind}`: {said}.", table(header, rows)]
    return parts


def _tails(tails: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            row["server"],
            f"`{row['asked']}`",
            f"{row['share']:.0%}",
            f"{row['rate']:,.0f}",
            f"{row['p50_ms']:.2f} ms",
            f"{row['p99_ms']:.1f} ms",
            ", ".join(f"{one['p99_ms']:.1f}" for one in row["each"]),
            f"{row['p999_ms']:.1f} ms",
            str(row["errors"]),
        )
        for row in split(tails["rows"])[0]
    ]


def _side_by_side(tails: dict[str, Any]) -> list[str]:
    """All servers at the same rates, where those were measured."""
    rows = sorted(split(tails["rows"])[1], key=lambda r: (r["asked"], r["equal_rate"], r["p99_ms"]))
    if not rows:
        return []
    cells = [
        (
            f"`{row['asked']}`",
            f"{row['equal_rate']:,}",
            row["server"],
            f"{row['p50_ms']:.2f} ms",
            f"{row['p99_ms']:.1f} ms",
            f"{row['p999_ms']:.1f} ms",
            str(row["errors"]),
        )
        for row in rows
    ]
    return [
        "Side by side, all servers at the same rate; a server is left out where the rate is above "
        f"{MOST_OF_CAPACITY:.0%} of what it can do.",
        table(("asked", "requests/s", "server", "p50", "p99", "p99.9", "errors"), cells),
    ]


def _steady(steady: dict[str, Any]) -> str:
    return (
        f"{steady['seconds']} s of ours at half of its capacity, {steady['rate']:,.0f} requests/s: "
        f"p99 {steady['p99_ms']:.1f} ms, the longest {steady['max_ms']:.1f} ms; {steady['over']} "
        f"over {steady['limit_ms']:g} ms."
    )


def _overload(overload: dict[str, Any]) -> str:
    loaded, unloaded = overload["overloaded"], overload["unloaded"]
    answers = ", ".join(f"{n:,} of {status}" for status, n in loaded["statuses"].items())
    memory = overload["resident_mib"]
    return (
        "Requests of 64 images, for those of one image cost more to send and read than to answer: "
        "the other core cannot send ten times as many. "
        f"At {overload['times']} times the capacity of {overload['capacity']:,.0f} a second, for "
        f"{loaded['seconds']} s: {answers}. What is accepted has a p99 of {loaded['p99_ms']:.1f} "
        f"ms, against {unloaded['p99_ms']:.1f} ms without load; "
        f"{overload['accepted_share_of_capacity']:.0%} of the capacity is still served. Resident "
        f"memory of all processes is {memory[0]} MiB at first and {memory[-1]} at last; health "
        f"answered {overload['health'].get('200', 0)} times of "
        f"{sum(overload['health'].values())}, within {overload['health_slowest_ms']:g} ms. Who is "
        "served and who is turned away: [decision 19](decisions/0019-newest-first-in-a-crowd.md)."
    )


def closed_picture(closed: dict[str, Any]) -> str:
    """Requests per second by connections, a panel per question, as SVG."""
    kinds = [kind for kind in SAID if kind != "binary-64"]
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    for axes, kind in zip(figure.subplots(1, len(kinds), sharey=True), kinds, strict=True):
        for name in COLOURS:
            rows = [r for r in closed["rows"] if (r["server"], r["asked"]) == (name, kind)]
            if rows:
                _line(axes, name, rows, "connections", "requests_per_second")
        axes.set_title(kind, fontsize=10)
        axes.set_xscale("log", base=2)
        axes.set_xticks([1, 8, 32, 64], ["1", "8", "32", "64"])
        axes.set_xlabel("connections")
        axes.grid(alpha=0.2)
    _legend(figure)
    figure.axes[0].set_ylabel("requests per second")
    figure.axes[0].set_ylim(bottom=0)
    return svg(figure)


def tails_picture(tails: dict[str, Any]) -> str:
    """p99 by share of the capacity, as SVG."""
    figure = Figure(figsize=(8, 4.8), layout="constrained")
    axes = figure.subplots()
    for name in COLOURS:
        for kind, style in (("json", "-"), ("v2-json", "--")):
            shares, _ = split(tails["rows"])
            rows = [r for r in shares if (r["server"], r["asked"]) == (name, kind)]
            if rows:
                label = f"{name}, {kind}"
                _line(axes, name, rows, "share", "p99_ms", linestyle=style, label=label)
    axes.set_yscale("log")
    axes.set_xticks([0.5, 0.7, 0.9], ["50%", "70%", "90%"])
    axes.set_xlabel("share of its own capacity")
    axes.set_ylabel("p99, ms")
    axes.grid(alpha=0.2)
    _legend(figure)
    return svg(figure)


def _legend(figure: Figure) -> None:
    """One for all panels, outside, where it hides no line."""
    lines = {str(line.get_label()): line for axes in figure.axes for line in axes.get_lines()}
    figure.legend(
        list(lines.values()), list(lines), loc="outside lower center", ncols=4, fontsize=8
    )


def _line(
    axes: Axes, name: str, rows: list[dict[str, Any]], x: str, y: str, **options: Any
) -> None:
    options = {"label": name, **options}
    axes.plot(
        [row[x] for row in rows], [row[y] for row in rows], marker="o", markersize=4,
        color=COLOURS[name], linewidth=2 if name == "rosenblatt" else 1, **options,
    )  # fmt: skip
