"""Golden samples, and what training saw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from contract.batch import Batch
from contract.brightness import image_range
from tests.training.importing.models import X, imported, linear, made, node
from tests.training.importing.test_inputs import TABLE, table
from training.errors import ImportModelError
from training.importing.golden import golden_rows

ABC = ("a", "b", "c")


def test_golden_rows_are_of_each_class_and_of_missing_values() -> None:
    numbers = np.arange(100, dtype=np.float32)
    numbers[37] = np.nan
    words = np.array([f"w{i}" for i in range(100)], dtype=object)
    words[58] = ""
    classes = np.zeros(100, np.int64)
    classes[[71, 83]] = 1, 2
    batch = Batch({"n": numbers, "w": words})
    rows = golden_rows(batch, classes)
    assert {37, 58, 71, 83} <= set(rows.tolist())
    assert len(rows) == 20
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, golden_rows(batch, classes))


def test_golden_rows_of_large_samples_are_few() -> None:
    pixels = np.broadcast_to(np.uint8(0), (50, 1024, 1024))
    assert len(golden_rows(Batch({"x": pixels}), None)) == 4
    numbers = np.zeros((5, 2048, 1024), np.float32)
    numbers[3, 7, 7] = np.nan
    assert golden_rows(Batch({"x": numbers}), None).tolist() == [0, 3]


def test_a_text_that_an_archive_would_cut_is_no_golden_row() -> None:
    words = np.array(["a", "b\0", "c"], dtype=object)
    assert golden_rows(Batch({"w": words}), None).tolist() == [0, 2]


def test_what_training_saw_is_recorded_where_told(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    TABLE.write_parquet(path)
    assert imported(tmp_path, table(), path).manifest.inputs[0].seen == ()
    age, town = imported(tmp_path, table(), path, seen=True).manifest.inputs
    assert age.seen[0].model_dump() == {
        "content": "number",
        "range": {"low": 1.5, "high": 2.0},
        "missing": pytest.approx(1 / 3),
        "histogram": {"edges": (1.5,), "shares": (0.5, 0.5), "values": 2},
    }
    assert town.seen[0].model_dump() == {
        "content": "category",
        "categories": ("Oslo", "Rome"),
        "missing": pytest.approx(1 / 3),
        "shares": (0.5, 0.5),
        "rows": 2,
    }


def test_what_training_saw_of_arrays_texts_and_images(tmp_path: Path) -> None:
    plain = imported(tmp_path, linear(), {"x": X}, labels=ABC, seen=True).manifest.inputs[0]
    (range_,) = plain.seen
    assert range_.model_dump()["range"] == {"low": float(X.min()), "high": float(X.max())}
    # The numbers of one row depend on one another, so that no test of a distribution holds.
    assert range_.model_dump()["histogram"] is None
    graph = made(
        [node("Identity", ["note"], "same"), node("Cast", ["images"], "value", to=1)],
        {"images": ("UINT8", ["n", 8, 9]), "note": ("BYTES", ["n", 1])},
        {"same": ("BYTES", ["n", 1]), "value": ("FP32", ["n", 8, 9])},
    )
    pictures = np.zeros((2, 8, 9), np.uint8)
    pictures[:, 2:6, 2:6] = [[[100]], [[240]]]
    arrays = {"images": pictures, "note": np.array(["abc", ""])}
    options: dict[str, Any] = {"task": "regression", "inputs": {"note": "text"}, "seen": True}
    image, note = imported(tmp_path, graph, arrays, **options).manifest.inputs
    assert note.seen[0].model_dump() == {
        "content": "text",
        "characters": {"low": 3.0, "high": 3.0},
        "missing": 0.5,
        "histogram": {"edges": (), "shares": (1.0,), "values": 1},
    }
    assert image.seen == (image_range(pictures),)


def test_a_column_without_a_number_was_never_seen(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    TABLE.with_columns(age=pl.lit(None, pl.Float64)).write_parquet(path)
    with pytest.raises(ImportModelError, match="column 'age' holds no number in any sample"):
        imported(tmp_path, table(), path, seen=True, task="regression")
