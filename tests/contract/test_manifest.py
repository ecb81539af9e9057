from __future__ import annotations

import json
from typing import Any

import pytest

from contract.errors import ManifestError
from contract.manifest import Manifest, parse
from tests.repositories import manifest_of


@pytest.fixture
def manifest() -> Manifest:
    return manifest_of("tiny", "1", b"graph", b"golden")


def test_it_survives_a_round_trip(manifest: Manifest) -> None:
    assert parse(manifest.to_json()) == manifest


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"manifest_version": 2}, "manifest_version"),
        ({"surprise": 1}, "surprise"),
        ({"name": "Not-A-Slug"}, "name"),
        ({"name": "../evil"}, "name"),
        ({"version": "0"}, "version"),
        ({"version": "1.0"}, "version"),
        ({"files": {}}, "default"),
        ({"files": {"tpu": {}}}, "files.tpu"),
        ({"created": "2026-01-01T00:00:00"}, "time zone"),
        ({"labels": ["only"]}, "labels"),
        ({"labels": ["0", "1"]}, "probabilities FP32"),
        ({"inputs": []}, "inputs"),
        ({"inputs": [{"name": "images", "datatype": "uint8", "shape": [-1, 28, 28]}]}, "datatype"),
        ({"inputs": [{"name": "images", "datatype": "UINT8", "shape": [28, 28]}]}, "-1 followed"),
    ],
)
def test_a_wrong_field_is_named(manifest: Manifest, change: dict[str, Any], where: str) -> None:
    document = json.loads(manifest.to_json()) | change
    with pytest.raises(ManifestError, match=r"tiny/manifest\.json") as caught:
        parse(json.dumps(document), source="tiny/manifest.json")
    assert where in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["../model.onnx", "/etc/passwd", "a/b", "", ".hidden"])
def test_a_file_cannot_stand_outside_its_directory(manifest: Manifest, path: str) -> None:
    document = json.loads(manifest.to_json())
    document["files"]["default"]["path"] = path
    with pytest.raises(ManifestError, match=r"files\.default\.path"):
        parse(json.dumps(document))


def test_two_tensors_of_one_name_are_refused(manifest: Manifest) -> None:
    document = json.loads(manifest.to_json())
    document["outputs"].append(document["outputs"][0])
    with pytest.raises(ManifestError, match="names a tensor twice"):
        parse(json.dumps(document))


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ManifestError, match="no valid manifest"):
        parse("{")
