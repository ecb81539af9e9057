"""`python -m benchmarks pictures`: every kind of picture, written to docs/results/pictures.json."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.models import processor
from benchmarks.pictures import evidence, kinds, measure
from training.datasets import Dataset, load

ROUNDS, CALLS = 20, 50


def main(target: Path) -> int:
    """Measure and write; the exit status says whether every bar holds."""
    subject, dataset = measure.subject(), load("mnist", mirrors=())
    found = list(measure.results(subject, dataset))
    warned = len(subject.training.unlike(dataset.test.images))
    document = {
        "processor": processor(),
        "model": measure.MODEL,
        "seed": measure.SEED,
        "kinds": [_entry(result) for result in found],
        "mnist": {"images": len(dataset.test), "warned": warned},
        "range": evidence.margin(dataset, subject.classify),
        "jpeg": evidence.cut_jpegs(dataset),
        "timing": timing(subject, dataset),
    }
    target.write_text(json.dumps(document, indent=2) + "\n")
    print(json.dumps(document, indent=2))
    return 0 if warned == 0 and all(result.holds for result in found) else 1


def _entry(result: measure.Result) -> dict[str, Any]:
    return {
        "kind": result.kind.name,
        "what": result.kind.what,
        "digits": result.digits,
        "bar": result.kind.bar,
        "accuracy_with_fit": round(result.accuracy, 4),
        "accuracy_without": round(result.right_without / result.digits, 4),
        "warned_without": result.warned_without,
    }


def timing(subject: measure.Subject, dataset: Dataset) -> dict[str, float]:
    """CPU time of one picture: decoded as it is, fitted, and compared with training."""
    rng = np.random.default_rng(0)
    digit = dataset.test.images[0]
    decoder, where = subject.decoder, ["instances[0]"]
    png, jpeg = (kinds.encoded(digit, form) for form in ("PNG", "JPEG"))
    drawn, photo = kinds.dark_on_light(digit, rng), kinds.photographed(digit, rng)
    images = digit[None]
    return {
        "png_microseconds": _microseconds(lambda: decoder.decode([png], where)),
        "jpeg_microseconds": _microseconds(lambda: decoder.decode([jpeg], where)),
        "fit_280x280_png_microseconds": _microseconds(
            lambda: decoder.decode([drawn], where, "mnist")
        ),
        "fit_320x240_jpeg_microseconds": _microseconds(
            lambda: decoder.decode([photo], where, "mnist")
        ),
        "warnings_microseconds": _microseconds(lambda: subject.training.unlike(images)),
    }


def _microseconds(call: Callable[[], Any]) -> float:
    """CPU time of a call: the best round, for other processes only ever slow one down."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(CALLS):
            call()
        best = min(best, (time.process_time() - started) / CALLS)
    return round(best * 1e6, 1)
