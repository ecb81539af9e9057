"""One model: it proves itself when it is loaded, and answers any number of rows."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import helper
from onnxruntime.capi.onnxruntime_pybind11_state import Fail

from contract.batch import Batch
from contract.errors import ArtifactError
from contract.repository import Entry, audit, entries, record_of
from contract.tensors import Input, Output
from service.errors import InvalidError, ModelError, StartupError
from service.inference import provider
from service.inference.session import CHUNK_BYTES, CHUNK_ROWS, Session, load
from service.settings import Settings
from tests.conftest import MODELS
from tests.faults import fault
from tests.graphs import graph_of
from tests.repositories import tiny_graph, tiny_model, write_model

CPU = Settings(provider="cpu")
NO_MEMORY = 2**45  # so many numbers are more than an address space holds


def revouch(path: Path, graph: bytes) -> Entry:
    """Put a graph in place and let the manifest vouch for it, golden samples unchanged."""
    (path / "model.onnx").write_bytes(graph)
    document = json.loads((path / "manifest.json").read_text())
    document["files"]["default"] |= record_of("model.onnx", graph).model_dump()
    (path / "manifest.json").write_text(json.dumps(document))
    return entries(path.parent.parent)[0]


def refused(entry: Entry, settings: Settings = CPU) -> str:
    """The one line that says why a model is refused."""
    with pytest.raises(ArtifactError) as caught:
        load(entry, settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_graph_that_answers_otherwise_fails_its_golden_inputs(tmp_path: Path) -> None:
    path = tiny_model(tmp_path, "alpha", seed=1)
    reason = refused(revouch(path, tiny_graph(seed=2).SerializeToString()))
    assert "alpha version 1 does not answer its golden inputs as recorded: " in reason
    assert "2 of 3 labels differ and the largest difference in a number is " in reason
    assert "(limit 0.0001); restore or retrain it" in reason


def test_what_cuda_answers_otherwise_is_asked_of_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It may be the device's fault; where the CPU answers so too, it is the artifact's."""
    path = tiny_model(tmp_path, "alpha", seed=1)
    entry = revouch(path, tiny_graph(seed=2).SerializeToString())
    monkeypatch.setattr(provider, "_has_cuda", lambda: True)
    assert "does not answer its golden inputs as recorded" in refused(entry, Settings())
    assert "CUDA cannot load or run it (alpha version 1 does not answer" in caplog.text
    with pytest.raises(StartupError):
        load(entry, Settings(provider="cuda"))


@fault("nan-output")
def test_a_graph_of_nans_fails_its_golden_inputs(tmp_path: Path) -> None:
    path = tiny_model(tmp_path, "alpha", seed=1)
    model = tiny_graph(seed=1)
    for tensor in model.graph.initializer:
        if tensor.name == "inverse_temperature":
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.array(np.nan, np.float32), tensor.name))
    reason = refused(revouch(path, model.SerializeToString()))
    assert "0 of 3 labels differ and the largest difference in a number is inf" in reason


def test_a_graph_that_answers_in_another_shape_fails_its_golden_inputs(tmp_path: Path) -> None:
    """Where the graph does not declare how many dimensions its output has."""
    entry = revouch(one_number(tmp_path, "Identity"), number_graph("Shape"))
    reason = refused(entry)
    assert "number version 1 does not answer its golden inputs: output y has shape [1]" in reason


def test_a_run_that_gets_no_memory_says_so(tmp_path: Path) -> None:
    """It is neither the model's fault nor the values'; the next run is answered."""
    counting_model(tmp_path)
    session = load(entries(tmp_path)[0], CPU)
    with pytest.raises(MemoryError, match=r"number: .*allocate memory"):
        session.predict(Batch({"x": np.array([NO_MEMORY])}))
    assert session.predict(Batch({"x": np.array([4])}))["y"].tolist() == [6]


def number_graph(operator: str) -> bytes:
    """FP32 x [n] to an INT64 y of undeclared shape: x itself, or the shape of x."""
    x = helper.make_tensor_value_info("x", onnx.TensorProto.INT64, ["n"])
    y = helper.make_tensor_value_info("y", onnx.TensorProto.INT64, None)
    graph = helper.make_graph([helper.make_node(operator, ["x"], ["y"])], "number", [x], [y])
    opsets = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    data: bytes = model.SerializeToString()
    return data


def one_number(root: Path, operator: str) -> Path:
    x = Input(name="x", datatype="INT64", shape=(-1,), content="number")
    y = Output(name="y", datatype="INT64", shape=(-1,), role="other")
    samples = Batch({"x": np.arange(3)})
    return write_model(
        root, "number", number_graph(operator), (x,), (y,), samples, task="other", labels=()
    )


