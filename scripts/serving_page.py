"""Serving on docs/benchmarks.md: its section and its two plots.

All are generated from docs/results/serving_*.json, which `make bench` writes.
"""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.serving.bars import CONNECTIONS, SPEED, bars, ratio
from benchmarks.serving.tails import MOST_OF_CAPACITY, split
from scripts.guide_tables import table
from scripts.svg import svg

# Descriptions of the kinds of requests.
KINDS = {
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
    """The paragraphs of the section."""
    return [
        "## Serving",
        f"`make bench` measures {closed['model']} on {closed['cores']} cores of "
        f"{closed['processor']}, which the load generator shares. Each server runs alone, in its "
        "own environment from a pinned file (`benchmarks/peers/`), with one worker, one ONNX "
        "Runtime thread and the same model file. All get the same images, and the first response "
        "is checked. All run on uvloop and httptools and log no requests, except stock BentoML, "
        "which has its default settings. LitServe uses its fast queue, MLServer has no parallel "
        "workers, Ray Serve has its own HTTP proxy. Bare Starlette and bare ASGI validate nothing: "
        "they are floors, not services. Every second round runs the servers in reverse order.",
        table(
            ("bar", "measured", "single rounds", "must be", "met"), _bars(closed, tails, overload)
        ),
        "### Closed loop",
        f"wrk, one request in flight per connection: medians of {closed['rounds']} interleaved "
        f"rounds of {closed['seconds']} s. CPU is the time of all processes of a server per "
        "request.",
        "![Requests per second by connections](serving_closed.svg)",
        *_closed(closed),
        "### Tails",
        "Open loop: evenly spaced requests are sent at fixed times, at a share of the rate that "
        "the same server reached with 8 connections just before. A latency is measured from the "
        f"time at which the request was due. Figures are medians of {tails['rounds']} rounds of "
        f"{tails['seconds']} s, with the p99 of each round. The generator uses part of a core.",
        "![p99 at shares of the capacity](serving_tails.svg)",
        table(
            ("server", "request", "share", "requests/s", "p50", "p99", "each", "p99.9", "errors"),
            _tails(tails),
        ),
        *_side_by_side(tails),
        _steady(tails["steady"]),
        "### Overload",
        _overload(overload),
    ]


def summary(closed: dict[str, Any]) -> str:
    """The table of our requests per second relative to others, for the README."""
    rows = [
        (peer, KINDS[kind].partition(" (")[0], f"{ratio(closed, kind, peer):.2f} times")
        for kind, peer, _ in SPEED
    ]
    note = (
        f"Requests per second relative to others, with {CONNECTIONS} connections, one worker each, "
        "the same model and images, in one run on one machine. This service has all checks, "
        "metrics and limits on, access log and tracing off. Bare Starlette validates nothing. "
        "`make bench` measures, `make docs` writes this table."
    )
    return f"{table(('against', 'request', 'requests/s'), rows)}\n\n{note}"


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
    for kind, description in KINDS.items():
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
            if row["kind"] == kind
        ]
        parts += [f"`{kind}`: {description}.", table(header, rows)]
    return parts


def _tails(tails: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            row["server"],
            f"`{row['kind']}`",
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
    """The comparison at equal rates, if it was measured."""
    rows = sorted(split(tails["rows"])[1], key=lambda r: (r["kind"], r["equal_rate"], r["p99_ms"]))
    if not rows:
        return []
    cells = [
        (
            f"`{row['kind']}`",
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
        "All servers at equal rates; a server is left out if the rate is above "
        f"{MOST_OF_CAPACITY:.0%} of its capacity.",
        table(("request", "requests/s", "server", "p50", "p99", "p99.9", "errors"), cells),
    ]


def _steady(steady: dict[str, Any]) -> str:
    return (
        f"This service for {steady['seconds']} s at half its capacity, {steady['rate']:,.0f} "
        "requests/s: "
        f"p99 {steady['p99_ms']:.1f} ms, the longest {steady['max_ms']:.1f} ms; {steady['over']} "
        f"over {steady['limit_ms']:g} ms."
    )


def _overload(overload: dict[str, Any]) -> str:
    loaded, unloaded = overload["overloaded"], overload["unloaded"]
    answers = ", ".join(f"{n:,} of {status}" for status, n in loaded["statuses"].items())
    memory = overload["resident_mib"]
    return (
        "Requests have 64 images: a request with one image costs more to send and read than to "
        "answer, so the other core could not send ten times the capacity. "
        f"At {overload['times']} times the capacity of {overload['capacity']:,.0f} a second, for "
        f"{loaded['seconds']} s, in the round of {overload['rounds']} with the median ratio: "
        f"{answers}. Accepted requests have a p99 of {loaded['p99_ms']:.1f} "
        f"ms, against {unloaded['p99_ms']:.1f} ms without load; "
        f"{overload['accepted_share_of_capacity']:.0%} of the capacity is still served. Resident "
        f"memory of all processes is {memory[0]} MiB at the start and {memory[-1]} MiB at the "
        f"end. In all rounds the health routes responded to {overload['health'].get('200', 0)} of "
        f"{sum(overload['health'].values())} requests, within {overload['health_slowest_ms']:g} "
        "ms. The order of service under overload: "
        "[decision 19](decisions/0019-newest-first-in-a-crowd.md)."
    )


def closed_picture(closed: dict[str, Any]) -> str:
    """Requests per second by connections, with one panel per kind of request, as SVG."""
    kinds = [kind for kind in KINDS if kind != "binary-64"]
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    for axes, kind in zip(figure.subplots(1, len(kinds), sharey=True), kinds, strict=True):
        for name in COLOURS:
            rows = [r for r in closed["rows"] if (r["server"], r["kind"]) == (name, kind)]
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
            rows = [r for r in shares if (r["server"], r["kind"]) == (name, kind)]
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
    """Draw one legend for all panels, outside of them."""
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
