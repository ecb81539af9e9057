"""XGBoost and LightGBM through onnxmltools: equal to their own answers within 1e-5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import polars as pl
import pytest
import xgboost
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

from tests.training.importing.adult import COLUMNS, adult_pipeline, adult_table
from tests.training.importing.estimators import DIABETES, FLOWERS, IRIS, SPECIES
from tests.training.importing.models import exported, imported


def columns(width: int) -> list[tuple[str, Any]]:
    return [("x", FloatTensorType([None, width]))]


def save(folder: Path, **own: Any) -> tuple[str]:
    np.savez(folder / "own.npz", **own)
    return (str(folder / "own.npz"),)


@pytest.mark.parametrize("classes", [2, 3])
def test_an_xgboost_classifier(tmp_path: Path, classes: int) -> None:
    some = IRIS.target < classes
    model = xgboost.XGBClassifier(n_estimators=10).fit(FLOWERS[some], IRIS.target[some])
    graph = exported(convert_xgboost, model, initial_types=columns(4))
    own = save(tmp_path, label=model.predict(FLOWERS), probabilities=model.predict_proba(FLOWERS))
    manifest = imported(tmp_path, graph, {"x": FLOWERS}, parity=own).manifest
    assert [o.role for o in manifest.outputs] == ["label", "probabilities"]
    assert manifest.labels == tuple("012"[:classes])
    assert (manifest.family, manifest.algorithm) == ("classical_ml", None)


@pytest.mark.parametrize("zipmap", [True, False])
@pytest.mark.parametrize("target", [SPECIES, IRIS.target], ids=["names", "numbers"])
def test_a_lightgbm_classifier(tmp_path: Path, zipmap: bool, target: Any) -> None:
    """Its converter declares one label for the whole batch, and answers one per row."""
    model = lightgbm.LGBMClassifier(n_estimators=10, verbose=-1).fit(FLOWERS, target)
    graph = exported(convert_lightgbm, model, initial_types=columns(4), zipmap=zipmap)
    own = save(tmp_path, label=model.predict(FLOWERS), probabilities=model.predict_proba(FLOWERS))
    artifact = imported(tmp_path, graph, {"x": FLOWERS}, parity=own)
    assert artifact.outline.outputs["label"].shape == (-1,)
    record = artifact.manifest.imported
    assert record is not None
    assert any("label was declared" in change for change in record.changes)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_a_boosted_regression(tmp_path: Path, library: str) -> None:
    features = DIABETES.data.astype(np.float32)
    model: Any
    if library == "xgboost":
        model = xgboost.XGBRegressor(n_estimators=10).fit(features, DIABETES.target)
        graph = exported(convert_xgboost, model, initial_types=columns(10))
    else:
        model = lightgbm.LGBMRegressor(n_estimators=10, verbose=-1).fit(features, DIABETES.target)
        graph = exported(convert_lightgbm, model, initial_types=columns(10))
    own = save(tmp_path, variable=model.predict(features))
    manifest = imported(tmp_path, graph, {"x": features}, parity=own).manifest
    assert manifest.task == "regression"
    assert manifest.parity is not None
    assert manifest.parity.max_difference < 1e-5


@pytest.fixture
def adult(tables: Path) -> pl.DataFrame:
    return adult_table(tables / "adult-train.csv.gz")


def test_adult_with_its_text_columns(tmp_path: Path, adult: pl.DataFrame) -> None:
    model, graph = adult_pipeline(adult)
    features = adult.drop("income")
    low, high = model.predict_proba(features).T
    samples = tmp_path / "adult.parquet"
    adult.with_columns(low=low, high=high, own=model.predict(features)).write_parquet(samples)
    manifest = imported(
        tmp_path, graph, samples, labels=("<=50K", ">50K"), target="income",
        parity=("output_probability=low,high", "output_label=own"),
    ).manifest  # fmt: skip
    assert manifest.columns == COLUMNS[:-1]
    assert sorted(i.datatype for i in manifest.inputs) == ["BYTES"] * 8 + ["FP32"] * 6
    assert manifest.parity is not None
    assert (manifest.parity.samples, manifest.parity.label_mismatches) == (len(adult), 0)
    assert manifest.metrics is not None
    assert manifest.metrics.samples == len(adult)
