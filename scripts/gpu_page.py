"""Images per second by batch size and device on docs/benchmarks.md.

A function of docs/results/gpu.json, which `python -m benchmarks gpu` writes, and of
docs/results/serving_closed.json, which has one of its figures too.
"""

from __future__ import annotations

from typing import Any

from benchmarks.gpu import FREE
from benchmarks.serving.bars import LOOP
from benchmarks.serving.requests import ROWS
from scripts.guide_tables import table

# Batch sizes that the page shows.
SHOWN = (1, 8, 64, 256, 1024, 8192)
# Two measurements of one thing that differ by less count as the same.
ALIKE = 0.1
_INTERRUPTED = (
    "The scheduler of a busy machine interrupts calls of more than some 3 ms, so the figures of "
    "large batches are too low; those of small ones are not."
)

# Images per second by model, form, device and batch size.
Rates = dict[tuple[str, str, str, int], int]


def section(measured: dict[str, Any], closed: dict[str, Any]) -> list[str]:
    """The paragraphs of the section: speed by batch size, parity between the forms."""
    rates: Rates = {
        (row["model"], row["form"], row["device"], row["batch"]): row["images_per_second"]
        for row in measured["timings"]
        if "images_per_second" in row
    }
    rows = [
        (
            *contender,
            *(f"{rates[key]:,}" if (key := (*contender, n)) in rates else "" for n in SHOWN),
        )
        for contender in dict.fromkeys(key[:3] for key in rates)
    ]
    worst = max(
        found["max_difference"]
        for row in measured["parity"]
        for found in (row["golden"], row.get("test", row["golden"]))
        if (row["form"], row["device"]) == ("tensors", "cpu")
    )
    where = f"{measured['device']}, driver {measured['driver']}, " if measured["device"] else ""
    return [
        "## CPU and GPU",
        f"`python -m benchmarks gpu`: images per second by batch size, {where}"
        f"{measured['intra_op_threads']} thread of {measured['processor']}, ONNX Runtime "
        f"{measured['onnxruntime']}. `native` is a model's own graph, `tensors` the `cuda` variant "
        "of the trees ([decision 15](decisions/0015-trees-as-tensors.md)); on CUDA a call includes "
        "the copies to the device and back."
        + ("" if where else " So far measured without a GPU (`--cpu-only`)."),
        table(("model", "form", "device", *map(str, SHOWN)), rows),
        f"{_share(measured)} {_loop(measured, closed, rates)}",
        "On the CPU the labels of the tensors equal those of the native trees; the largest "
        f"difference in a probability is {worst:.1e}.",
        *_cuda(measured),
    ]


def _cuda(measured: dict[str, Any]) -> list[str]:
    """What runs on CUDA against the native graphs on the CPU; empty without a device."""
    rows = [row for row in measured["parity"] if row["device"] == "cuda"]
    if not rows:
        return []
    found = [row[samples] for row in rows for samples in ("golden", "test") if samples in row]
    mismatches = sum(one["label_mismatches"] for one in found)
    times: dict[tuple[str, str, int], float] = {
        (row["model"], row["device"], row["batch"]): row["p50_ms"]
        for row in measured["timings"]
        if "p50_ms" in row and (row["form"] == "native" or row["device"] == "cuda")
    }
    return [
        f"On CUDA {mismatches or 'no'} labels differ from those of the native graphs on the CPU "
        f"over {max(one['samples'] for one in found):,} images; the largest difference in a "
        f"probability is {max(one['max_difference'] for one in found):.1e}. Products are computed "
        "in float32 ([decision 28](decisions/0028-float32-on-a-gpu.md)).",
        table(
            ("model", "CUDA is faster from", "single image, times as fast", "largest batch"),
            [_crossing(row["model"], times) for row in rows],
        ),
    ]


def _crossing(model: str, times: dict[tuple[str, str, int], float]) -> tuple[str, ...]:
    """From which batch size on CUDA is faster than one core, and how much at either end."""
    ratios = {
        batch: times[model, "cpu", batch] / ms
        for (name, device, batch), ms in times.items()
        if (name, device) == (model, "cuda") and (model, "cpu", batch) in times
    }
    faster = [batch for batch, ratio in ratios.items() if ratio > 1]
    largest = max(ratios)
    return (
        model,
        f"{min(faster):,} images" if faster else "never",
        f"{ratios[min(ratios)]:.2f}",
        f"{ratios[largest]:,.0f} at {largest:,}",
    )


def _share(measured: dict[str, Any]) -> str:
    """How free the machine was; results from before it was recorded do not say."""
    share = measured.get("least_cpu_share")
    if share is None:
        return f"How free the machine was is not recorded. {_INTERRUPTED}"
    text = f"Each figure on the CPU had at least {share:.0%} of a core."
    return text if share >= FREE else f"{text} {_INTERRUPTED}"


def _loop(measured: dict[str, Any], closed: dict[str, Any], rates: Rates) -> str:
    """The network's speed in large batches beside that of the loop, which makes the same calls."""
    rows, kind = ROWS["binary-64"], "binary-64"
    loop = next(r for r in closed["rows"] if (r["server"], r["kind"]) == (LOOP, kind))
    here = rates[closed["model"], "native", "cpu", rows]
    there = loop["requests_per_second"] * rows
    text = (
        f"The in-process loop under [closed loop](#closed-loop) calls {closed['model']} "
        f"in batches of {rows} too: {there:,.0f} images/s there, {here:,} here"
    )
    if closed["processor"] != measured["processor"]:
        return f"{text}, on another processor ({closed['processor']} there)."
    if abs(here / there - 1) < ALIKE:
        return f"{text}."
    return f"{text}, measured at another time."
