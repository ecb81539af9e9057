from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from contract.errors import ArtifactError, GraphError, ManifestError, RepositoryError
from contract.repository import (
    Entry,
    Stray,
    audit,
    check_writable,
    entries,
    read_manifest,
    record_of,
    sha256,
    write,
)
from tests.faults import fault
from tests.repositories import manifest_of, tiny_graph, tiny_model


def rewrite_graph(entry: Entry, graph: bytes) -> None:
    """Put another graph in place and make the manifest vouch for it."""
    (entry.path / "model.onnx").write_bytes(graph)
    path = entry.path / "manifest.json"
    document = json.loads(path.read_text())
    document["files"]["default"] |= {"sha256": sha256(graph), "bytes": len(graph)}
    path.write_text(json.dumps(document))


def test_versions_are_ordered_as_numbers(repository: Path) -> None:
    assert [(e.name, e.version) for e in entries(repository)] == [
        ("alpha", 1),
        ("beta", 2),
        ("beta", 10),
    ]


def test_an_audit_returns_what_was_written(repository: Path) -> None:
    entry = entries(repository)[0]
    artifact = audit(entry)
    assert artifact.manifest == read_manifest(entry)
    assert artifact.graph == (entry.path / "model.onnx").read_bytes()
    assert artifact.golden.inputs["images"].shape == (3, 28, 28)
    assert str(entry) == "alpha version 1"


def test_a_missing_repository_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="ROSENBLATT_MODELS_DIR"):
        entries(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["latest", "01", "0", "1.5"])
def test_a_version_directory_is_a_positive_integer(repository: Path, name: str) -> None:
    (repository / "alpha" / name).mkdir()
    with pytest.raises(RepositoryError, match="positive integer"):
        entries(repository)
    strays: list[Stray] = []
    assert len(entries(repository, strays.append)) == 3
    assert [(s.name, s.version) for s in strays] == [("alpha", name)]


def test_hidden_directories_and_files_are_no_models(repository: Path) -> None:
    (repository / "alpha" / ".staging-1").mkdir()
    (repository / "README.md").touch()
    assert len(entries(repository)) == 3


@pytest.mark.parametrize("file", ["model.onnx", "golden.npz"])
@fault("damaged-artifacts")
def test_every_flipped_byte_is_found(repository: Path, file: str) -> None:
    entry = entries(repository)[0]
    path = entry.path / file
    data = bytearray(path.read_bytes())
    rng = np.random.default_rng(0)
    for position in rng.integers(0, len(data), 20):
        flipped = bytearray(data)
        flipped[position] ^= 1
        path.write_bytes(flipped)
        with pytest.raises(ArtifactError, match=file):
            audit(entry)


@pytest.mark.parametrize("file", ["manifest.json", "model.onnx", "golden.npz"])
def test_a_missing_file_is_named(repository: Path, file: str) -> None:
    entry = entries(repository)[0]
    (entry.path / file).unlink()
    with pytest.raises(ArtifactError, match=file):
        audit(entry)


@fault("damaged-artifacts")
def test_a_truncated_file_is_named_with_both_sizes(repository: Path) -> None:
    entry = entries(repository)[0]
    path = entry.path / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ArtifactError, match=r"holds \d+ bytes but its manifest says \d+"):
        audit(entry)


def test_a_broken_manifest_is_named(repository: Path) -> None:
    entry = entries(repository)[0]
    (entry.path / "manifest.json").write_text("{}")
    with pytest.raises(ManifestError, match=r"alpha.*manifest\.json"):
        audit(entry)


def test_a_graph_of_another_model_is_refused(repository: Path) -> None:
    alpha, beta = entries(repository)[:2]
    shutil.copy(beta.path / "model.onnx", alpha.path / "model.onnx")
    with pytest.raises(ArtifactError, match="SHA-256"):
        audit(alpha)


