"""The bill of materials: valid by CycloneDX's schema, and true of the lock and of the models."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from typing import Any

import pytest
from cyclonedx.validation.json import JsonStrictValidator

from contract.repository import Entry, entries
from scripts import sbom
from service.doctor.lock import locked
from tests.conftest import MODELS, ROOT


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """As `make sbom` writes it."""
    target = tmp_path_factory.mktemp("build") / "new" / "sbom.cdx.json"
    subprocess.run(
        [sys.executable, "-W", "error", "-m", "scripts.sbom", str(target)],
        cwd=ROOT, check=True, timeout=120,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(target.read_text())
    return found


def components(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one for one in document["components"] if one["type"] == kind]


def digests(component: dict[str, Any]) -> set[str]:
    assert {one["alg"] for one in component["hashes"]} == {"SHA-256"}
    return {one["content"] for one in component["hashes"]}


def test_it_keeps_to_the_schema(document: dict[str, Any]) -> None:
    validator = JsonStrictValidator(sbom.VERSION)
    assert validator.validate_str(json.dumps(document)) is None
    # The control: the validator is not content with everything.
    assert validator.validate_str(json.dumps(document | {"maker": "none"})) is not None


def test_it_lists_the_serving_set_with_every_hash(document: dict[str, Any]) -> None:
    listed = {}
    for component in components(document, "library"):
        (files,) = component["externalReferences"]
        assert files["type"] == "distribution"
        assert files["url"] == component["purl"]
        listed[component["purl"]] = digests(files)
        assert component["licenses"], component["name"]
    assert listed == {
        f"pkg:pypi/{line.name}@{line.version}": {h.removeprefix("sha256:") for h in line.hashes}
        for line in locked()
        if line.applies()
    }


def test_it_names_no_host(document: dict[str, Any]) -> None:
    """A mirror serves the same files, so none is the origin; the schema's own address stays."""
    names = re.findall(r"\w+://[^\s\"]+", json.dumps(document["components"]))
    assert names == []


def files_of(entry: Entry) -> dict[str, str]:
    """Hashes of the files themselves."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in entry.path.iterdir()
        if path.suffix in (".onnx", ".npz")
    }


def test_it_lists_the_models_with_the_hashes_of_their_files(document: dict[str, Any]) -> None:
    models = {
        (one["name"], int(one["version"])): one
        for one in components(document, "machine-learning-model")
    }
    found = entries(MODELS)
    assert set(models) == {(entry.name, entry.version) for entry in found}
    for entry in found:
        model = models[entry.name, entry.version]
        manifest = (entry.path / "manifest.json").read_bytes()
        assert digests(model) == {hashlib.sha256(manifest).hexdigest()}
        listed = {one["name"]: one["hashes"][0]["content"] for one in model["components"]}
        assert listed == files_of(entry)


def test_dependencies_name_components(document: dict[str, Any]) -> None:
    named = {one["bom-ref"] for one in document["components"]}
    edges = {one["ref"]: set(one.get("dependsOn", ())) for one in document["dependencies"]}
    top = edges.pop("rosenblatt")
    assert set(edges) == named
    assert set.union(top, *edges.values()) <= named
    # All is needed by something.
    reached, new = set[str](), top
    while new:
        reached |= new
        new = set[str]().union(*(edges[one] for one in new)) - reached
    assert named - reached == set()
