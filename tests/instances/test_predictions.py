"""Outputs as predictions: which field each role becomes."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest

from contract.batch import Batch
from contract.manifest import Manifest
from contract.tensors import Datatype, Output, Role
from service.instances.predictions import PredictionEncoder, is_whole, no_answer
from tests.repositories import untrained_manifest

LABELS = ("cat", "dog", "eel")
SCORES = np.array([[0.25, 0.5, 0.25], [3, -1, 2]], np.float32)


def output(name: str, datatype: Datatype, role: Role, *row: int, **fields: Any) -> Output:
    return Output(name=name, datatype=datatype, shape=(-1, *row), role=role, **fields)


def manifest_of(task: str, *outputs: Output) -> Manifest:
    labels = LABELS if task == "classification" else ()
    return untrained_manifest("m", b"graph", b"golden", task=task, outputs=outputs, labels=labels)


def encoded(manifest: Manifest, **outputs: Any) -> Any:
    """The predictions as a client reads them."""
    predictions = PredictionEncoder(manifest).encode(Batch(outputs))
    return orjson.loads(orjson.dumps(predictions, option=orjson.OPT_SERIALIZE_NUMPY))


@pytest.mark.parametrize(
    ("label", "values"),
    [
        (output("c", "INT64", "label", encoding="index"), np.array([2, 0])),
        (output("c", "INT32", "label", 1, encoding="index"), np.array([[2], [0]], np.int32)),
        (output("c", "BYTES", "label", encoding="value"), np.array(["eel", "cat"], object)),
        (output("c", "BYTES", "label", 1, encoding="value"), np.array([["eel"], ["cat"]], object)),
    ],
    ids=["index", "column of indices", "text", "column of texts"],
)
def test_a_label_is_the_name_of_the_class(label: Output, values: Any) -> None:
    """Not the class of the largest score: the graph's own answer stands."""
    scores = output("s", "FP32", "probabilities", 3)
    manifest = manifest_of("classification", label, scores)
    assert encoded(manifest, c=values, s=SCORES) == [
        {"label": "eel", "probabilities": SCORES[0].tolist()},
        {"label": "cat", "probabilities": SCORES[1].tolist()},
    ]
    assert PredictionEncoder(manifest).labels(Batch({"c": values, "s": SCORES})) == ["eel", "cat"]


def test_a_label_that_is_its_own_value_is_written_as_text() -> None:
    """A model of the classes 3, 5 and 8 answers 5, not the sixth class."""
    label = output("c", "INT64", "label", encoding="value")
    labels = ("3", "5", "8")
    manifest = untrained_manifest(
        "m", b"graph", b"golden", task="classification", outputs=(label,), labels=labels
    )
    assert encoded(manifest, c=np.array([5, 8])) == [{"label": "5"}, {"label": "8"}]


@pytest.mark.parametrize("role", ["probabilities", "scores"])
def test_without_a_label_the_largest_score_says(role: Role) -> None:
    manifest = manifest_of("classification", output("s", "FP32", role, 3))
    found = encoded(manifest, s=SCORES)
    assert [p["label"] for p in found] == ["dog", "cat"]
    assert [list(p) for p in found] == [["label", role]] * 2
    assert PredictionEncoder(manifest).labels(Batch({"s": SCORES})) == ["dog", "cat"]


def test_probabilities_say_before_scores() -> None:
    outputs = (output("s", "FP32", "scores", 3), output("p", "FP32", "probabilities", 3))
    found = encoded(manifest_of("classification", *outputs), s=SCORES, p=SCORES[:, ::-1].copy())
    assert [p["label"] for p in found] == ["dog", "eel"]
    assert found[0]["scores"] == SCORES[0].tolist()


@pytest.mark.parametrize("row", [(), (1,), (1, 1)])
def test_one_value_is_a_number(row: tuple[int, ...]) -> None:
    manifest = manifest_of("regression", output("y", "FP32", "value", *row))
    values = np.array([1.5, -2], np.float32).reshape(2, *row)
    assert encoded(manifest, y=values) == [{"value": 1.5}, {"value": -2.0}]
    assert PredictionEncoder(manifest).labels(Batch({"y": values})) is None


