"""The sections of docs/reliability.md on the soak, the guards' cost and the options' cost."""

from __future__ import annotations

from typing import Any

from scripts.guide_tables import table

_KINDS = {
    "json": "one image as JSON",
    "binary": "one image as binary tensors",
    "binary-64": "64 images as binary tensors",
}


def soak(measured: dict[str, Any]) -> str:
    """What docs/results/soak.json or soak_cuda.json says."""
    rows = [
        (bar["bar"], f"{bar['limit']:g}", f"{bar['measured']:g}", "met" if bar["met"] else "missed")
        for bar in measured["bars"]
    ]
    answers = measured["statuses"].get("200", 0) + measured["warm_up_statuses"].get("200", 0)
    held = "; ".join(
        f"{one['role']} {one['mb_first']:g} to {one['mb_last']:g} MB "
        f"({one['slope_mb_per_10_min']:+.2f} in 10 minutes)"
        for one in measured["processes"]
    )
    command, where = "`make soak`", _machine(measured)
    if measured["provider"] == "cuda":
        held += f"; GPU {measured['gpu_mb'][0]:,} to {measured['gpu_mb'][-1]:,} MB"
        command = f"`python -m benchmarks soak --minutes {measured['minutes']:g} --provider cuda`"
        where = f"{measured['device']} beside {where}"
    return (
        f"{measured['minutes']:g} minutes of {measured['rate']:,.0f} requests a second to all "
        f"models and routes, half of the capacity; the caches fill in the first "
        f"{measured['warm_up_minutes']:g} minutes, and memory is watched after them. {answers:,} "
        f"answers were right. Memory: {held}.\n\n"
        + table(("bar", "limit", "measured", ""), rows)
        + "".join(f"\n\nLost: `{line}`." for line in measured.get("losses", ()))
        + f"\n\n{command}, {where}."
    )


def guards(measured: dict[str, Any]) -> str:
    """What docs/results/hardening.json says."""
    rows = [
        (
            _KINDS[row["kind"]],
            row["server"],
            f"{row['base_rate']:,.0f}",
            f"{row['rate']:,.0f}",
            f"{row['ratio']:.3f} ({_range(row)})",
        )
        for row in measured["rows"]
    ]
    head = ("request", "server", "before, per second", "now, per second", "ratio (by start)")
    return (
        table(head, rows)
        + f"\n\nThe bar is {measured['bar']:g}; medians of {measured['starts']} starts against "
        f"commit {measured['base']}, the last one without guards. `python -m benchmarks "
        f"hardening`, {_machine(measured)}."
    )


def options(measured: dict[str, Any]) -> str:
    """What docs/results/options.json says."""
    rows = [
        (row["server"], f"{row['ratio']:.3f} ({_range(row)})", f"{row['cpu_ratio']:.3f}")
        for row in measured["rows"]
    ]
    return (
        table(
            ("the default service, but with", "throughput (by start)", "CPU time a request"), rows
        )
        + f"\n\nRelative to the default service, one image to `{measured['model']}` as binary "
        f"tensors, one worker, {measured['connections']} connections, medians of "
        f"{measured['starts']} starts. `python -m benchmarks options`, {_machine(measured)}."
    )


def _range(row: dict[str, Any]) -> str:
    return f"{row['ratios'][0]:.3f} to {row['ratios'][-1]:.3f}"


def _machine(measured: dict[str, Any]) -> str:
    return f"{measured['cores']} cores of {measured['processor']}"