def test_a_directory_of_another_model_is_refused(repository: Path) -> None:
    alpha, beta = entries(repository)[:2]
    shutil.copytree(beta.path, alpha.path, dirs_exist_ok=True)
    with pytest.raises(ArtifactError, match="describes beta version 2"):
        audit(alpha)


def test_an_unknown_variant_is_refused(repository: Path) -> None:
    with pytest.raises(ArtifactError, match=r"no variant 'cuda'; it has \['default'\]"):
        audit(entries(repository)[0], "cuda")


@fault("damaged-artifacts")
def test_external_data_is_refused(repository: Path) -> None:
    entry = entries(repository)[0]
    model = tiny_graph()
    onnx.external_data_helper.convert_model_to_external_data(model, location="w", size_threshold=0)
    rewrite_graph(entry, model.SerializeToString())
    with pytest.raises(GraphError, match="stored outside the file"):
        audit(entry)


@fault("damaged-artifacts")
def test_an_unknown_operator_domain_is_refused(repository: Path) -> None:
    entry = entries(repository)[0]
    model = tiny_graph()
    model.graph.node[0].domain = "com.evil"
    rewrite_graph(entry, model.SerializeToString())
    with pytest.raises(GraphError, match=r"com\.evil"):
        audit(entry)


def test_other_inputs_than_the_manifests_are_refused(repository: Path) -> None:
    entry = entries(repository)[0]
    model = tiny_graph()
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 32
    rewrite_graph(entry, model.SerializeToString())
    with pytest.raises(GraphError, match=r"inputs are images UINT8 \[-1, 32, 28\]"):
        audit(entry)


def test_what_is_no_model_is_refused(repository: Path) -> None:
    entry = entries(repository)[0]
    rewrite_graph(entry, b"no model at all")
    with pytest.raises(GraphError, match=r"model\.onnx"):
        audit(entry)


def test_golden_samples_must_fit_the_manifest(tmp_path: Path) -> None:
    path = tiny_model(tmp_path, "alpha")
    document = json.loads((path / "manifest.json").read_text())
    document["golden"]["samples"] = 4
    (path / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(ArtifactError, match=r"golden\.npz holds images with shape \[3, 28, 28\]"):
        audit(entries(tmp_path)[0])


def test_pickled_golden_samples_are_refused(tmp_path: Path) -> None:
    path = tiny_model(tmp_path, "alpha")
    np.savez(path / "golden.npz", images=np.array([{}]), label=1, probabilities=1)
    document = json.loads((path / "manifest.json").read_text())
    document["golden"] |= record_of("golden.npz", (path / "golden.npz").read_bytes()).model_dump()
    (path / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(ArtifactError, match="not an archive of golden samples"):
        audit(entries(tmp_path)[0])


def test_writing_refuses_files_the_manifest_does_not_describe(tmp_path: Path) -> None:
    manifest = manifest_of("alpha", "1", b"graph", b"golden")
    with pytest.raises(ArtifactError, match=r"model\.onnx"):
        write(tmp_path, manifest, {"model.onnx": b"other", "golden.npz": b"golden"})
    assert not list(tmp_path.rglob("*"))


def test_writing_replaces_a_version_whole(tmp_path: Path) -> None:
    path = tiny_model(tmp_path, "alpha", seed=1)
    (path / "leftover").touch()
    tiny_model(tmp_path, "alpha", seed=2)
    assert sorted(p.name for p in path.iterdir()) == ["golden.npz", "manifest.json", "model.onnx"]
    assert [p.name for p in path.parent.iterdir()] == ["1"]
    audit(entries(tmp_path)[0])


def test_a_repository_that_cannot_be_made_is_refused_beforehand(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "models")
    assert not (tmp_path / "new").exists()
    check_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []
    file = tmp_path / "file"
    file.write_text("")
    for root in (file, file / "models"):
        with pytest.raises(RepositoryError, match=r"cannot be written to .*; name another --out"):
            check_writable(root)
