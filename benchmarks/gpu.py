"""CPU against CUDA for every model: parity of the outputs, and speed by batch size.

Trees run on CUDA as their `cuda` variant, the same trees as plain tensor operators; on the CPU
both forms are measured. A call on CUDA includes everything that a server pays for: copying the
batch to the device, running the graph with bound inputs and outputs, copying the outputs back.

`--cpu-only` measures only the CPU. Without this option the command fails if there is no CUDA
device. It also fails if an output differs by more than the tolerance.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from benchmarks.devices import Contender, card, contenders
from benchmarks.models import processor
from contract.answers import Difference, compare
from contract.batch import Batch, Model
from service.errors import StartupError
from service.inference import provider
from service.settings import Settings
from training.datasets import load
from training.errors import DatasetError

SIZES = tuple(2**k for k in range(14))  # 1 to 8,192
SECONDS = 0.5
_FEWEST_CALLS = 3
_PARITY_BATCH = 1_000


def main(
    target: Path, sizes: Sequence[int] = SIZES, seconds: float = SECONDS, cpu_only: bool = False
) -> int:
    """Measure, write the results to `target` and print them; returns the exit status."""
    settings = Settings(provider="cpu" if cpu_only else "cuda")
    try:
        provider.require(settings)
    except StartupError:
        print("onnxruntime-gpu finds no CUDA device; --cpu-only measures only the CPU")
        return 1
    images = test_images()
    parity, timings = [], []
    try:
        for group in contenders(settings):
            parity += [agreement(other, group[0], images) for other in group[1:]]
            timings += measure(group, images, sizes, seconds)
    except StartupError as error:
        print(error)
        return 1
    document = {
        **machine(settings, cpu_only),
        "seconds_per_figure": seconds,
        "parity": parity,
        "timings": timings,
        "tensors_against_native": ratios(timings),
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(document, indent=2) + "\n")
    report(document)
    return 0 if all(row["agrees"] for row in parity) else 1


def agreement(other: Contender, native: Contender, test: Batch | None) -> dict[str, Any]:
    """Compare with the native graph on the CPU: on the golden samples and the whole test set.

    All labels of trees must be equal, and all labels of networks on the golden samples. On the test
    set a network's sums differ in the last bits, so differing labels are only counted.
    """
    inputs, outputs = other.golden.inputs, other.manifest.outputs
    row: dict[str, Any] = {**other.describe(), "tolerance": other.tolerance}
    found = compare(other.golden.outputs, other.model.predict(inputs), outputs)
    agrees = found.within(other.tolerance)
    row["golden"] = recorded(found)
    if test is not None:
        found = compare(in_parts(native.model, test), in_parts(other.model, test), outputs)
        agrees &= found.max_difference <= other.tolerance
        agrees &= other.form == "native" or found.label_mismatches == 0
        row["test"] = recorded(found)
    row["agrees"] = agrees
    return row


def recorded(found: Difference) -> dict[str, Any]:
    return {
        "samples": found.rows,
        "label_mismatches": found.label_mismatches,
        "max_difference": found.max_difference,
    }


def in_parts(model: Model, batch: Batch) -> Batch:
    starts = range(0, len(batch), _PARITY_BATCH)
    return Batch.join(
        [model.predict(batch.slice(start, start + _PARITY_BATCH)) for start in starts]
    )


def measure(
    group: Sequence[Contender], test: Batch | None, sizes: Sequence[int], seconds: float
) -> list[dict[str, Any]]:
    """Median latency and throughput of each contender for each batch size, with real rows.

    If a batch does not fit a worker's memory limit, its row holds the error instead of figures.
    """
    source = group[0].golden.inputs if test is None else test
    rows = []
    for size in sizes:
        for one, taken in zip(group, latencies(group, source, size, seconds), strict=True):
            row: dict[str, Any] = {**one.describe(), "batch": size}
            if isinstance(taken, str):
                rows.append({**row, "failed": taken})
                continue
            p50 = statistics.median(taken)
            row |= {"p50_ms": round(p50 * 1e3, 4), "images_per_second": round(size / p50)}
            rows.append(row)
    return sorted(rows, key=lambda row: (row["device"], row["form"]))


def latencies(
    group: Sequence[Contender], source: Batch, size: int, seconds: float
) -> list[list[float] | str]:
    """Seconds per call of each contender, or the error if it cannot run this size.

    The contenders are called in turn with the same batch, so that a slow moment of the machine
    affects all of them. The first call, which may allocate memory, is not timed.
    """
    batches = different(source, size)
    found: list[list[float] | str] = [first(one, next(batches)) for one in group]
    running = [(one, t) for one, t in zip(group, found, strict=True) if isinstance(t, list)]
    calls, spent = 0, 0.0
    while running and (calls < _FEWEST_CALLS or spent < seconds * len(running)):
        batch = next(batches)
        for one, taken in running:
            started = time.perf_counter()
            one.model.predict(batch)
            taken.append(time.perf_counter() - started)
            spent += taken[-1]
        calls += 1
    return found


def first(one: Contender, batch: Batch) -> list[float] | str:
    """Make the first call: an empty list of seconds, or the first line of the error."""
    try:
        one.model.predict(batch)
    except Exception as error:  # ONNX Runtime's exceptions have no common base
        return str(error).splitlines()[0]
    return []


def different(source: Batch, size: int) -> Iterator[Batch]:
    """Batches that step through the rows, since trees are faster on repeated inputs."""
    if size >= len(source):
        source = source.take(np.arange(2 * size) % len(source))
    start = 0
    while True:
        yield source.slice(start, start + size)
        start = (start + size) % (len(source) - size)


def ratios(timings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Speed of the tensors as a multiple of the native trees on the CPU, by batch size."""
    measured = [row for row in timings if "p50_ms" in row]
    native = {
        (row["model"], row["batch"]): row["p50_ms"]
        for row in measured
        if (row["form"], row["device"]) == ("native", "cpu")
    }
    return [
        {
            "model": row["model"],
            "device": row["device"],
            "batch": row["batch"],
            "times_as_fast": round(native[row["model"], row["batch"]] / row["p50_ms"], 3),
        }
        for row in measured
        if row["form"] == "tensors" and (row["model"], row["batch"]) in native
    ]


