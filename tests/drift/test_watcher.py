"""Requests are sampled and counted, and watching never fails one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.batch import Array, Batch
from contract.seen import NumberRange, Range, TextRange
from contract.tensors import Input
from service.drift.input_fields import fields_of_input
from service.drift.sources import MISSING, UNSEEN, Codes, sources_of
from service.drift.verdict import judge
from service.drift.watcher import DriftWatcher
from service.serving.served import Served
from service.settings import Settings
from tests.drift.models import loans_model, pictures, pictures_model, rows
from tests.repositories import other_model, regression_model
from tests.serving.loading import load_models

ALL = 100_000


def served_of(path: Path) -> Served:
    return load_models(Settings(models_dir=path.parent.parent)).get(path.parent.name)


def watch(served: Served, batches: Sequence[Batch], per_second: int = ALL) -> DriftWatcher:
    """A watcher that was told of these requests, within one tick."""
    watcher = DriftWatcher(served, per_second)
    served.watch(watcher)

    async def ask() -> None:
        for batch in batches:
            await served.infer(batch)
        watcher.fold()

    asyncio.run(ask())
    return watcher


def statuses(watcher: DriftWatcher) -> dict[str, str]:
    found = judge(watcher.tally, watcher.windows.recent().counted)
    return {finding.name: finding.status for finding in found.values()}


@pytest.fixture
def loans(tmp_path: Path) -> Served:
    return served_of(loans_model(tmp_path))


def test_counts_are_those_of_the_rows(loans: Served) -> None:
    """However the rows are divided into requests."""
    whole = rows(1000, seed=1)
    watcher = watch(loans, whole.split([1, 9, 990]))
    counted = watcher.windows.since_start().counted
    assert counted[0] == 1000
    age = whole["age"][:, 0].astype(np.float64)
    income, town = whole["income"][:, 0], whole["town"][:, 0]
    ages = watcher.tally.of_number(counted, 0)
    edges = watcher.tally.numbers[0].edges
    assert ages.missing == 0
    assert (
        ages.bins.tolist()
        == np.histogram(age, [-np.inf, *np.nextafter(edges, np.inf), np.inf])[0].tolist()
    )
    assert watcher.tally.of_number(counted, 1).missing == int(np.isnan(income).sum())
    towns = watcher.tally.of_category(counted, 0)
    assert towns.missing == int((town == "").sum())
    assert towns.unseen == 0
    assert towns.categories.tolist() == [
        *(int((town == name).sum()) for name in ("Oslo", "Bergen", "Moss")), 0,
    ]  # fmt: skip


def test_rows_like_trainings_are_ok(loans: Served) -> None:
    assert set(statuses(watch(loans, [rows(1000, seed=1)])).values()) == {"ok"}


@pytest.mark.parametrize(
    ("shift", "drifting"),
    [
        ({"age": 12.0}, {"age", "label", "confidence"}),
        ({"missing": 0.3}, {"income"}),
        ({"unseen": 0.1}, {"town"}),
    ],
)
def test_what_differs_is_named(loans: Served, shift: dict[str, float], drifting: set[str]) -> None:
    found = statuses(watch(loans, [rows(1000, seed=1, **shift)]))
    alarmed = {name for name, status in found.items() if status == "drifting"}
    assert min(drifting) in alarmed
    assert alarmed <= drifting


def test_few_rows_are_not_judged(loans: Served) -> None:
    found = statuses(watch(loans, [rows(99, seed=1, age=100.0)]))
    assert set(found.values()) == {"too_few_rows"}


def test_pictures_unlike_trainings_drift(tmp_path: Path) -> None:
    served = served_of(pictures_model(tmp_path))
    alike = watch(served, [Batch({"images": pictures(200, seed=1)})])
    assert {v for k, v in statuses(alike).items() if k.startswith("images")} == {"ok"}
    counted = watch(served, [Batch({"images": 255 - pictures(200, seed=1)})])
    assert statuses(counted)["images"] == "drifting"
    unlike = counted.tally.of_number(counted.windows.recent().counted, 0)
    assert unlike.above == 200


def test_a_tick_has_so_many_rows_evenly_taken(loans: Served) -> None:
    whole = rows(1000, seed=1)
    watcher = watch(loans, [whole, whole], per_second=200)
    counted = watcher.windows.since_start().counted
    assert counted[0] == 20
    missing = watcher.tally.of_number(counted, 1).missing
    assert missing == int(np.isnan(whole["income"][::50]).sum())


def test_the_next_tick_counts_again(loans: Served) -> None:
    watcher = DriftWatcher(loans, 200)
    loans.watch(watcher)

    async def ask() -> None:
        for seed in range(2):
            await loans.infer(rows(1000, seed=seed))
            await loans.infer(rows(1000, seed=seed))
            while watcher.windows.since_start().counted[0] < 20 * (seed + 1):
                await asyncio.sleep(0.02)

    asyncio.run(asyncio.wait_for(ask(), 10))
    assert watcher.windows.since_start().counted[0] == 40


class Broken:
    """A source that fails when it keeps, or when it counts."""

    fields = ()

    def __init__(self, where: str) -> None:
        self._where = where

    def keep(self, batch: Batch, rows: slice) -> Array:
        if self._where == "keep":
            raise RuntimeError("cannot keep")
        return np.zeros((1, 0))

    def values(self, kept: Array) -> Codes:
        raise RuntimeError("cannot count")


@pytest.mark.parametrize("where", ["keep", "values"])
def test_a_failure_of_watching_fails_no_request(
    loans: Served, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    watcher = DriftWatcher(loans, ALL)
    watcher.inputs.append(Broken(where))
    loans.watch(watcher)

    async def ask() -> None:
        for _ in range(3):
            assert len(await loans.infer(rows(5, seed=1))) == 5
            watcher.fold()

    asyncio.run(ask())
    assert len([r for r in caplog.records if "no longer watched" in r.message]) == 1
    assert watcher.windows.since_start().counted[0] == 0


def column(content: str, datatype: str, **fields: Any) -> Input:
    spec = {"name": "c", "datatype": datatype, "shape": (-1,), "content": content, **fields}
    return Input.model_validate(spec)


def values_of(tensor: Input, array: Array) -> Any:
    (source,) = sources_of((tensor,))
    return source.values(source.keep(Batch({"c": array}), slice(None)))


def test_of_texts_the_length_alone_is_kept() -> None:
    seen = TextRange(content="text", characters=Range(low=1, high=9), missing=0)
    tensor = column("text", "BYTES", columns=("c",), seen=(seen.model_dump(),))
    (source,) = sources_of((tensor,))
    texts = np.array(["secret", "", "é"], object)
    kept = source.keep(Batch({"c": texts}), slice(None))
    assert kept.dtype == np.float64
    np.testing.assert_array_equal(kept, [[6], [np.nan], [1]])


def test_categories_are_read_as_the_graph_reads_them() -> None:
    seen = {"content": "category", "categories": ("yes", "no"), "missing": 0.0}
    tensor = column("category", "BYTES", columns=("c",), seen=(seen,))
    texts = ["yes", " yes", "YES", "no", "", "N/A", "maybe", " "]
    found = values_of(tensor, np.array(texts, object))
    assert found[:, 0].tolist() == [0, 0, 0, 1, MISSING, MISSING, UNSEEN, MISSING]


def test_categories_may_be_whole_numbers() -> None:
    seen = {"content": "category", "categories": ("3", "7"), "missing": 0.0}
    tensor = column("category", "INT64", columns=("c",), seen=(seen,))
    assert values_of(tensor, np.array([7, 3, 5]))[:, 0].tolist() == [1, 0, UNSEEN]


def test_of_an_array_the_farthest_number_counts() -> None:
    seen = NumberRange(content="number", range=Range(low=0, high=10), missing=0)
    tensor = column("number", "FP32", seen=(seen.model_dump(),)).model_copy(
        update={"shape": (-1, 3)}
    )
    array = np.array([[1, 2, 3], [4, 99, 5], [-7, 10, 0], [1, np.nan, 99]], np.float32)
    found = values_of(tensor, array)[:, 0]
    np.testing.assert_array_equal(found, [1, 99, -7, np.nan])
    (field,) = fields_of_input(tensor, 0)
    assert field.content == "array"


@pytest.mark.parametrize("make", [regression_model, other_model])
def test_models_without_references_are_counted_but_not_judged(tmp_path: Path, make: Any) -> None:
    served = served_of(make(tmp_path))
    (tensor,) = served.manifest.inputs
    batch = Batch({tensor.name: np.ones((200, *tensor.row), tensor.dtype)})
    watcher = watch(served, [batch])
    assert watcher.windows.recent().counted[0] == 200
    assert set(statuses(watcher).values()) == {"no_reference"}
