"""Models of tables, arrays and images of any size, on the command line."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from contract.batch import Batch
from contract.repository import entries
from service.inference.session import load
from service.score import Scorer
from service.settings import Settings
from tests.score.conftest import Score
from tests.score.sources import png

ROWS = {
    "id": [7, 8, 9, 10],
    "town": ["Oslo", None, "Bergen", "Paris"],
    "income": [500.0, 2000.0, None, 1e4],
    "age": [25, 70, None, 41],
}


def answers(models: Path, name: str, **arrays: Any) -> Batch:
    """What a model answers, asked directly."""
    (entry,) = [e for e in entries(models) if e.name == name]
    return load(entry, Settings(models_dir=models)).predict(Batch(arrays))


def loans(models: Path) -> Batch:
    nan = math.nan
    return answers(
        models, "loans",
        age=np.array([[25], [70], [nan], [41]], np.float32),
        income=np.array([[500], [2000], [nan], [1e4]], np.float32),
        town=np.array([["Oslo"], [""], ["Bergen"], ["Paris"]], object),
    )  # fmt: skip


def write(frame: pl.DataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".gz":
        frame.write_csv(path, compression="gzip")
    else:
        frame.write_csv(path, separator="\t" if path.suffix == ".tsv" else ",")
    return path


@pytest.mark.parametrize("name", ["in.parquet", "in.csv", "in.csv.gz", "in.tsv"])
def test_columns_are_taken_by_name_and_null_is_missing(
    name: str, score: Score, models: Path, tmp_path: Path
) -> None:
    source = write(pl.DataFrame(ROWS), tmp_path / name)
    assert score(source, tmp_path / "out", "--model", "loans", "--batch-rows", 3) == 0
    out = pl.read_parquet(tmp_path / "out")
    expected = loans(models)
    assert out.columns == [*ROWS, "label", "probabilities", "model", "version"]
    assert out["label"].to_list() == expected["approved"].tolist()
    np.testing.assert_allclose(out["probabilities"].to_numpy(), expected["probabilities"])
    assert out["id"].cast(pl.Int64).to_list() == ROWS["id"]
    assert out["town"].to_list() == ROWS["town"]


def test_a_regression_gives_value_and_interval(score: Score, models: Path, tmp_path: Path) -> None:
    frame = pl.DataFrame({"year": [1, 2], "area": [3.5, 4.5], "rooms": [5, 6]})
    source = write(frame, tmp_path / "in.parquet")
    assert score(source, tmp_path / "out", "--model", "prices", "--prefix", "my_") == 0
    out = pl.read_parquet(tmp_path / "out")
    assert out.columns == [
        "year", "area", "rooms", "my_value", "my_interval", "my_model", "my_version",
    ]  # fmt: skip
    assert out["my_value"].to_list() == [58.0, 71.0]
    assert out["my_interval"].to_list() == [[57.0, 59.0], [70.0, 72.0]]
    assert out["my_value"].dtype == pl.Float32


@pytest.mark.parametrize(
    "dtype", [pl.Array(pl.Float64, (2, 2)), pl.List(pl.List(pl.Int8)), pl.List(pl.Float32)]
)
def test_arrays_give_other_outputs_by_their_names(dtype: Any, score: Score, tmp_path: Path) -> None:
    cells: list[Any] = [[[1, 2], [3, 4]], [[5, 6], [7, 9]]]
    if dtype == pl.List(pl.Float32):
        cells = [[1, 2, 3, 4], [5, 6, 7, 9]]
    frame = pl.DataFrame({"id": [1, 2], "wave": pl.Series(cells, dtype=dtype)})
    source = write(frame, tmp_path / "in.parquet")
    assert score(source, tmp_path / "out", "--model", "sums") == 0
    out = pl.read_parquet(tmp_path / "out")
    assert out.columns == ["id", "sums", "largest", "model", "version"]
    assert out["sums"].to_list() == [[4.0, 6.0], [12.0, 15.0]]
    assert out["largest"].to_list() == [1, 1]


def test_images_of_another_size_give_labels_and_scores(
    score: Score, models: Path, tmp_path: Path
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 5, 7), np.uint8)
    frame = pl.DataFrame({"picture": [png(image) for image in images]})
    source = write(frame, tmp_path / "in.parquet")
    assert score(source, tmp_path / "out", "--model", "signs") == 0
    out = pl.read_parquet(tmp_path / "out")
    expected = answers(models, "signs", images=images)
    assert out.columns == ["label", "scores", "model", "version"]
    assert out["label"].to_list() == [("stop", "go")[i] for i in expected["label"]]
    np.testing.assert_allclose(out["scores"].to_numpy(), expected["scores"], rtol=1e-6)


MIXED = {
    "signal": pl.Series([[1, 1, 1, 1], [2, 2, 2, 2]], dtype=pl.List(pl.Float64)),
    "note": ["a", "b"],
    "sold": [True, False],
    "photo": pl.Series([[1, 2, 3, 4, 5, 6], [9] * 6], dtype=pl.List(pl.UInt8)),
    "rooms": [3, 4],
}


def test_several_inputs_are_found_by_their_names(score: Score, tmp_path: Path) -> None:
    frame = pl.DataFrame(MIXED)
    assert score(write(frame, tmp_path / "in.parquet"), tmp_path / "out", "--model", "houses") == 0
    out = pl.read_parquet(tmp_path / "out")
    assert out.columns == ["note", "sold", "rooms", "value", "model", "version"]
    assert out["value"].to_list() == [21 + 1 + 3 + 4, 54 + 4 + 8]


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("loans", {"age": ["x"] * 4}, 'column "age" of {} is of type String; the model takes a number'),
    ("loans", {"age": [True] * 4}, 'column "age" of {} is of type Boolean; the model takes a num'),
    ("loans", {"town": [1.5] * 4}, 'column "town" of {} is of type Float64; the model takes text'),
    ("loans", {"town": None}, '{} lacks the column "town" of the model; its columns are "id"'),
    ("loans", {"town": None, "age": None}, '{} lacks the columns "age", "town" of the model'),
    ("loans", {"label": [1] * 4}, 'column "label" of the source has the name of a column of res'),
    ("loans", {"age": [1, 2, 3, 1e39]}, 'row 3 of {}, column "age", is 1e+39; the column takes a'),
    ("loans", {"age": [1, math.inf, 3, 4]}, 'row 1 of {}, column "age", is Infinity; the column'),
    ("houses", {"photo": None}, '{} has no column "photo"; --column may name '),
    ("houses", {"sold": [True, None]}, 'row 1 of {}, column "sold", is null; the column takes tr'),
    ("houses", {"rooms": [1, None]}, 'row 1 of {}, column "rooms", is null; the column takes an'),
    ("houses", {"rooms": [1.0, 2.0]}, 'column "rooms" of {} is of type Float64; the model takes'),
    ("houses", {"signal": [[1.0] * 4, [1.0] * 3]}, 'row 1 of {}, column "signal", holds 3 value'),
    ("houses", {"signal": [[1.0] * 4, None]}, 'row 1 of {}, column "signal", is null; it must'),
    (
        "houses", {"signal": [[1.0] * 4, [1.0, math.nan, 1.0, 1.0]]},
        'row 1 of {}, column "signal", holds NaN; an element is a number up to 3.40282e+38',
    ),
    ("houses", {"signal": [["a"] * 4] * 2}, 'column "signal" of {} is of type List(String), which'),
]  # fmt: skip


@pytest.mark.parametrize(("model", "changes", "sentence"), BAD)
def test_one_sentence_names_column_value_and_what_it_takes(
    model: str, changes: dict[str, Any], sentence: str, score: Score, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    columns = {**(ROWS if model == "loans" else MIXED), **changes}
    frame = pl.DataFrame({name: v for name, v in columns.items() if v is not None}, strict=False)
    source = write(frame, tmp_path / "in.parquet")
    assert score(source, tmp_path / "out", "--model", model) == 1
    said = capsys.readouterr().err
    assert f"error: {sentence.format(source)}" in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_bad_row_is_null_with_its_reason(score: Score, models: Path, tmp_path: Path) -> None:
    columns = ROWS | {"age": ["25", "seventy", "", "41"], "income": ["500", "x", "", "1e4"]}
    source = write(pl.DataFrame(columns), tmp_path / "in.csv")
    for rows in (2, 100):
        target = tmp_path / f"{rows}"
        options = ("--model", "loans", "--on-error", "null", "--batch-rows", rows)
        assert score(source, target, *options) == 0
        out = pl.read_parquet(target)
        expected = loans(models)
        label = expected["approved"].tolist()
        assert out["label"].to_list() == [label[0], None, *label[2:]]
        assert out["probabilities"].is_null().to_list() == [False, True, False, False]
        assert out["error"].to_list() == [
            None,
            f'row 1 of {source}, column "age", is "seventy"; the column takes a number up to '
            "3.40282e+38, or nothing",
            None,
            None,
        ]


CODES = {"code": [0, 7, 1, 2, -9, 2], "scale": [1.0, 1.0, 2.0, None, 1.0, 0.5]}
NO_NUMBER = "has no answer: the model's value is not a finite number, as where it has no rule for a"


@pytest.mark.parametrize("rows", [1, 4, 100])
def test_a_row_without_an_answer_is_null_with_its_reason(
    rows: int, score: Score, tmp_path: Path
) -> None:
    """One that the model fails on, and one that it answers with NaN; the others are answered."""
    source = write(pl.DataFrame(CODES), tmp_path / "in.parquet")
    target = tmp_path / "out"
    options = ("--model", "lookup", "--on-error", "null", "--batch-rows", rows)
    assert score(source, target, *options) == 0
    out = pl.read_parquet(target)
    assert out["value"].to_list() == [10, None, 40, None, None, 15]
    unknown = "has no answer: lookup cannot answer these rows ("
    wanted = {1: unknown, 3: NO_NUMBER, 4: unknown}
    for row, error in enumerate(out["error"].to_list()):
        if row not in wanted:
            assert error is None
        else:
            assert error.startswith(f"row {row} of {source} {wanted[row]}")


@pytest.mark.parametrize(
    ("start", "sentence"),
    [(0, "row 1 of {} has no answer: lookup"), (2, f"row 1 of {{}} {NO_NUMBER}")],
)
def test_a_row_without_an_answer_fails_the_run_unless_null_is_wanted(
    start: int, sentence: str, score: Score, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(pl.DataFrame(CODES)[start:], tmp_path / "in.csv")
    assert score(source, tmp_path / "out", "--model", "lookup") == 1
    said = capsys.readouterr().err
    assert f"error: {sentence.format(source)}" in said
    assert not (tmp_path / "out").exists()


def test_a_model_of_tables_needs_no_column_and_a_model_of_images_no_csv(
    score: Score, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(pl.DataFrame(ROWS), tmp_path / "in.csv")
    assert score(source, tmp_path / "o", "--model", "loans", "--column", "age") == 1
    said = capsys.readouterr().err
    assert "error: --column names the column of an image or an array, and the model" in said
    assert score(source, tmp_path / "o") == 1
    assert f"error: {source} is text, which holds no images; the model" in capsys.readouterr().err


def test_whole_numbers_are_text_where_the_model_takes_text(
    score: Score, models: Path, tmp_path: Path
) -> None:
    source = write(pl.DataFrame(ROWS | {"town": [1, 2, None, 4]}), tmp_path / "in.parquet")
    assert score(source, tmp_path / "out", "--model", "loans") == 0
    expected = answers(
        models, "loans",
        age=np.array([[25]], np.float32), income=np.array([[500]], np.float32),
        town=np.array([["1"]], object),
    )  # fmt: skip
    found = pl.read_parquet(tmp_path / "out")["probabilities"][0].to_list()
    np.testing.assert_allclose(found, expected["probabilities"][0])


def test_rows_do_not_depend_on_threads_or_batches(score: Score, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "age": rng.normal(40, 20, 3000),
            "income": rng.normal(1000, 900, 3000),
            "town": rng.choice(["Oslo", "Bergen", "Rome"], 3000),
        }
    )
    source = write(frame, tmp_path / "in.parquet")
    frames = []
    for threads, rows in [(1, 512), (3, 256), (2, 8192)]:
        options = ("--model", "loans", "--threads", threads, "--batch-rows", rows)
        assert score(source, tmp_path / f"{rows}", *options) == 0
        frames.append(pl.read_parquet(tmp_path / f"{rows}"))
    assert_frame_equal(frames[0], frames[1], check_exact=True)
    assert_frame_equal(frames[0], frames[2], check_exact=True)


def test_a_batch_of_arrays_is_scored_in_memory(models: Path) -> None:
    scorer = Scorer("loans", given=Settings(models_dir=models), on_error="null", threads=1)
    batch = {
        "id": np.arange(4),
        "age": np.array([25, 70, math.nan, 1e300]),
        "income": np.array([500, 2000, math.nan, 1e4]),
        "town": np.array(["Oslo", None, "Bergen", "Paris"], object),
    }
    found = scorer(batch)
    assert list(found) == [*batch, "label", "probabilities", "model", "version", "error"]
    label = loans(models)["approved"].tolist()
    assert found["label"].tolist() == [*label[:3], None]
    assert np.isnan(found["probabilities"]).all(axis=1).tolist() == [False, False, False, True]
    assert found["error"].tolist()[3].startswith('row 3 of a batch, column "age", is 1e+300; ')
    scorer.close()
