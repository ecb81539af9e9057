"""Runs through buffers of fixed sizes, on the CPU's memory: the code that a GPU runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from contract.batch import Batch
from contract.repository import Entry, audit, entries
from service.errors import StartupError
from service.inference import provider
from service.inference.binding import Bound, Bucket, bindable, sizes
from service.inference.session import CHUNK_ROWS, Session, load
from service.settings import Settings
from tests.conftest import MODELS
from tests.repositories import (
    manifest_of,
    other_model,
    regression_model,
    table_model,
    tiny_graph,
    tiny_model,
)

CPU = Settings(provider="cpu")
ENTRIES = {entry.name: entry for entry in entries(MODELS)}
# Of the tiny graphs, as far as their tensors go.
TINY = manifest_of("tiny", "1", b"graph", b"golden")
# Sums of a network in other blocks differ in the last bits.
TOLERANCE = 1e-6


def bound(entry: Entry, variant: str = "default") -> Session:
    artifact = audit(entry, variant)
    return Session(artifact, provider.on_cpu(), CPU, time.perf_counter(), device="cpu")


def session_of(model: onnx.ModelProto) -> ort.InferenceSession:
    return ort.InferenceSession(model.SerializeToString(), providers=[provider.CPU])


def images(n: int, seed: int = 0) -> NDArray[np.uint8]:
    """Blurred noise in the middle of black: trees and networks answer more than one label."""
    rng = np.random.default_rng(seed)
    found = np.zeros((n, 28, 28), np.uint8)
    found[:, 4:24, 4:24] = rng.integers(0, 256, (n, 5, 5), np.uint8).repeat(4, 1).repeat(4, 2)
    return found


def batch(n: int, seed: int = 0) -> Batch:
    return Batch({"images": images(n, seed)})


# Of the graphs for GPUs, which are slow on a CPU, one size in seven.
GRAPHS = [(name, "default", 1) for name in ENTRIES]
GRAPHS += [("digits-random-forest", "cuda", 7), ("digits-xgboost", "cuda", 7)]


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "variant", "step"), GRAPHS)
def test_every_size_in_any_order_from_several_threads(name: str, variant: str, step: int) -> None:
    """Each row is answered as in a plain run, whatever stands in the buffers beside it."""
    source = batch(600)
    expected = load(ENTRIES[name], CPU).predict(source)
    assert len(np.unique(expected["label"])) > 1
    session = bound(ENTRIES[name], variant)
    assert session.provider == provider.CPU

    def ask(n: int) -> None:
        start, end = 7 * n % 300, 7 * n % 300 + n
        answer, own = session.predict(source.slice(start, end)), expected.slice(start, end)
        np.testing.assert_array_equal(answer["label"], own["label"])
        np.testing.assert_allclose(
            answer["probabilities"], own["probabilities"], rtol=0, atol=TOLERANCE
        )

    order = np.random.default_rng(1).permutation(np.arange(1, 301, step)).tolist()
    with ThreadPoolExecutor(4) as pool:
        assert len(list(pool.map(ask, order))) == len(order)


@pytest.mark.parametrize("name", list(ENTRIES))
def test_a_full_bucket_is_answered_bit_for_bit(name: str) -> None:
    session, plain = bound(ENTRIES[name]), load(ENTRIES[name], CPU)
    for n in sizes(CHUNK_ROWS):
        source = batch(n, seed=n)
        answer, own = session.predict(source), plain.predict(source)
        np.testing.assert_array_equal(answer["label"], own["label"])
        np.testing.assert_array_equal(answer["probabilities"], own["probabilities"])


def test_an_answer_outlives_the_next_run(tmp_path: Path) -> None:
    tiny_model(tmp_path, "alpha")
    session = bound(entries(tmp_path)[0])
    first = session.predict(batch(3))
    kept = {name: array.copy() for name, array in first.arrays.items()}
    for seed in range(1, 5):
        session.predict(batch(3, seed))
        session.predict(batch(4, seed))
    np.testing.assert_array_equal(first["label"], kept["label"])
    np.testing.assert_array_equal(first["probabilities"], kept["probabilities"])


@pytest.mark.parametrize(
    ("write", "binds"), [(regression_model, True), (other_model, True), (table_model, False)]
)
def test_other_models_are_answered_as_in_plain_runs(
    write: Callable[[Path], Path], binds: bool, tmp_path: Path
) -> None:
    """Tensors of any number, name and datatype; text cannot lie on a device, and runs plainly."""
    write(tmp_path)
    (entry,) = entries(tmp_path)
    session, plain = bound(entry), load(entry, CPU)
    assert bindable(session.manifest) is binds
    inputs = plain.samples.take([0, 1, 2, 1, 0, 2, 2])
    for n in range(1, 8):
        answer, own = session.predict(inputs.slice(0, n)), plain.predict(inputs.slice(0, n))
        assert list(answer) == list(own)
        for name in own:
            np.testing.assert_array_equal(answer[name], own[name])


def test_rows_that_fill_a_bucket_are_zeros_whatever_stood_there(tmp_path: Path) -> None:
    bucket = Bucket(session_of(tiny_graph()), TINY, 8, "cpu")
    bucket.run({"images": np.full((8, 28, 28), 255, np.uint8)})
    answers = [bucket.run({"images": images(5)}) for _ in range(2)]
    assert [len(array) for array in answers[0]] == [5, 5]
    held = bucket._inputs["images"].numpy()
    np.testing.assert_array_equal(held[:5], images(5))
    assert not held[5:].any()


def test_views_of_any_layout_are_taken(tmp_path: Path) -> None:
    session = Bound(session_of(tiny_graph()), TINY, "cpu", 8)
    source = images(16)
    for view in (source[::2], source[::-2], source[:8, ::-1]):
        own = session.run({"images": view.copy()})
        for ours, theirs in zip(session.run({"images": view}), own, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("largest", "expected"), [(1, [1]), (2, [1, 2]), (8, [1, 2, 4, 8]), (6, [1, 2, 4, 6])]
)
def test_buckets_are_powers_of_two_up_to_the_largest(largest: int, expected: list[int]) -> None:
    assert sizes(largest) == expected


def test_the_buffers_fit_what_is_set_aside_for_them() -> None:
    for entry in ENTRIES.values():
        artifact = audit(entry)
        session = ort.InferenceSession(artifact.graph, providers=[provider.CPU])
        bound = Bound(session, artifact.manifest, "cpu", CHUNK_ROWS)
        assert bound.n_bytes <= provider.BUFFERS


def narrow(most: int) -> onnx.ModelProto:
    """The tiny graph, with room for so many rows: it looks each up in a table of that size."""
    model = tiny_graph()
    graph = model.graph
    table = onnx.numpy_helper.from_array(np.zeros(most, np.uint8), "room")
    constants = {
        "zero": np.int64(0), "one": np.int64(1), "first": np.array([0]), "axes": np.array([1, 2]),
    }  # fmt: skip
    graph.initializer.extend(
        [table, *(onnx.numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items())]
    )
    nodes = list(graph.node)
    for node in nodes:
        node.input[:] = ["checked" if name == "images" else name for name in node.input]
    make = onnx.helper.make_node
    del graph.node[:]
    graph.node.extend(
        [
            make("Shape", ["images"], ["shape"]),
            make("Gather", ["shape", "zero"], ["rows"]),
            make("Range", ["zero", "rows", "one"], ["places"]),
            make("Gather", ["room", "places"], ["found"]),
            make("Unsqueeze", ["found", "axes"], ["nothing"]),
            make("Cast", ["nothing"], ["nothing32"], to=onnx.TensorProto.INT32),
            make("Cast", ["images"], ["images32"], to=onnx.TensorProto.INT32),
            make("Add", ["images32", "nothing32"], ["sum"]),
            make("Cast", ["sum"], ["checked"], to=onnx.TensorProto.UINT8),
            *nodes,
        ]
    )
    return model


def test_a_bucket_that_the_device_has_no_room_for_is_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        session = Bound(session_of(narrow(20)), TINY, "cpu", 256)
    assert session.largest == 16
    assert "cpu cannot run 32 rows at once (" in caplog.text
    (line,) = caplog.records
    assert "\n" not in line.getMessage()
    own = session_of(tiny_graph()).run(["label", "probabilities"], {"images": images(13)})
    for ours, theirs in zip(session.run({"images": images(13)}), own, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE)


def test_a_device_that_runs_nothing_says_so() -> None:
    with pytest.raises(StartupError, match=r"cpu cannot run one row \(.*\); raise ROSENBLATT_GPU_"):
        Bound(session_of(narrow(0)), TINY, "cpu", 4)


@pytest.mark.parametrize("setting", ["auto", "cuda"])
def test_a_gpu_that_runs_nothing_falls_back_where_it_may(
    setting: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The session claims CUDA; buffers on it are refused by ONNX Runtime itself."""
    if provider._has_cuda():
        pytest.skip("there is a CUDA device")
    monkeypatch.setattr(provider, "_has_cuda", lambda: True)
    monkeypatch.setattr(provider, "check", lambda asked, *_: asked[0][0])
    settings = Settings(provider=setting)
    cnn = ENTRIES["digits-cnn"]
    if setting == "cuda":
        with pytest.raises(StartupError, match=r"digits-cnn version 1: cuda cannot run one row \("):
            load(cnn, settings)
        return
    session = load(cnn, settings)
    assert session.provider == provider.CPU
    assert "model digits-cnn version 1 serves on the CPU: cuda cannot run one row (" in caplog.text
    golden = audit(cnn).golden
    answer = session.predict(golden.inputs)
    np.testing.assert_array_equal(answer["label"], golden.outputs["label"])


def test_models_of_a_worker_share_its_gpu_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "_has_cuda", lambda: True)
    artifact = audit(ENTRIES["digits-cnn"])
    settings = Settings(gpu_memory_mb=1000)

    def limit(n: int) -> int:
        (_, options), _ = provider.wanted(artifact, provider.share(settings, n))
        return int(options["gpu_mem_limit"])

    for n in (1, 4, 7):
        assert n * (limit(n) + provider.BUFFERS) <= 1000 * 2**20
    assert limit(4) == 249 * 2**20
    assert limit(5000) > 0
