"""XGBoost on UCI's adult, as one graph from columns to probabilities, in a model repository.

One input per column: FP32 for numbers, text for categories, encoded inside the graph.
"""

from __future__ import annotations

import csv
import gzip
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import xgboost
from onnx import TensorProto, helper, numpy_helper
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

from contract.batch import Batch
from contract.golden import GoldenSamples
from contract.manifest import MANIFEST_VERSION, Golden, Manifest
from contract.repository import record_of, write
from contract.tensors import Input, Output
from training.answers import run_graph

NAMES = (
    "age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation",
    "relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week",
    "native_country",
)  # fmt: skip
NUMBERS = frozenset(
    {"age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"}
)
LABELS = ("<=50K", ">50K")
GOLDEN_ROWS = 20
ROUNDS, DEPTH = 150, 6
OPSETS = {"": 15, "ai.onnx.ml": 3}


@dataclass(frozen=True)
class Table:
    """The columns of the table as text, and the class of each row: 1 is above 50K."""

    columns: dict[str, list[str]]
    above: np.ndarray

    def batch(self, rows: int) -> Batch:
        """The first rows as the inputs of the graph; `?` is missing."""
        return Batch({name: _array(name, self.columns[name][:rows]) for name in NAMES})

    def objects(self, rows: int) -> list[dict[str, Any]]:
        """The first rows as JSON objects."""
        batch = self.batch(rows)
        return [
            {name: float(batch[name][i]) if name in NUMBERS else batch[name][i] for name in NAMES}
            for i in range(rows)
        ]


def load(part: str) -> Table:
    """`train` or `test`, from ROSENBLATT_DATA_DIR."""
    path = Path(os.environ["ROSENBLATT_DATA_DIR"]) / "tables" / f"adult-{part}.csv.gz"
    with gzip.open(path, "rt") as file:
        rows = [row for row in csv.reader(file, skipinitialspace=True) if len(row) == 15]
    columns = {name: [row[i] for row in rows] for i, name in enumerate(NAMES)}
    return Table(columns, np.array([row[14].startswith(">") for row in rows], np.int64))


def _array(name: str, values: list[str]) -> np.ndarray:
    if name in NUMBERS:
        return np.array([float(value) for value in values], np.float32)
    return np.array(["" if value == "?" else value for value in values], object)


def repository(root: Path) -> Path:
    """Train, export and write the model `adult`; returns the path of its graph."""
    table = load("train")
    categories = {n: sorted({*table.columns[n]} - {"?"}) for n in NAMES if n not in NUMBERS}
    classifier = xgboost.XGBClassifier(n_estimators=ROUNDS, max_depth=DEPTH, n_jobs=2)
    classifier.fit(_matrix(table, categories), table.above)
    graph = _graph(classifier, categories).SerializeToString()
    samples = table.batch(GOLDEN_ROWS)
    golden = GoldenSamples(samples, run_graph(graph, samples)).to_bytes()
    entry = write(root, _manifest(graph, golden), {"model.onnx": graph, "golden.npz": golden})
    return entry.path / "model.onnx"


def _matrix(table: Table, categories: dict[str, list[str]]) -> np.ndarray:
    """float32 [rows, columns]: categories as codes, 0 for unknown, NaN for missing."""
    batch = table.batch(len(table.above))
    codes = [
        batch[name] if name in NUMBERS else _codes(batch[name], categories[name]) for name in NAMES
    ]
    return np.stack(codes, axis=1)


def _codes(values: np.ndarray, known: list[str]) -> np.ndarray:
    code = {"": np.nan, **{category: i for i, category in enumerate(known, 1)}}
    return np.array([code.get(value, 0.0) for value in values], np.float32)


def _graph(classifier: Any, categories: dict[str, list[str]]) -> onnx.ModelProto:
    """Columns -> codes -> one matrix -> the trees."""
    core = convert_xgboost(
        classifier, initial_types=[("matrix", FloatTensorType([None, len(NAMES)]))],
        target_opset=OPSETS[""],
    )  # fmt: skip
    nodes = [node for name in NAMES for node in _column(name, categories.get(name))]
    nodes.append(helper.make_node("Concat", [f"{n}_column" for n in NAMES], ["matrix"], axis=1))
    inputs = [
        helper.make_tensor_value_info(
            name, TensorProto.FLOAT if name in NUMBERS else TensorProto.STRING, ["n"]
        )
        for name in NAMES
    ]
    outputs = [
        helper.make_tensor_value_info("label", TensorProto.INT64, ["n"]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2]),
    ]
    axis = numpy_helper.from_array(np.array([1]), "axis_1")
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    graph = helper.make_graph(
        [*nodes, *core.graph.node], "adult", inputs, outputs, [axis, *core.graph.initializer]
    )
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def _column(name: str, known: list[str] | None) -> list[onnx.NodeProto]:
    """One column as [n, 1] floats."""
    unsqueeze = helper.make_node("Unsqueeze", [f"{name}_code", "axis_1"], [f"{name}_column"])
    if known is None:
        unsqueeze.input[0] = name
        return [unsqueeze]
    codes = [float("nan"), *map(float, range(1, 1 + len(known)))]
    encoder = helper.make_node(
        "LabelEncoder", [name], [f"{name}_code"], domain="ai.onnx.ml",
        keys_strings=["", *known], values_floats=codes, default_float=0.0,
    )  # fmt: skip
    return [encoder, unsqueeze]


def _manifest(graph: bytes, golden: bytes) -> Manifest:
    inputs = tuple(
        Input(
            name=name, datatype="FP32" if name in NUMBERS else "BYTES", shape=(-1,),
            content="number" if name in NUMBERS else "category", columns=(name,),
        )
        for name in NAMES
    )  # fmt: skip
    outputs = (
        Output(name="label", datatype="INT64", shape=(-1,), role="label", encoding="index"),
        Output(name="probabilities", datatype="FP32", shape=(-1, 2), role="probabilities"),
    )
    recorded = record_of("golden.npz", golden).model_dump()
    return Manifest(
        manifest_version=MANIFEST_VERSION, name="adult", version="1", title="XGBoost on adult",
        algorithm="gradient_boosting", family="classical_ml", task="classification",
        platform="onnxruntime_onnx", inputs=inputs, outputs=outputs, labels=LABELS,
        files={"default": record_of("model.onnx", graph)},
        golden=Golden(**recorded, samples=GOLDEN_ROWS, tolerance=1e-5),
        created=datetime.now(UTC).replace(microsecond=0),
    )  # fmt: skip
