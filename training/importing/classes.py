"""The class names that a graph itself holds, and answers as their indexes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto

from contract.batch import Array
from training.importing.rewrite.graph import attribute, producers
from training.importing.rewrite.outputs import class_names

_CLASSIFIERS = frozenset({"LinearClassifier", "SVMClassifier", "TreeEnsembleClassifier"})
# Converters put these behind a classifier; none of them changes which class it is.
_PASSING = frozenset({"Cast", "Flatten", "Identity", "Reshape", "Squeeze"})
_CLASS_ATTRIBUTES = ("classlabels_strings", "classlabels_ints", "classlabels_int64s")


def graph_classes(model: ModelProto) -> tuple[str, ...]:
    """Class names that the graph holds for one of its outputs, in the order of the scores.

    They stand in a classifier of ai.onnx.ml, or as a constant from which the largest score's
    index takes one. Empty where there are none, or several outputs disagree.
    """
    made = producers(model.graph)
    found = {_classes_before(model, made, output.name) for output in model.graph.output} - {()}
    return found.pop() if len(found) == 1 else ()


def _classes_before(model: ModelProto, made: dict[str, NodeProto], name: str) -> tuple[str, ...]:
    node = made.get(name)
    while node is not None and node.op_type in _PASSING:
        node = made.get(node.input[0])
    if node is None:
        return ()
    if node.op_type in _CLASSIFIERS:
        return class_names(attribute(node, *_CLASS_ATTRIBUTES))
    if node.op_type in ("ArrayFeatureExtractor", "Gather"):
        return _constant_classes(model, node.input[0])
    return ()


def _constant_classes(model: ModelProto, name: str) -> tuple[str, ...]:
    """Class names in a constant: text or whole numbers."""
    held = next((c for c in model.graph.initializer if c.name == name), None)
    if held is None:
        return ()
    values = onnx.numpy_helper.to_array(held).ravel()
    if values.dtype.kind not in "iuOSU":
        return ()
    return tuple(v.decode() if isinstance(v, bytes) else str(v) for v in values.tolist())


def as_names(values: Array) -> list[str]:
    """Answers as class names: text as it is, whole numbers in decimal."""
    flat = values.reshape(-1)
    if flat.dtype.kind == "f" and (flat == np.floor(flat)).all():
        flat = flat.astype(np.int64)
    if flat.dtype.kind == "b":
        flat = flat.astype(np.int64)
    return ["" if v is None else str(v) for v in flat.tolist()]


def indexes_of(names: Sequence[str], labels: Sequence[str]) -> NDArray[np.int64]:
    """The index of each name among the labels; -1 for one that is none of them."""
    places = {label: i for i, label in enumerate(labels)}
    return np.array([places.get(name, -1) for name in names], np.int64)
