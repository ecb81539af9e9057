"""What the JSON documents of all verbs over one model have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.instances.decoder import Decoded
from service.serving.served import Served


def document_of(served: Served, decoded: Decoded, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The model, these fields, the warnings, and what was done to pictures."""
    document = {
        "model": served.name,
        "version": served.version,
        "provider": served.provider,
        **fields,
    }
    if decoded.warnings:
        document["warnings"] = decoded.warnings
    if decoded.fitted is not None:
        document["fitted"] = decoded.fitted
    return document
