"""Loaded models: what serves, what is refused, what answers by default."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from service.inference.repository import load_all

from contract.repository import Entry, entries, record_of
from service.errors import NotFoundError, StartupError, UnavailableError
from service.inference import provider
from service.inference.session import CHUNK, Session, load
from service.settings import Settings
from tests.repositories import tiny_graph, tiny_model


def settings(root: Path, **changes: object) -> Settings:
    return Settings(models_dir=root, default_model="beta", **changes)  # type: ignore[arg-type]


def damage(root: Path, name: str, version: str) -> None:
    path = root / name / version / "model.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_the_highest_version_serves_by_default(repository: Path) -> None:
    models = load_all(settings(repository))
    assert models.get().version == "10"
    assert models.get("beta").version == "10"
    assert models.get("beta", "2").version == "2"
    assert models.get("alpha").name == "alpha"
    assert [(s.name, s.version) for s in models.serving()] == [("alpha", "1"), ("beta", "10")]
    assert models.ready()


@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        ("gamma", None, 'model "gamma" is unknown; choose from alpha, beta'),
        ("", None, 'model "" is unknown'),
        ("beta", "3", 'model "beta" has no version "3"; it has 2, 10'),
        ("beta", "02", 'no version "02"'),
        ("beta", "latest", 'no version "latest"'),
        ("beta", "٢", "no version"),
        ("beta", "9" * 5000, "no version"),
    ],
)
def test_an_unknown_model_or_version_is_named(
    repository: Path, name: str, version: str | None, message: str
) -> None:
    models = load_all(settings(repository))
    with pytest.raises(NotFoundError) as caught:
        models.get(name, version)
    assert message in str(caught.value)


def test_a_damaged_model_is_refused_in_one_line_and_the_others_serve(
    repository: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damage(repository, "alpha", "1")
    with caplog.at_level(logging.ERROR):
        models = load_all(settings(repository))
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 1
    assert lines[0].startswith("model alpha version 1 was refused: ")
    assert "\n" not in lines[0]
    assert models.get("beta").version == "10"
    assert models.ready()
    with pytest.raises(UnavailableError, match="alpha' version 1 was refused at load"):
        models.get("alpha")


def test_an_older_version_does_not_step_in_unasked(repository: Path) -> None:
    damage(repository, "beta", "10")
    models = load_all(settings(repository))
    with pytest.raises(UnavailableError, match=r"versions \[2\] serve when named"):
        models.get("beta")
    assert models.get("beta", "2").version == "2"
    assert not models.ready()
    assert [s.name for s in models.serving()] == ["alpha"]


def test_a_swapped_graph_is_refused(repository: Path) -> None:
    shutil.copy(repository / "beta/10/model.onnx", repository / "alpha/1/model.onnx")
    assert [r.name for r in load_all(settings(repository)).refused()] == ["alpha"]


def test_an_empty_repository_serves_nothing(tmp_path: Path) -> None:
    models = load_all(settings(tmp_path))
    assert not models.ready()
    with pytest.raises(UnavailableError, match="default model 'beta' is not in the repository"):
        models.get()
    with pytest.raises(NotFoundError, match="choose from none"):
        models.get("beta")


def revouch(path: Path, graph: bytes) -> None:
    """Put a graph in place and let the manifest vouch for it, golden samples unchanged."""
    (path / "model.onnx").write_bytes(graph)
    document = json.loads((path / "manifest.json").read_text())
    document["files"]["default"] |= record_of("model.onnx", graph).model_dump()
    (path / "manifest.json").write_text(json.dumps(document))


def test_a_graph_that_answers_otherwise_fails_its_golden_inputs(tmp_path: Path) -> None:
    path = tiny_model(tmp_path, "alpha", seed=1)
    revouch(path, tiny_graph(seed=2).SerializeToString())
    refused = load_all(settings(tmp_path)).refused()
    assert "golden labels wrong" in refused[0].reason


def test_what_cuda_answers_otherwise_is_asked_of_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It may be the device's fault; where the CPU answers so too, it is the artifact's."""
    path = tiny_model(tmp_path, "alpha", seed=1)
    revouch(path, tiny_graph(seed=2).SerializeToString())
    monkeypatch.setattr(provider, "_has_cuda", lambda: True)
    (refused,) = load_all(settings(tmp_path)).refused()
    assert "golden labels wrong" in refused.reason
    assert "CUDA cannot load or run it (alpha version 1 answers" in caplog.text
    with pytest.raises(StartupError):
        load_all(settings(tmp_path, provider="cuda"))