def counting_model(root: Path) -> None:
    """A model that counts up to each row's number, in as much memory, and answers the sum."""
    x = Input(name="x", datatype="INT64", shape=(-1,), content="number")
    y = Output(name="y", datatype="INT64", shape=(-1,), role="other")
    nodes = [
        helper.make_node("ReduceMax", ["x"], ["most"], keepdims=0),
        helper.make_node("Range", ["zero", "most", "one"], ["numbers"]),
        helper.make_node("ReduceSum", ["numbers"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["x", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "sum"], ["y"]),
    ]
    graph = graph_of(nodes, [x], [y], {"zero": np.array(0), "one": np.array(1)})
    samples = Batch({"x": np.arange(3)})
    write_model(root, "number", graph, (x,), (y,), samples, task="other", labels=())


def test_a_graph_that_onnx_runtime_cannot_load_is_refused(tmp_path: Path) -> None:
    path = tiny_model(tmp_path, "alpha", seed=1)
    model = tiny_graph(seed=1)
    model.graph.node[0].op_type = "NoSuchOperator"
    assert "cannot load or run it" in refused(revouch(path, model.SerializeToString()))


@pytest.mark.parametrize("n", [1, CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 1, 3 * CHUNK_ROWS])
def test_many_rows_are_answered_as_each_alone(tmp_path: Path, n: int) -> None:
    tiny_model(tmp_path, "alpha")
    session = load(entries(tmp_path)[0], CPU)
    assert session.chunk_rows == CHUNK_ROWS
    images = Batch({"images": np.random.default_rng(0).integers(0, 256, (n, 28, 28), np.uint8)})
    answer = session.predict(images)
    assert answer["label"].shape == (n,)
    assert answer["probabilities"].shape == (n, 10)
    last = session.predict(images.slice(n - 1, n))
    assert answer["label"][-1] == last["label"][0]
    np.testing.assert_allclose(answer["probabilities"][-1], last["probabilities"][0], atol=1e-6)


def wide(root: Path, width: int) -> Session:
    """A model of rows of so many numbers, each answered by its sum."""
    x = Input(name="x", datatype="FP32", shape=(-1, width), content="number")
    y = Output(name="y", datatype="FP32", shape=(-1, 1), role="other")
    graph = graph_of([helper.make_node("ReduceSum", ["x", "axes"], ["y"])], [x], [y],
                     {"axes": np.array([1])})  # fmt: skip
    samples = Batch({"x": np.ones((1, width), np.float32)})
    write_model(root, "wide", graph, (x,), (y,), samples, task="other", labels=())
    return load(entries(root)[0], CPU)


@pytest.mark.parametrize(
    ("width", "rows"),
    [(CHUNK_BYTES // 4 // 100, 99), (CHUNK_BYTES // 4 - 1, 1), (CHUNK_BYTES // 4 + 1, 1)],
)
def test_a_call_of_large_rows_has_fewer_of_them(tmp_path: Path, width: int, rows: int) -> None:
    """So many that they take at most 32 MiB, but always one; every row is answered."""
    session = wide(tmp_path, width)
    assert session.chunk_rows == rows
    n = min(2 * rows + 1, 3)
    values = np.zeros((n, width), np.float32)
    values[:, -1] = np.arange(n)
    np.testing.assert_array_equal(session.predict(Batch({"x": values}))["y"][:, 0], np.arange(n))


@fault("no-gpu")
def test_a_fall_back_is_reported_not_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where CUDA was promised but the session got the CPU, the CPU is what is reported."""
    tiny_model(tmp_path, "alpha")
    monkeypatch.setattr(provider, "wanted", lambda *_: [(provider.CPU, {})])
    session = load(entries(tmp_path)[0], Settings())
    assert session.provider == provider.CPU
    asked: list[provider.Provider] = [(provider.CUDA, {}), (provider.CPU, {})]
    with caplog.at_level(logging.WARNING):
        assert provider.check(asked, session._session, Settings()) == provider.CPU
    assert "fell back to the CPU" in caplog.text
    with pytest.raises(StartupError, match="fell back"):
        provider.check(asked, session._session, Settings(provider="cuda"))


def test_a_variant_for_a_gpu_that_is_none_gives_way_to_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The committed forest has both; after a fall back to the CPU its own nodes are the faster."""
    monkeypatch.setattr(provider, "_has_cuda", lambda: True)
    monkeypatch.setattr(ort, "InferenceSession", on_cpu(ort.InferenceSession))
    found = Settings()
    forest = next(e for e in entries(found.models_dir) if e.name == "digits-random-forest")
    session = load(forest, found)
    assert session.provider == provider.CPU
    graph = (forest.path / session.manifest.files["default"].path).read_bytes()
    assert [(forest.path / session.manifest.files["cuda"].path).read_bytes(), graph] == GRAPHS


GRAPHS: list[bytes] = []


def on_cpu(construct: Callable[..., ort.InferenceSession]) -> Callable[..., ort.InferenceSession]:
    """What ONNX Runtime does with CUDA on a machine without: the CPU, and no exception."""

    def session(graph: bytes, options: ort.SessionOptions, **_: object) -> ort.InferenceSession:
        GRAPHS.append(graph)
        return construct(graph, options, providers=[provider.CPU])

    return session


@pytest.mark.parametrize("name", ["digits-random-forest", "digits-xgboost", "digits-cnn"])
def test_trees_do_not_ask_for_cuda(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trees are known by the graph: whatever the algorithm is called, or if it is not known."""
    monkeypatch.setattr(provider, "_has_cuda", lambda: True)
    artifact = audit(next(e for e in entries(MODELS) if e.name == name))
    trees = name != "digits-cnn"
    assert artifact.outline.has_trees is trees
    assert provider.wanted(artifact, Settings())[0][0] == provider.CUDA
    files = {"default": artifact.manifest.files["default"]}
    manifest = artifact.manifest.model_copy(update={"files": files, "algorithm": None})
    asked = provider.wanted(replace(artifact, manifest=manifest), Settings())
    assert asked[0][0] == (provider.CPU if trees else provider.CUDA)


@pytest.mark.parametrize(
    ("runs_on", "error"), [(provider.CPU, InvalidError), (provider.CUDA, ModelError)]
)
def test_a_run_that_fails_on_a_gpu_does_not_blame_the_rows(
    runs_on: str, error: type[Exception], tmp_path: Path
) -> None:
    tiny_model(tmp_path, "alpha")
    (entry,) = entries(tmp_path)
    session = load(entry, Settings(provider="cpu"))
    session.provider = runs_on

    def fail(arrays: object) -> list[np.ndarray]:
        raise Fail("out of memory")

    session._run = fail
    with pytest.raises(error, match=r"alpha .*\(out of memory\)"):
        session.predict(session.samples)
