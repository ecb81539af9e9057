"""As much of kustomize as the overlays use: resources, labels, images and JSON patches."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

Resource = dict[str, Any]
_KNOWN = {"apiVersion", "kind", "resources", "labels", "images", "patches"}


def build(folder: Path) -> list[Resource]:
    """The resources of a kustomization, resolved."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert kustomization.keys() <= _KNOWN, kustomization.keys() - _KNOWN
    found: list[Resource] = []
    for entry in kustomization["resources"]:
        path = folder / entry
        found += build(path) if path.is_dir() else list(yaml.safe_load_all(path.read_text()))
    for label in kustomization.get("labels", ()):
        assert label.keys() == {"pairs"}, "selectors and templates are left alone"
        for resource in found:
            resource["metadata"].setdefault("labels", {}).update(label["pairs"])
    for patch in kustomization.get("patches", ()):
        _patch(found, patch)
    for image in kustomization.get("images", ()):
        _rename(found, image)
    return found


def _patch(resources: list[Resource], patch: dict[str, Any]) -> None:
    target = patch["target"]
    (resource,) = (
        each
        for each in resources
        if (each["kind"], each["metadata"]["name"]) == (target["kind"], target["name"])
    )
    for operation in yaml.safe_load(patch["patch"]):
        apply(resource, operation)


def apply(document: Any, operation: dict[str, Any]) -> None:
    """One operation of a JSON patch (RFC 6902): add, replace or remove."""
    *parents, last = (
        part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]
    )
    for part in parents:
        document = document[int(part) if isinstance(document, list) else part]
    key = int(last) if isinstance(document, list) else last
    if operation["op"] in ("replace", "remove"):
        assert key in (range(len(document)) if isinstance(document, list) else document)
    if operation["op"] == "remove":
        del document[key]
    else:
        assert operation["op"] in ("add", "replace")
        document[key] = copy.deepcopy(operation["value"])


def _rename(resources: list[Resource], image: dict[str, str]) -> None:
    for resource in resources:
        pod = resource.get("spec", {}).get("template", {}).get("spec", {})
        for container in pod.get("containers", ()):
            if container["image"] == image["name"]:
                container["image"] = f"{image['newName']}:{image['newTag']}"
