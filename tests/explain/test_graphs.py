"""An explanation graph whose sum is off, or whose file has changed, is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from contract.batch import Batch
from contract.repository import Entry, entries, read_manifest
from service.errors import ModelError, UnavailableError
from service.explain.graphs import GraphMethod
from service.explain.lazy import LazyGraph
from service.explain.question import Question
from service.settings import Settings
from tests.conftest import MODELS
from tests.inference.test_session import NO_MEMORY, counting_model

SOURCE = next(entry for entry in entries(MODELS) if entry.name == "digits-perceptron")


def question() -> Question:
    row = Batch({"images": np.full((1, 28, 28), 80, np.uint8)})
    return Question(0, row, 3, lambda rows: np.zeros(len(rows)))


def copied(folder: Path) -> Entry:
    target = folder / SOURCE.name / str(SOURCE.version)
    shutil.copytree(SOURCE.path, target)
    return Entry(SOURCE.name, SOURCE.version, target)


def method(entry: Entry, tolerance: float = 1e-5) -> GraphMethod:
    manifest = read_manifest(SOURCE)
    record = manifest.explanations[0].model_copy(update={"tolerance": tolerance})
    return GraphMethod(entry, manifest, record, Settings())


def test_a_sum_beyond_the_limit_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    found = method(SOURCE)
    explained = found.explain(question())
    assert abs(explained.gap) < 1e-5
    off = [np.ones((1, 28, 28)), np.zeros(1), np.zeros(1)]
    monkeypatch.setattr(found._graph, "run", lambda outputs, inputs: off)
    with pytest.raises(ModelError, match=r"miss its answer by 7\.8e\+02, so they are not shown"):
        found.explain(question())


def test_a_changed_file_is_refused_when_it_is_first_asked(tmp_path: Path) -> None:
    entry = copied(tmp_path)
    path = entry.path / "explain_linear.onnx"
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(UnavailableError, match=r"cannot be used: .*SHA-256"):
        method(entry).explain(question())


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    entry = copied(tmp_path)
    (entry.path / "explain_linear.onnx").unlink()
    with pytest.raises(UnavailableError, match="cannot be used"):
        method(entry).explain(question())


def test_a_graph_that_gets_no_memory_says_so(tmp_path: Path) -> None:
    counting_model(tmp_path)
    path = tmp_path / "number" / "1" / "model.onnx"
    graph = LazyGraph("the graph of path", path.read_bytes, Settings())
    with pytest.raises(MemoryError, match=r"the graph of path: .*allocate memory"):
        graph.run(["y"], {"x": np.array([NO_MEMORY])})
    assert graph.run(["y"], {"x": np.array([4])})[0].tolist() == [6]