def machine(settings: Settings, cpu_only: bool) -> dict[str, Any]:
    device, driver = (None, None) if cpu_only else card()
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "intra_op_threads": settings.intra_op_threads,
        "gpu_memory_mb": None if cpu_only else settings.gpu_memory_mb,
        "device": device,
        "driver": driver,
        "onnxruntime": ort.__version__,
    }


def test_images() -> Batch | None:
    """MNIST's test images as a batch; None unless ROSENBLATT_DATA_DIR is set."""
    if not os.environ.get("ROSENBLATT_DATA_DIR"):
        return None
    try:
        return Batch({"images": load("mnist", mirrors=()).test.images})
    except DatasetError as error:
        sys.exit(str(error))


def report(document: dict[str, Any]) -> None:
    print(f"{document['device'] or document['processor']}, ONNX Runtime {document['onnxruntime']}")
    for row in document["parity"]:
        for samples in ("golden", "test"):
            if found := row.get(samples):
                print(
                    f"{row['model']:<22} {row['form']:<8} {row['device']:<5} {samples:<7}"
                    f"{found['samples']:>6} samples, {found['label_mismatches']} labels differ, "
                    f"numbers by {found['max_difference']:.1e}"
                )
    for row in document["timings"]:
        figures = row.get("failed") or (
            f"{row['p50_ms']:>12.3f} ms {row['images_per_second']:>10,} images/s"
        )
        print(f"{row['model']:<22} {row['form']:<8} {row['device']:<5} {row['batch']:>5} {figures}")
