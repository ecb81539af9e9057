"""UCI's adult: 14 columns of numbers and text, and boosted trees on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import xgboost
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import to_onnx, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from tests.training.importing.models import exported

# The columns of adult.names, and the answer.
COLUMNS = (
    "age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation",
    "relationship", "race", "sex", "capital-gain", "capital-loss", "hours-per-week",
    "native-country", "income",
)  # fmt: skip


def adult_table(path: Path) -> pl.DataFrame:
    """UCI's adult: 14 columns of numbers and text, and the answer."""
    frame = pl.read_csv(path, has_header=False, new_columns=list(COLUMNS), infer_schema=False)
    frame = frame.select(pl.all().str.strip_chars()).drop_nulls()  # it ends with an empty line
    numbers = [c for c in COLUMNS if frame[c].cast(pl.Float32, strict=False).null_count() == 0]
    return frame.with_columns(pl.col(numbers).cast(pl.Float32))


def adult_pipeline(frame: pl.DataFrame) -> tuple[Any, bytes]:
    """Ordinal codes of the categories, and boosted trees; the graph takes the raw columns."""
    features = frame.drop("income")
    texts = [c for c in features.columns if features[c].dtype == pl.String]
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    model = make_pipeline(
        ColumnTransformer([("codes", codes, texts)], remainder="passthrough"),
        xgboost.XGBClassifier(n_estimators=30, max_depth=5),
    ).fit(features, (frame["income"] == ">50K").to_numpy().astype(int))
    update_registered_converter(
        xgboost.XGBClassifier, "XGBoostXGBClassifier", calculate_linear_classifier_output_shapes,
        convert_xgboost, options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
    )  # fmt: skip
    types = [
        (name, StringTensorType([None, 1]) if name in texts else FloatTensorType([None, 1]))
        for name in features.columns
    ]
    opsets = {"": 18, "ai.onnx.ml": 3}
    return model, exported(to_onnx, model, initial_types=types, target_opset=opsets)
