"""CPU against CUDA for every model: parity of the outputs, and speed by batch size.

Trees run on CUDA as their `cuda` variant, the same trees as plain tensor operators; on the CPU
both forms are measured. A call on CUDA includes everything that a server pays for: copying the
batch to the device, running the graph with bound inputs and outputs, copying the outputs back.

`--cpu-only` measures only the CPU. Without this option the command fails if there is no CUDA
device. It also fails if an output differs by more than the tolerance. On a busy machine the figures
of large batches are too low (`benchmarks/calls.py`); the last line then says so.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnxruntime as ort

from benchmarks.calls import measure
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
# Share of a core below which a machine counts as busy.
FREE = 0.9
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
        "least_cpu_share": min(row["cpu_share"] for row in timings if "cpu_share" in row),
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
    if document["least_cpu_share"] < FREE:
        print(
            f"the machine was busy: a figure had {document['least_cpu_share']:.0%} of a core; "
            "those of large batches are too low"
        )
