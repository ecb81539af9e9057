"""`compare`: which models answer the same instances, and where they agree."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.errors import InvalidError, TooLargeError
from service.serving.repository import Models
from service.settings import Settings
from service.verbs.compare import Compare
from tests.repositories import image_model, other_model, regression_model, table_model, tiny_model
from tests.serving.loading import load_models

DIGITS = tuple("0123456789")
LARGE = np.random.default_rng(1).integers(0, 256, (4, 28, 28), np.uint8).tolist()
SMALL = np.random.default_rng(2).integers(0, 256, (4, 8, 8), np.uint8).tolist()
LOAN = {"age": 70, "income": 3000, "town": "Oslo"}


def compare_of(root: Path, **changes: Any) -> tuple[Models, Compare]:
    settings = Settings(models_dir=root, default_model="none", **changes)
    models = load_models(settings)
    return models, Compare(models, settings)


def ask(compare: Compare, instances: Any) -> dict[str, Any]:
    """As a request is answered."""
    request = compare.request(instances)
    return compare.encode(request, asyncio.run(compare.run(request)))


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """Two models of large images, two of small ones, a table and a regression."""
    tiny_model(tmp_path, "large-a", seed=1)
    tiny_model(tmp_path, "large-b", seed=2)
    image_model(tmp_path, "small-a", 8, 8, DIGITS, seed=3)
    image_model(tmp_path, "small-b", 8, 8, DIGITS, seed=4)
    table_model(tmp_path, "loans")
    regression_model(tmp_path, "prices")
    return tmp_path


def names(listed: list[dict[str, Any]]) -> list[str]:
    return [one["model"] for one in listed]


@pytest.mark.parametrize(
    ("instances", "answer"),
    [
        (LARGE, ["large-a", "large-b"]),
        (SMALL, ["small-a", "small-b"]),
        ([LOAN, LOAN | {"age": None}], ["loans"]),
        ([[1, 2, 3]], ["prices"]),
    ],
    ids=["large images", "small images", "rows by column", "rows as arrays"],
)
def test_only_those_are_skipped_that_do_not_take_the_instances(
    several: Path, instances: list[Any], answer: list[str]
) -> None:
    models, compare = compare_of(several)
    document = ask(compare, instances)
    assert names(document["models"]) == answer
    assert all(len(m["predictions"]) == len(instances) for m in document["models"])
    assert names(document["skipped"]) == [n for n in models.names if n not in answer]
    assert all(one["version"] == "1" for one in document["skipped"])
    assert document["refused"] == []


def test_a_skipped_model_says_what_it_takes(several: Path) -> None:
    reasons = {s["model"]: s["reason"] for s in ask(compare_of(several)[1], SMALL)["skipped"]}
    assert reasons["large-a"].startswith("instances[0] has 8 rows; it must have 28, or base64 text")
    assert reasons["large-a"] == reasons["large-b"]
    assert "a row is an object with a value for each column: age, income" in reasons["loans"]
    assert reasons["prices"] == "instances[0] has 8 values; the model takes 3: rooms, area, year"


def test_an_instance_that_no_model_takes_is_an_error_with_every_reason(several: Path) -> None:
    _, compare = compare_of(several)
    with pytest.raises(InvalidError) as caught:
        compare.request([[[1] * 5] * 5])
    message = str(caught.value)
    assert message.startswith("no model takes these instances: ")
    for reason in ("it must have 28,", "it must have 8,", "age, income, town", "rooms"):
        assert message.count(reason) == 1
    assert (caught.value.status, caught.value.loc) == (422, ["instances"])


def test_where_all_models_take_the_same_the_error_is_its_own(tmp_path: Path) -> None:
    tiny_model(tmp_path, "a", seed=1)
    tiny_model(tmp_path, "b", seed=2)
    _, compare = compare_of(tmp_path)
    with pytest.raises(InvalidError) as caught:
        compare.request([*LARGE, [[256] * 28] * 28])
    assert str(caught.value).startswith("instances[4][0][0] is 256; a pixel is")
    assert caught.value.loc == ["instances", 4, 0, 0]


def test_too_many_instances_are_no_reason_to_skip(several: Path) -> None:
    _, compare = compare_of(several, max_rows=3)
    with pytest.raises(TooLargeError, match="at most 3 are allowed"):
        compare.request(LARGE)


def test_models_of_the_same_classes_agree_or_not(several: Path) -> None:
    _, compare = compare_of(several)
    document = ask(compare, LARGE)
    first, second = ([p["label"] for p in m["predictions"]] for m in document["models"])
    assert document["agree"] == [a == b for a, b in zip(first, second, strict=True)]
    assert len(set(document["agree"])) == 2, "the samples must show both"


def test_models_of_other_classes_say_nothing_of_agreement(tmp_path: Path) -> None:
    """Two of the digits, one of two letters: the digits are compared with each other."""
    image_model(tmp_path, "a", 8, 8, DIGITS, seed=3)
    image_model(tmp_path, "b", 8, 8, DIGITS[::-1], seed=3)  # the same classes in another order
    image_model(tmp_path, "c", 8, 8, ("x", "y"), seed=3)
    document = ask(compare_of(tmp_path)[1], SMALL)
    assert names(document["models"]) == ["a", "b", "c"]
    a, b, _ = ([p["label"] for p in m["predictions"]] for m in document["models"])
    assert document["agree"] == [x == y for x, y in zip(a, b, strict=True)]


def test_every_group_of_the_same_classes_must_agree(tmp_path: Path) -> None:
    for name, labels, seed in (("a", DIGITS, 3), ("b", DIGITS, 3), ("c", "xy", 5), ("d", "xy", 6)):
        image_model(tmp_path, name, 8, 8, tuple(labels), seed)
    document = ask(compare_of(tmp_path)[1], SMALL)
    c, d = ([p["label"] for p in m["predictions"]] for m in document["models"][2:])
    assert document["agree"] == [x == y for x, y in zip(c, d, strict=True)]
    assert not all(document["agree"])


@pytest.mark.parametrize("write", [table_model, regression_model, other_model])
def test_where_nothing_can_be_compared_agreement_is_null(tmp_path: Path, write: Any) -> None:
    """One classifier alone, and models that do not classify."""
    write(tmp_path, "a")
    instances = {
        table_model: [LOAN], regression_model: [[1, 2, 3]], other_model: [[[1, 2], [3, 4]]],
    }[write]  # fmt: skip
    if write is not table_model:
        write(tmp_path, "b")
    document = ask(compare_of(tmp_path)[1], instances)
    assert len(document["models"]) == (1 if write is table_model else 2)
    assert document["agree"] is None


def test_a_table_and_an_equal_table_are_decoded_once(tmp_path: Path) -> None:
    """The same arrays, not equal ones."""
    table_model(tmp_path, "a")
    table_model(tmp_path, "b")
    request = compare_of(tmp_path)[1].request([LOAN])
    (_, first), (_, second) = request.runs
    assert first is second


def test_answers_in_the_process_are_those_of_a_request(several: Path) -> None:
    _, compare = compare_of(several)
    request = compare.request([LOAN])
    asked, answered = ask(compare, [LOAN]), compare.answer(request)
    assert asked["models"][0]["predictions"][0]["label"] == "yes"
    assert [p["label"] for p in answered["models"][0]["predictions"]] == ["yes"]
    assert asked.keys() == answered.keys()
