"""Every kind of damaged artifact behind a real server: refused by name, and the others serve."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import onnx
import pytest
from onnx.external_data_helper import convert_model_to_external_data

from contract.repository import record_of
from tests.faults import fault
from tests.repositories import tiny_graph, tiny_model
from tests.server import Server, serve

ZEROS = [[0] * 28] * 28
Damage = Callable[[Path, Path], None]


def vouch(version: Path, graph: bytes) -> None:
    """Write another graph and have the manifest vouch for it."""
    (version / "model.onnx").write_bytes(graph)
    manifest = json.loads((version / "manifest.json").read_text())
    manifest["files"]["default"] = record_of("model.onnx", graph).model_dump()
    (version / "manifest.json").write_text(json.dumps(manifest))


def truncated(version: Path, outside: Path) -> None:
    path = version / "model.onnx"
    path.write_bytes(path.read_bytes()[:-100])


def empty(version: Path, outside: Path) -> None:
    (version / "model.onnx").write_bytes(b"")


def flipped(version: Path, outside: Path) -> None:
    path = version / "model.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def missing(version: Path, outside: Path) -> None:
    (version / "model.onnx").unlink()


def without_manifest(version: Path, outside: Path) -> None:
    (version / "manifest.json").unlink()


def golden_cut(version: Path, outside: Path) -> None:
    path = version / "golden.npz"
    path.write_bytes(path.read_bytes()[:50])


def swapped(version: Path, outside: Path) -> None:
    shutil.copy(version.parent.parent / "good/1/model.onnx", version / "model.onnx")


def other_answers(version: Path, outside: Path) -> None:
    """Another graph that the manifest vouches for, but not the golden samples."""
    vouch(version, tiny_graph(77).SerializeToString())


def no_graph(version: Path, outside: Path) -> None:
    vouch(version, b"GIF89a" + bytes(200))


def external_data(version: Path, outside: Path, location: str = "weights") -> None:
    model = onnx.load(version / "model.onnx")
    convert_model_to_external_data(model, location=location, size_threshold=0)
    onnx.save(model, version / "external.onnx")
    vouch(version, (version / "external.onnx").read_bytes())


def external_by_hard_link(version: Path, outside: Path) -> None:
    """Hard links pass ONNX Runtime's own check of where external data lies."""
    external_data(version, outside)
    (version / "weights").rename(outside / "weights")
    (version / "weights").hardlink_to(outside / "weights")


def changed_by_hard_link(version: Path, outside: Path) -> None:
    """Changed through its other name, outside the repository."""
    (outside / "linked").hardlink_to(version / "model.onnx")
    with (outside / "linked").open("r+b") as file:
        file.seek(300)
        file.write(b"\xff\xff")


def link_to_file(version: Path, outside: Path) -> None:
    (version / "model.onnx").rename(outside / "model.onnx")
    (version / "model.onnx").symlink_to(outside / "model.onnx")


def link_to_directory(version: Path, outside: Path) -> None:
    version.rename(outside / "whole")
    version.symlink_to(outside / "whole")


def manifest_link(version: Path, outside: Path) -> None:
    (version / "manifest.json").unlink()
    (version / "manifest.json").symlink_to("/etc/passwd")


def circle(version: Path, outside: Path) -> None:
    (version / "model.onnx").unlink()
    (version / "model.onnx").symlink_to("model.onnx")


def pipe(version: Path, outside: Path) -> None:
    """Reading it would wait for ever."""
    (version / "model.onnx").unlink()
    os.mkfifo(version / "model.onnx")


def unknown_operator(version: Path, outside: Path) -> None:
    model = onnx.load(version / "model.onnx")
    model.graph.node[0].domain = "com.example"
    vouch(version, model.SerializeToString())


# Each with a part of the reason.
DAMAGES: dict[Damage, str] = {
    truncated: "model.onnx holds ",
    empty: "model.onnx holds 0 bytes but its manifest says ",
    flipped: "model.onnx has SHA-256 ",
    missing: "model.onnx cannot be read: No such file or directory",
    without_manifest: "manifest.json cannot be read: No such file or directory",
    golden_cut: "golden.npz holds 50 bytes but its manifest says ",
    swapped: "model.onnx has SHA-256 ",
    other_answers: "does not answer its golden inputs as recorded",
    no_graph: "model.onnx: ",
    external_data: "is stored outside the file",
    external_by_hard_link: "is stored outside the file",
    changed_by_hard_link: "model.onnx has SHA-256 ",
    link_to_file: "model.onnx is a link that leads out of the repository",
    link_to_directory: "manifest.json is a link that leads out of the repository",
    manifest_link: "manifest.json is a link that leads out of the repository",
    circle: "model.onnx cannot be read: its links lead in a circle",
    pipe: "model.onnx cannot be read: it is no regular file",
    unknown_operator: "has the domain 'com.example', which is not among ",
}
CASES = {damage.__name__.replace("_", "-"): (damage, text) for damage, text in DAMAGES.items()}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One model for each kind of damage, and a good one."""
    models, outside = tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("outside")
    tiny_model(models, "good", seed=1)
    for seed, (name, (damage, _)) in enumerate(CASES.items(), 2):
        tiny_model(models, name, seed=seed)
        (outside / name).mkdir()
        damage(models / name / "1", outside / name)
    settings: dict[str, Any] = {
        "ROSENBLATT_MODELS_DIR": str(models), "ROSENBLATT_DEFAULT_MODEL": "good",
    }  # fmt: skip
    with serve(**settings) as running:
        yield running


@fault("damaged-artifacts")
@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_by_name_with_its_reason(
    server: Server, client: httpx.Client, name: str
) -> None:
    refused = {one["name"]: one["reason"] for one in client.get("/readyz").json()["refused"]}
    assert CASES[name][1] in refused[name]
    answer = client.post("/predict", json={"model": name, "instances": [ZEROS]})
    assert answer.status_code == 503
    assert answer.json()["error"].startswith(f"model '{name}' version 1 was refused at load: ")
    assert server.log.read_text().count(f"model {name} version 1 was refused: ") == 1


@fault("damaged-artifacts")
def test_the_others_serve_and_readiness_says_which(client: httpx.Client) -> None:
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["state"] == "degraded"
    assert ready.json()["serving"] == [{"name": "good", "version": "1"}]
    assert {one["name"] for one in ready.json()["refused"]} == set(CASES)
    assert client.post("/predict", json={"instances": [ZEROS]}).status_code == 200
    assert len(client.post("/compare", json={"instances": [ZEROS]}).json()["refused"]) == len(CASES)


@fault("damaged-artifacts", "paths")
def test_no_reason_tells_where_the_repository_is(
    client: httpx.Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for path in ("/readyz", "/models", "/v2/repository/index"):
        answer = client.get(path) if path != "/v2/repository/index" else client.post(path)
        assert answer.status_code == 200
        for reason in CASES.values():
            assert reason[1] in answer.text
        assert str(tmp_path_factory.getbasetemp()) not in answer.text


def test_links_within_the_repository_are_followed(tmp_path: Path) -> None:
    """As Kubernetes' volumes of configuration have them."""
    tiny_model(tmp_path / "..data", "alpha")
    (tmp_path / "alpha").mkdir()
    (tmp_path / "alpha" / "1").symlink_to(tmp_path / "..data" / "alpha" / "1")
    settings: dict[str, Any] = {
        "ROSENBLATT_MODELS_DIR": str(tmp_path), "ROSENBLATT_DEFAULT_MODEL": "alpha",
    }  # fmt: skip
    with serve(**settings) as server:
        assert httpx.get(f"{server.url}/readyz").json()["state"] == "ready"
