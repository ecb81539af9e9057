"""A model that takes as long for each row as a test needs, so that little load is much."""

from __future__ import annotations

import time
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnx import TensorProto, helper

from contract.batch import Batch
from contract.repository import entries, record_of, write
from service.inference.session import load
from service.settings import Settings
from tests.repositories import golden_of, manifest_of
from training.export.envelope import core_model, wrap

_SIZE = 128
_TRIAL = 10_000


def slow_model(root: Path, name: str, row_seconds: float) -> Path:
    """Write a model that takes about `row_seconds` for each row on this machine when it is idle.

    A row whose first pixel is `n` takes `n + 1` times as long.
    """
    return _write(root, name, max(1, int(row_seconds / _iteration_seconds())))


@lru_cache(maxsize=1)
def _iteration_seconds() -> float:
    """Seconds of one iteration in the service: the fastest of several runs."""
    with TemporaryDirectory() as folder:
        _write(Path(folder), "trial", _TRIAL)
        settings = Settings(models_dir=Path(folder), default_model="trial", provider="cpu")
        session = load(entries(settings.models_dir)[0], settings)
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        session.predict(session.samples)
        taken.append(time.perf_counter() - started)
    return min(taken) / _TRIAL


def _write(root: Path, name: str, iterations: int) -> Path:
    graph = slow_graph(iterations).SerializeToString()
    images = np.random.default_rng(0).integers(0, 256, (1, 28, 28), np.uint8)
    images[:, 0, 0] = 0
    golden = golden_of(graph, Batch({"images": images}))
    recorded = record_of("golden.npz", golden).model_dump()
    manifest = manifest_of(
        name, "1", graph, golden, golden={**recorded, "samples": 1, "tolerance": 1e-4}
    )
    return write(root, manifest, {"model.onnx": graph, "golden.npz": golden}).path


def slow_graph(iterations: int) -> onnx.ModelProto:
    """A linear model beside a loop of so many products for each row, and for each of its times."""
    rng = np.random.default_rng(0)
    constants = {
        "weights": (rng.normal(size=(784, 10)) / 255).astype(np.float32),
        "iterations": np.float32(iterations),
        "first": np.array(0, np.int64),
        "one": np.float32(1),
        "forever": np.array(True),
        "start": rng.normal(size=(1, _SIZE)).astype(np.float32),
        # Large enough that the state does not fade: products of tiny numbers take far longer.
        "mix": (2 * rng.normal(size=(_SIZE, _SIZE)) / np.sqrt(_SIZE)).astype(np.float32),
        "nothing": np.float32(0),
    }
    nodes = [
        helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "weights"], ["linear"]),
        helper.make_node("Gather", ["flat", "first"], ["pixel"], axis=1),
        helper.make_node("Add", ["pixel", "one"], ["times"]),
        helper.make_node("ReduceSum", ["times"], ["all_times"], keepdims=0),
        helper.make_node("Mul", ["all_times", "iterations"], ["products"]),
        helper.make_node("Cast", ["products"], ["trips"], to=TensorProto.INT64),
        helper.make_node("Loop", ["trips", "forever", "start"], ["mixed"], body=_body()),
        helper.make_node("ReduceSum", ["mixed"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "nothing"], ["zero"]),
        helper.make_node("Add", ["linear", "zero"], ["scores"]),
    ]
    return wrap(
        core_model(nodes, constants, 10), n_classes=10, link="identity", temperature=2.0,
        name="slow",
    )  # fmt: skip


def _body() -> onnx.GraphProto:
    value = helper.make_tensor_value_info
    return helper.make_graph(
        [
            helper.make_node("MatMul", ["state", "mix"], ["product"]),
            helper.make_node("Tanh", ["product"], ["next"]),
            helper.make_node("Identity", ["go"], ["go_on"]),
        ],
        "body",
        [
            value("trip", TensorProto.INT64, []),
            value("go", TensorProto.BOOL, []),
            value("state", TensorProto.FLOAT, [1, _SIZE]),
        ],
        [value("go_on", TensorProto.BOOL, []), value("next", TensorProto.FLOAT, [1, _SIZE])],
    )
