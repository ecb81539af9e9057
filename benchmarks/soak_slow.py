"""What the slow requests of the soak must be answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import onnx

from contract.manifest import Manifest
from contract.repository import Artifact
from guide.facts import parse_facts
from guide.recommend import Adviser
from guide.rules import ruleset
from guide.short import shorten
from guide.tables import library
from service.http.recommend import measured

_FACTS: tuple[dict[str, Any], ...] = (
    {"modalities": ["image"], "n_labelled": 500},
    {"modalities": ["tabular"], "n_rows": 20_000, "explainability": "required"},
)


def seen(artifact: Artifact) -> Callable[[bytes], int] | None:
    """Reads the label from the last maps of an answer of `/layers`; None if there are no layers.

    The maps are those of the model only if its dense layer makes the model's label of them.
    """
    model = onnx.load_from_string(artifact.graph)
    if not any(node.op_type == "Conv" for node in model.graph.node):
        return None
    weights = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
    (dense,) = (node for node in model.graph.node if node.op_type == "Gemm")
    weight, bias = weights[dense.input[1]], weights[dense.input[2]]

    def label(body: bytes) -> int:
        maps = np.array(json.loads(body)["layers"][-1]["values"], np.float32)
        return int(np.argmax(weight @ maps.ravel() + bias))

    return label


def recommend(manifests: Sequence[Manifest]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Facts, and the answer of the guide in this process."""
    known = {manifest.name: manifest for manifest in manifests}
    adviser = Adviser(ruleset(), library(), known, measured(known, library()))
    for facts in _FACTS:
        decision = shorten(adviser.recommend(parse_facts(facts)))
        yield facts, json.loads(decision.model_dump_json())
