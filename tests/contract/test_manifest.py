from __future__ import annotations

import json
from typing import Any

import pytest

from contract.errors import ManifestError
from contract.manifest import Manifest, parse
from tests.repositories import manifest_of, untrained_manifest

IMAGES = {
    "name": "images",
    "datatype": "UINT8",
    "shape": [-1, 28, 28],
    "content": "image",
    "layout": "HW",
}


@pytest.fixture
def manifest() -> Manifest:
    return manifest_of("tiny", "1", b"graph", b"golden")


def test_it_survives_a_round_trip(manifest: Manifest) -> None:
    assert parse(manifest.to_json()) == manifest


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"manifest_version": 3}, "manifest_version"),
        ({"surprise": 1}, "surprise"),
        ({"name": "Not-A-Slug"}, "name"),
        ({"name": "../evil"}, "name"),
        ({"version": "0"}, "version"),
        ({"version": "1.0"}, "version"),
        ({"files": {}}, "default"),
        ({"files": {"tpu": {}}}, "files.tpu"),
        ({"files": {"../tpu": {}}}, "files.../tpu"),
        ({"created": "2026-01-01T00:00:00"}, "time zone"),
        ({"labels": ["only"]}, "labels"),
        ({"labels": ["0", "1"]}, "it must be floats [-1, 2]"),
        ({"labels": ["0"] * 10}, "named twice"),
        ({"task": "regression"}, "must be absent, since the task is regression"),
        ({"algorithm": "Not A Term"}, "algorithm"),
        ({"inputs": []}, "inputs"),
        ({"inputs": [IMAGES | {"datatype": "uint8"}]}, "datatype"),
        ({"inputs": [IMAGES | {"shape": [28, 28]}]}, "-1 followed"),
        ({"inputs": [IMAGES | {"layout": "CHW"}]}, "layout CHW"),
        ({"metrics": {"task": "regression", "samples": 1, "rmse": 1, "mae": 1, "r2": 0}}, "regres"),
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
    with pytest.raises(ManifestError, match="is named twice"):
        parse(json.dumps(document))


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ManifestError, match="not a valid manifest"):
        parse("{")


def test_per_class_metrics_are_for_the_labels_in_their_order(manifest: Manifest) -> None:
    document = json.loads(manifest.to_json())
    document["metrics"]["per_class"].reverse()
    with pytest.raises(ManifestError, match=r"metrics\.per_class is for \['9', "):
        parse(json.dumps(document))


def test_what_is_not_known_of_a_model_may_be_absent() -> None:
    manifest = untrained_manifest("tiny", b"graph", b"golden")
    assert parse(manifest.to_json()) == manifest
    document = {k: v for k, v in json.loads(manifest.to_json()).items() if v is not None}
    assert parse(json.dumps(document)) == manifest


VERSION_1: dict[str, Any] = {
    "manifest_version": 1,
    "task": "image_classification",
    "inputs": [{"name": "images", "datatype": "UINT8", "shape": [-1, 28, 28]}],
    "outputs": [
        {"name": "label", "datatype": "INT64", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]},
    ],
    "parity": {
        "samples": 10,
        "label_mismatches": 0,
        "max_probability_difference": 0.0,
        "tolerance": 1e-5,
    },
}


def test_a_manifest_of_version_1_is_upgraded(manifest: Manifest) -> None:
    document = json.loads(manifest.to_json()) | VERSION_1
    del document["metrics"]["task"]
    assert parse(json.dumps(document)) == manifest


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"inputs": []}, "inputs"),
        ({"inputs": 7}, "inputs"),
        ({"inputs": ["images"]}, "inputs.0"),
        ({"parity": None, "outputs": [{"name": "odd"}]}, "outputs.0"),
        ({"metrics": 3}, "metrics"),
    ],
)
def test_a_wrong_manifest_of_version_1_is_named(
    manifest: Manifest, change: dict[str, Any], where: str
) -> None:
    document = json.loads(manifest.to_json()) | VERSION_1
    del document["metrics"]["task"]
    with pytest.raises(ManifestError, match=where):
        parse(json.dumps(document | change))
