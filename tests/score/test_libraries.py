"""Models of other libraries, imported and scored: equal to their own answers within 1e-5."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from skl2onnx import to_onnx
from sklearn.linear_model import LinearRegression

from service.settings import settings
from tests.score.conftest import Score
from tests.score.sources import png
from tests.training.importing.adult import adult_pipeline, adult_table
from tests.training.importing.estimators import DIABETES, FLOWERS, SPECIES, pipeline
from tests.training.importing.models import exported, imported
from tests.training.importing.networks import LABELS, PIXELS, SCRIPT, graph_of, own
from training.importing.pixels import parse_pixels

Scored = Callable[..., pl.DataFrame]


@pytest.fixture
def scored(score: Score, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scored:
    """The rows of a source with the answers of the model that the test has imported."""
    monkeypatch.setenv("ROSENBLATT_MODELS_DIR", str(tmp_path / "models"))
    settings.cache_clear()

    def run(source: Path, *options: object) -> pl.DataFrame:
        assert score(source, tmp_path / "out", "--model", "mine", *options) == 0
        return pl.read_parquet(tmp_path / "out")

    return run


def test_iris_through_skl2onnx(scored: Scored, tmp_path: Path) -> None:
    model = pipeline(SPECIES)
    names = ("sepal_length", "sepal_width", "petal_length", "petal_width")
    imported(tmp_path, exported(to_onnx, model, FLOWERS[:1]), {"X": FLOWERS}, columns={"X": names})
    flowers = pl.DataFrame({name: FLOWERS[:, i] for i, name in enumerate(names)})
    flowers.select(reversed(names)).write_csv(tmp_path / "in.csv")
    out = scored(tmp_path / "in.csv", "--batch-rows", 100)
    assert out["label"].to_list() == model.predict(FLOWERS).tolist()
    found = out["probabilities"].to_numpy()
    np.testing.assert_allclose(found, model.predict_proba(FLOWERS), atol=1e-5)


def test_a_regression_through_skl2onnx(scored: Scored, tmp_path: Path) -> None:
    features = DIABETES.data.astype(np.float32)
    model = LinearRegression().fit(features, DIABETES.target)
    names = tuple(DIABETES.feature_names)
    graph = exported(to_onnx, model, features[:1])
    imported(tmp_path, graph, {"X": features}, columns={"X": names})
    pl.DataFrame(features, schema=list(names)).write_parquet(tmp_path / "in.parquet")
    value = scored(tmp_path / "in.parquet")["value"].to_numpy()
    np.testing.assert_allclose(value, model.predict(features), rtol=1e-5)


@pytest.mark.parametrize("name", ["in.csv", "in.parquet"])
def test_adult_through_xgboost_with_its_text_columns(
    name: str, scored: Scored, tables: Path, tmp_path: Path
) -> None:
    adult = adult_table(tables / "adult-train.csv.gz")
    model, graph = adult_pipeline(adult)
    adult.head(50).write_parquet(tmp_path / "samples.parquet")
    imported(tmp_path, graph, tmp_path / "samples.parquet", labels=("<=50K", ">50K"))
    source = tmp_path / name
    adult.write_csv(source) if name == "in.csv" else adult.write_parquet(source)
    out = scored(source)
    features = adult.drop("income")
    labels = np.array(["<=50K", ">50K"])[model.predict(features)]
    assert out["label"].to_list() == labels.tolist()
    found = out["probabilities"].to_numpy()
    np.testing.assert_allclose(found, model.predict_proba(features), atol=1e-5)


@pytest.mark.parametrize("form", ["flat", "nested", "wide", "PNG"])
def test_a_torch_network_of_3x224x224(form: str, scored: Scored, tmp_path: Path) -> None:
    imported(
        tmp_path, graph_of(tmp_path, **SCRIPT), {"images": PIXELS}, labels=LABELS,
        softmax="logits", pixels=parse_pixels("imagenet"),
    )  # fmt: skip
    cells: dict[str, Any] = {
        "flat": pl.Series(PIXELS.reshape(len(PIXELS), -1), dtype=pl.Array(pl.UInt8, 3 * 224 * 224)),
        "nested": pl.Series(PIXELS, dtype=pl.Array(pl.UInt8, (3, 224, 224))),
        "PNG": [png(image.transpose(1, 2, 0)) for image in PIXELS],
        "wide": pl.Series(PIXELS.astype(np.int32), dtype=pl.Array(pl.Int32, (3, 224, 224))),
    }
    frame = pl.DataFrame({"id": range(len(PIXELS)), "photo": cells[form]})
    frame.write_parquet(tmp_path / "in.parquet")
    expected = torch.tensor(own()).softmax(1).numpy()
    out = scored(tmp_path / "in.parquet", "--batch-rows", 4)
    assert out.columns == ["id", "label", "probabilities", "model", "version"]
    assert out["label"].to_list() == [LABELS[i] for i in expected.argmax(axis=1)]
    np.testing.assert_allclose(out["probabilities"].to_numpy(), expected, atol=1e-5)


def test_a_folder_of_colour_pictures(scored: Scored, tmp_path: Path) -> None:
    imported(
        tmp_path, graph_of(tmp_path, **SCRIPT), {"images": PIXELS}, labels=LABELS,
        softmax="logits", pixels=parse_pixels("imagenet"),
    )  # fmt: skip
    (tmp_path / "photos").mkdir()
    for i, image in enumerate(PIXELS):
        (tmp_path / "photos" / f"{i}.png").write_bytes(png(image.transpose(1, 2, 0)))
    found = scored(tmp_path / "photos")["probabilities"].to_numpy()
    np.testing.assert_allclose(found, torch.tensor(own()).softmax(1).numpy(), atol=1e-5)