@pytest.mark.parametrize("datatype", ["FP16", "FP32", "FP64"])
def test_several_values_and_their_interval_are_arrays(datatype: Datatype) -> None:
    outputs = (
        output("y", datatype, "value", 2),
        output("i", datatype, "interval", 2, level=0.9),
    )
    dtype = outputs[0].dtype
    found = encoded(
        manifest_of("regression", *outputs),
        i=np.array([[0, 2], [1, 3]], dtype), y=np.array([[1, 2], [3, 4]], dtype),
    )  # fmt: skip
    assert found == [
        {"value": [1.0, 2.0], "interval": [0.0, 2.0]},
        {"value": [3.0, 4.0], "interval": [1.0, 3.0]},
    ]


def test_other_outputs_stand_beside_by_their_names() -> None:
    manifest = manifest_of(
        "classification",
        output("label", "INT64", "label", encoding="index"),
        output("embedding", "FP16", "activation", 2),
        output("why", "FP32", "attribution", 1, 2),
        output("words", "BYTES", "other", 2),
        output("flag", "BOOL", "other"),
        output("count", "INT64", "other", 1),
    )
    found = encoded(
        manifest,
        label=np.array([1]),
        embedding=np.array([[0.5, 1]], np.float16),
        why=np.array([[[1, 2]]], np.float32),
        words=np.array([["a", "ä"]], object),
        flag=np.array([True]),
        count=np.array([[7]]),
    )
    assert found == [
        {
            "label": "dog",
            "outputs": {
                "embedding": [0.5, 1.0],
                "why": [[1.0, 2.0]],
                "words": ["a", "ä"],
                "flag": True,
                "count": [7],
            },
        }
    ]


def test_a_model_of_other_outputs_alone_has_nothing_else() -> None:
    manifest = manifest_of("other", output("y", "FP64", "other", 2))
    assert encoded(manifest, y=np.eye(2)) == [
        {"outputs": {"y": [1.0, 0.0]}},
        {"outputs": {"y": [0.0, 1.0]}},
    ]
    assert PredictionEncoder(manifest).labels(Batch({"y": np.eye(2)})) is None


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_no_answer(wrong: float) -> None:
    manifest = manifest_of("regression", output("y", "FP32", "value"))
    outputs = Batch({"y": np.array([1, wrong, np.nan], np.float32)})
    found = PredictionEncoder(manifest).without_answer(outputs)
    assert found == dict.fromkeys([1, 2], manifest.outputs[0])
    assert no_answer(found[1]).startswith("has no answer: the model's value is not a finite")


@pytest.mark.parametrize(
    ("number", "text", "whole"),
    [(1.0, "Oslo", True), (np.nan, "Oslo", False), (-np.inf, "Oslo", False), (1.0, "", False)],
)
def test_a_row_is_whole_if_no_value_is_missing_or_infinite(
    number: float, text: str, whole: bool
) -> None:
    numbers, texts = np.array([[number, 2]], np.float32), np.array([[text]], object)
    assert is_whole(Batch({"x": numbers, "n": np.array([3]), "town": texts})) == whole


def test_large_numbers_whose_sum_is_none_are_answered() -> None:
    manifest = manifest_of("regression", output("y", "FP32", "value"))
    most = np.finfo(np.float32).max
    found = encoded(manifest, y=np.array([most, most], np.float32))
    assert found == [{"value": float(most)}] * 2


def test_other_outputs_may_hold_what_json_has_no_number_for() -> None:
    manifest = manifest_of("other", output("y", "FP32", "other"))
    found = encoded(manifest, y=np.array([np.nan, 1], np.float32))
    assert found == [{"outputs": {"y": None}}, {"outputs": {"y": 1.0}}]
