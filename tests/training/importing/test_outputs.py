"""Roles of outputs by what the samples show, and refusals of what they leave open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contract.batch import Batch
from contract.manifest import Task
from contract.tensors import Output
from training.errors import ImportModelError
from training.importing.evidence import Evidence
from training.importing.outputs import Meaning, describe_outputs

P = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.9, 0.1, 0.0]], np.float32)
BEST = P.argmax(axis=1)
LOGITS = np.log(P + 1e-3)
ABC = ("a", "b", "c")
_KINDS = {"f": "FP32", "i": "INT64", "O": "BYTES", "b": "BOOL"}


def described(
    labels: tuple[str, ...] = (),
    task: Task | None = None,
    told: dict[str, str] | None = None,
    /,
    **arrays: NDArray[Any],
) -> Meaning:
    """Roles of outputs with these answers."""
    outputs = [
        Output.model_validate(
            {
                "name": name,
                "datatype": _KINDS[array.dtype.kind],
                "shape": (-1, *array.shape[1:]),
                "role": "other",
            }
        )
        for name, array in arrays.items()
    ]
    return describe_outputs(Evidence(outputs, Batch(arrays), labels, told or {}), task)


def roles(meaning: Meaning) -> dict[str, str]:
    return {o.name: f"{o.role}-{o.encoding}" if o.encoding else o.role for o in meaning.outputs}


def texts(*values: str) -> NDArray[np.object_]:
    return np.array(values, dtype=object)


def test_an_index_is_what_equals_the_largest_score() -> None:
    found = described(ABC, y=BEST, p=P)
    assert (found.task, found.labels) == ("classification", ABC)
    assert roles(found) == {"y": "label-index", "p": "probabilities"}


def test_a_value_is_the_name_of_the_class_with_the_largest_score() -> None:
    assert roles(described(("5", "15", "25"), y=np.array([5, 15, 25, 5]), p=P)) == {
        "y": "label-value",
        "p": "probabilities",
    }
    # 0 and 1 are labels and indexes: the scores tell which.
    assert roles(described(("1", "0", "2"), y=np.array([1, 0, 2, 1]), p=P))["y"] == "label-value"
    assert roles(described(("1", "0", "2"), y=BEST, p=P))["y"] == "label-index"


def test_where_both_readings_are_one_it_is_an_index() -> None:
    assert roles(described(("0", "1", "2"), y=BEST, p=P))["y"] == "label-index"
    assert roles(described(("0", "1", "2"), y=BEST))["y"] == "label-index"


def test_text_is_a_value() -> None:
    found = described(ABC, y=texts("a", "b", "c", "a")[:, None], p=P)
    assert roles(found)["y"] == "label-value"


def test_a_tie_agrees_with_either_class() -> None:
    tied = np.array([[0.5, 0.5, 0.0]] * 2, np.float32)
    assert roles(described(ABC, y=np.array([0, 1]), p=tied))["y"] == "label-index"


def test_scores_are_what_does_not_sum_to_one() -> None:
    assert roles(described(ABC, y=BEST, probabilities=LOGITS)) == {
        "y": "label-index",
        "probabilities": "scores",
    }
    assert roles(described(ABC, p=P, logits=LOGITS)) == {"p": "probabilities", "logits": "scores"}


def test_floats_that_disagree_with_the_probabilities_are_other() -> None:
    assert roles(described(ABC, p=P, embedding=-LOGITS))["embedding"] == "other"


def test_what_is_no_answer_is_returned_as_it_is() -> None:
    found = described(ABC, p=P, leaf=np.array([7, 8, 9, 7])[:, None].repeat(2, 1), one=P[:, 0])
    assert roles(found) == {"p": "probabilities", "leaf": "other", "one": "other"}


def test_one_float_a_row_is_a_regression() -> None:
    found = described(price=np.array([[10], [20], [-5], [0]], np.float32))
    assert (found.task, found.labels, roles(found)) == ("regression", (), {"price": "value"})
    assert roles(described((), "regression", p=P[:, 0])) == {"p": "value"}
    found = described(
        (), "regression", {"b": "interval:0.9", "n": "other"}, v=P, b=P[:, :2], n=BEST
    )
    assert roles(found) == {"v": "value", "b": "interval", "n": "other"}
    assert found.outputs[1].level == 0.9


def test_another_task_has_no_roles() -> None:
    found = described((), "other", y=BEST, d=P)
    assert (found.task, roles(found)) == ("other", {"y": "other", "d": "other"})


def test_what_is_said_overrules_what_is_seen() -> None:
    wrong = np.array([0, 1, 2, 1])  # not the largest score of the last row, as a calibrated SVM
    found = described(ABC, None, {"y": "label-index"}, y=wrong, p=P)
    assert roles(found) == {"y": "label-index", "p": "probabilities"}
    assert roles(described(ABC, None, {"p": "other"}, y=BEST, p=P))["p"] == "other"
    assert roles(described(ABC, None, {"y": "label"}, y=BEST, p=P))["y"] == "label-index"
    assert roles(described(ABC, None, {"p": "probabilities"}, p=LOGITS)) == {"p": "probabilities"}


@pytest.mark.parametrize(
    ("labels", "arrays", "message"),
    [
        ((), {"p": P}, "does not hold the names of its classes; give at least two with --labels"),
        ((), {"logits": LOGITS}, "do not show what the model does; give --labels"),
        ((), {"y": BEST}, "do not show what the model does"),
        ((), {"a": LOGITS[:, 0], "b": LOGITS[:, 1]}, "--task regression, or --task other"),
        ((), {"p": P[:, :1]}, "all answers of output 'p' lie between 0 and 1"),
        (("a", "b"), {"p": P[:, :1]}, "if it is a logit give --sigmoid p"),
        (ABC, {"i0": P[:, 0], "i1": P[:, 1], "i2": P[:, 2]}, "zipmap.*--output i0=other"),
        (("a", "b"), {"p": P}, "has one number for each of the 2 labels"),
        (ABC, {"p": P, "q": P}, "outputs p and q may both be probabilities"),
        (ABC, {"p": P, "y": BEST, "z": BEST}, "outputs y and z may both be the label"),
        (ABC, {"p": P, "y": BEST + 1}, "answers '3', which is neither one of the labels a, b, c"),
        (ABC, {"p": P, "y": (BEST + 1) % 3}, "not the class with the largest score in 4 of 4"),
        (ABC, {"p": P, "y": texts("b", "a", "c", "b")}, "--labels in the order of the scores"),
        (ABC, {"p": P, "y": texts("a", "b", "d", "a")}, "answers 'd', which is neither"),
        (("1", "0", "2"), {"y": BEST}, "may be an index into the labels or a label's own value"),
        (("0", "2", "1"), {"y": BEST * 0, "p": P[[0] * 4]}, "may be an index"),
    ],
)
def test_what_is_open_or_contradicts_itself_is_refused(
    labels: tuple[str, ...], arrays: dict[str, NDArray[Any]], message: str
) -> None:
    with pytest.raises(ImportModelError, match=message):
        described(labels, **arrays)


@pytest.mark.parametrize(
    ("task", "told", "message"),
    [
        (None, {"z": "other"}, "--output z: the graph has no such output; it has y, p"),
        (None, {"p": "label"}, "--output p=label does not fit: it is FP32"),
        (None, {"y": "value"}, "--output y=value does not fit"),
        (None, {"y": "label-value"}, "answers '0', which is no value of the labels a, b, c"),
        ("regression", {"p": "other"}, "has one output of floats with the value"),
    ],
)
def test_a_role_that_does_not_fit_is_refused(
    task: Task | None, told: dict[str, str], message: str
) -> None:
    with pytest.raises(ImportModelError, match=message):
        described(ABC, task, told, y=BEST, p=P)


def test_answers_that_are_no_numbers_are_refused() -> None:
    holed = P.copy()
    holed[2] = np.nan
    with pytest.raises(ImportModelError, match=r"'p' is not a number in 1 of 4 .* row 3; put"):
        described(ABC, y=BEST, p=holed)
    assert roles(described(ABC, None, {"z": "other"}, y=BEST, p=P, z=holed))["z"] == "other"


def test_a_label_out_of_range_is_refused_even_where_it_is_told() -> None:
    with pytest.raises(ImportModelError, match="answers '3', which is no index of the labels"):
        described(ABC, None, {"y": "label-index"}, y=BEST + 1, p=P)
