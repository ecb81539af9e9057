"""Upgrade of manifests to the current version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def upgrade(document: Any) -> Any:
    """A manifest of version 1 as version 2; any other document is returned unchanged.

    Version 1 had one task, classification of grey images, with the input `images` and the outputs
    `label` and `probabilities`. The result is not validated here; the schema does that.
    """
    if not isinstance(document, dict) or document.get("manifest_version") != 1:
        return document
    upgraded = document | {"manifest_version": 2}
    if document.get("task") == "image_classification":
        upgraded["task"] = "classification"
    upgraded["inputs"] = _each(document.get("inputs"), _input)
    upgraded["outputs"] = _each(document.get("outputs"), _output)
    if isinstance(document.get("metrics"), dict):
        upgraded["metrics"] = {"task": "classification", **document["metrics"]}
    if isinstance(document.get("parity"), dict):
        upgraded["parity"] = {
            {"max_probability_difference": "max_difference"}.get(name, name): value
            for name, value in document["parity"].items()
        }
    return upgraded


def _each(tensors: Any, added: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """Each tensor with the fields that version 2 adds."""
    if not isinstance(tensors, list):
        return tensors
    return [t | added(t) if isinstance(t, dict) else t for t in tensors]


def _input(_: dict[str, Any]) -> dict[str, Any]:
    return {"content": "image", "layout": "HW"}


def _output(tensor: dict[str, Any]) -> dict[str, Any]:
    """Role and encoding; in version 1 the name of an output is its role."""
    if tensor.get("name") == "label":
        return {"role": "label", "encoding": "index"}
    return {"role": tensor.get("name")}
