"""Loaded models: what serves, what is refused, what answers by default."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import pytest

from contract.repository import Entry, record_of
from service.errors import NotFoundError, StartupError, UnavailableError
from service.inference import provider
from service.inference.session import Session, load
from service.settings import Settings
from tests.faults import fault
from tests.serving.loading import load_models


def settings(root: Path, **changes: object) -> Settings:
    return Settings(models_dir=root, default_model="beta", **changes)  # type: ignore[arg-type]


def damage(root: Path, name: str, version: str) -> None:
    path = root / name / version / "model.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_the_highest_version_serves_by_default(repository: Path) -> None:
    models = load_models(settings(repository))
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
    models = load_models(settings(repository))
    with pytest.raises(NotFoundError) as caught:
        models.get(name, version)
    assert message in str(caught.value)


@fault("damaged-artifacts")
def test_a_damaged_model_is_refused_in_one_line_and_the_others_serve(
    repository: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damage(repository, "alpha", "1")
    with caplog.at_level(logging.ERROR):
        models = load_models(settings(repository))
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
    models = load_models(settings(repository))
    with pytest.raises(UnavailableError, match=r"versions \[2\] serve when named"):
        models.get("beta")
    assert models.get("beta", "2").version == "2"
    assert not models.ready()
    assert [s.name for s in models.serving()] == ["alpha"]


def test_a_swapped_graph_is_refused(repository: Path) -> None:
    shutil.copy(repository / "beta/10/model.onnx", repository / "alpha/1/model.onnx")
    assert [r.name for r in load_models(settings(repository)).refused()] == ["alpha"]


def test_an_empty_repository_serves_nothing(tmp_path: Path) -> None:
    models = load_models(settings(tmp_path))
    assert not models.ready()
    with pytest.raises(UnavailableError, match="default model 'beta' is not in the repository"):
        models.get()
    with pytest.raises(NotFoundError, match="choose from none"):
        models.get("beta")


@fault("no-gpu")
def test_cuda_without_a_device_refuses_to_start(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "_has_cuda", lambda: False)
    with pytest.raises(StartupError, match="ROSENBLATT_PROVIDER is 'cuda' but no CUDA device"):
        load_models(settings(repository, provider="cuda"))


def test_what_no_audit_foresaw_refuses_one_model(repository: Path) -> None:
    """And the others serve."""

    def loader(entry: Entry, found: Settings) -> Session:
        if entry.name == "alpha":
            raise ZeroDivisionError("nobody thought of this")
        return load(entry, found)

    models = load_models(settings(repository), loader)
    assert models.ready()
    (refusal,) = models.refused()
    assert refusal.name == "alpha"
    assert "ZeroDivisionError: nobody thought of this" in refusal.reason


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("beta/backup", "it is not a version directory; name it with a positive integer"),
        ("beta/01", "it is not a version directory"),
        ("gamma", "it holds no version directory"),
    ],
)
def test_a_stray_directory_is_reported_and_the_models_serve(
    repository: Path, path: str, reason: str
) -> None:
    (repository / path).mkdir()
    models = load_models(settings(repository))
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
    models = load_models(settings(repository))
    assert "not an archive of golden samples" in models.refused()[0].reason
    assert models.ready()