def test_a_graph_of_nans_fails_its_golden_inputs(tmp_path: Path) -> None:
    path = tiny_model(tmp_path, "alpha", seed=1)
    model = tiny_graph(seed=1)
    for tensor in model.graph.initializer:
        if tensor.name == "inverse_temperature":
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.array(np.nan, np.float32), tensor.name))
    revouch(path, model.SerializeToString())
    assert "probability nan off" in load_all(settings(tmp_path)).refused()[0].reason


def test_a_graph_that_onnx_runtime_cannot_load_is_refused(tmp_path: Path) -> None:
    path = tiny_model(tmp_path, "alpha", seed=1)
    model = tiny_graph(seed=1)
    model.graph.node[0].op_type = "NoSuchOperator"
    revouch(path, model.SerializeToString())
    reason = load_all(settings(tmp_path)).refused()[0].reason
    assert "cannot load or run it" in reason
    assert "\n" not in reason


@pytest.mark.parametrize("n", [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_many_rows_are_answered_as_each_alone(tmp_path: Path, n: int) -> None:
    tiny_model(tmp_path, "alpha")
    session = load(entries(tmp_path)[0], settings(tmp_path))
    images = np.random.default_rng(0).integers(0, 256, (n, 28, 28), np.uint8)
    answer = session.predict(images)
    assert answer.label.shape == (n,)
    assert answer.probabilities.shape == (n, 10)
    last = session.predict(images[-1:])
    assert answer.label[-1] == last.label[0]
    np.testing.assert_allclose(answer.probabilities[-1], last.probabilities[0], atol=1e-6)


def test_cuda_without_a_device_refuses_to_start(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "_has_cuda", lambda: False)
    with pytest.raises(StartupError, match="ROSENBLATT_PROVIDER is 'cuda' but no CUDA device"):
        load_all(settings(repository, provider="cuda"))


def test_a_fall_back_is_reported_not_hidden(
    repository: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where CUDA was promised but the session got the CPU, the CPU is what is reported."""
    monkeypatch.setattr(provider, "wanted", lambda *_: [(provider.CPU, {})])
    session = load_all(settings(repository)).get()
    assert session.provider == provider.CPU
    asked: list[provider.Provider] = [(provider.CUDA, {}), (provider.CPU, {})]
    assert provider.check(asked, session._session, settings(repository)) == provider.CPU
    assert "fell back to the CPU" in caplog.text
    with pytest.raises(StartupError, match="fell back"):
        provider.check(asked, session._session, settings(repository, provider="cuda"))


def test_what_no_audit_foresaw_refuses_one_model(repository: Path) -> None:
    """And the others serve."""

    def loader(entry: Entry, found: Settings) -> Session:
        if entry.name == "alpha":
            raise ZeroDivisionError("nobody thought of this")
        return load(entry, found)

    models = load_all(settings(repository), loader)
    assert models.ready()
    (refusal,) = models.refused()
    assert refusal.name == "alpha"
    assert "ZeroDivisionError: nobody thought of this" in refusal.reason


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("beta/backup", "it is no version directory; name it with a positive integer"),
        ("beta/01", "it is no version directory"),
        ("gamma", "it holds no version directory"),
    ],
)
def test_a_stray_directory_is_reported_and_the_models_serve(
    repository: Path, path: str, reason: str
) -> None:
    (repository / path).mkdir()
    models = load_all(settings(repository))
    assert models.get("beta").version == "10"
    (refusal,) = models.refused()
    assert reason in refusal.reason


@pytest.mark.parametrize(
    "content", [b"PK\x05\x06" + bytes(18), b"\x93NUMPY\x01\x00", b"PK\x03\x04x"]
)
def test_golden_samples_that_are_none_refuse_the_model(repository: Path, content: bytes) -> None:
    """Even if the manifest vouches for them."""
    folder = repository / "alpha" / "1"
    manifest = json.loads((folder / "manifest.json").read_text())
    name = manifest["golden"]["path"]
    (folder / name).write_bytes(content)
    manifest["golden"].update(record_of(name, content).model_dump())
    (folder / "manifest.json").write_text(json.dumps(manifest))
    models = load_all(settings(repository))
    assert "no archive of golden samples" in models.refused()[0].reason
    assert models.ready()


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


def test_trees_do_not_ask_for_cuda(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "_has_cuda", lambda: True)
    manifest = load_all(settings(repository, provider="cpu")).get().manifest
    auto = settings(repository)
    assert provider.wanted(manifest, auto)[0][0] == provider.CUDA
    forest = manifest.model_copy(update={"algorithm": "random_forest"})
    assert provider.wanted(forest, auto) == [(provider.CPU, {})]
