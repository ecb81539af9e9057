"""scikit-learn through skl2onnx: equal to scikit-learn's own answers within 1e-5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from skl2onnx import to_onnx
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
)
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import IsolationForest, RandomForestClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from contract.repository import Artifact
from tests.training.importing.estimators import DIABETES, FLOWERS, IRIS, SPECIES, pipeline
from tests.training.importing.models import answers, exported, imported
from training.errors import ImportModelError


def graph_of(model: Any, **options: Any) -> bytes:
    return exported(to_onnx, model, FLOWERS[:1], options=options or None)


def roles(artifact: Artifact) -> list[tuple[str, str, str | None]]:
    return [(o.name, o.role, o.encoding) for o in artifact.manifest.outputs]


@pytest.mark.parametrize("zipmap", [True, False])
@pytest.mark.parametrize(
    ("target", "labels", "encoding"),
    [
        (IRIS.target, ("0", "1", "2"), "index"),
        (IRIS.target * 10 + 5, ("5", "15", "25"), "value"),
        (SPECIES, tuple(IRIS.target_names), "value"),
    ],
    ids=["indexes", "values", "names"],
)
def test_a_classifier_with_and_without_zipmap(
    tmp_path: Path, zipmap: bool, target: Any, labels: tuple[str, ...], encoding: str
) -> None:
    model = pipeline(target)
    label, probabilities = (
        ("output_label", "output_probability") if zipmap else ("label", "probabilities")
    )
    own = tmp_path / "own.npz"
    np.savez(own, **{label: model.predict(FLOWERS), probabilities: model.predict_proba(FLOWERS)})
    artifact = imported(
        tmp_path, graph_of(model, zipmap=zipmap), {"X": FLOWERS, "species": target},
        target="species", parity=(str(own),),
    )  # fmt: skip
    manifest = artifact.manifest
    assert manifest.labels == labels
    assert roles(artifact) == [(label, "label", encoding), (probabilities, "probabilities", None)]
    assert manifest.parity is not None
    assert (manifest.parity.label_mismatches, manifest.parity.samples) == (0, 150)
    assert manifest.family == "classical_ml"
    assert manifest.algorithm is None
    assert manifest.imported is not None
    assert manifest.imported.producer.startswith("skl2onnx 1.")
    assert len(manifest.imported.changes) == zipmap


def test_labels_may_be_given_where_the_graph_holds_numbers(tmp_path: Path) -> None:
    artifact = imported(
        tmp_path, graph_of(pipeline()), {"X": FLOWERS, "y": SPECIES}, target="y",
        labels=tuple(IRIS.target_names),
    )  # fmt: skip
    assert artifact.manifest.labels == tuple(IRIS.target_names)
    assert artifact.manifest.outputs[0].encoding == "index"
    with pytest.raises(ImportModelError, match="--labels in the order of the scores"):
        imported(tmp_path, graph_of(pipeline(SPECIES)), {"X": FLOWERS},
                 labels=("virginica", "versicolor", "setosa"))  # fmt: skip


def test_one_output_per_class_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ImportModelError, match=r"i0, i1, i2 may be .* options=\{'zipmap': False\}"):
        imported(tmp_path, graph_of(pipeline(), zipmap="columns"), {"X": FLOWERS})


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(5, random_state=0),
        GaussianNB(),
        KNeighborsClassifier(3),
        MLPClassifier((8,), max_iter=2000, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_classes_are_found_behind_other_classifiers(tmp_path: Path, model: Any) -> None:
    model.fit(FLOWERS, SPECIES)
    artifact = imported(tmp_path, graph_of(model, zipmap=False), {"X": FLOWERS})
    assert artifact.manifest.labels == tuple(IRIS.target_names)
    found = answers(artifact, X=FLOWERS)
    np.testing.assert_allclose(found["probabilities"], model.predict_proba(FLOWERS), atol=1e-5)
    network = isinstance(model, MLPClassifier)
    assert artifact.manifest.family == (None if network else "classical_ml")


def test_margins_are_scores_whatever_they_are_called(tmp_path: Path) -> None:
    model = LinearSVC().fit(FLOWERS, IRIS.target)
    artifact = imported(tmp_path, graph_of(model), {"X": FLOWERS})
    assert roles(artifact) == [("label", "label", "index"), ("probabilities", "scores", None)]


def test_columns_of_numbers_and_text(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "age": [20, 30, 40, 50, 60, 70] * 10,
            "marital-status": ["single", "married", "widowed"] * 20,
            "children": [0, 1, 2, 3, 0, 1] * 10,
        }
    ).with_columns(bought=pl.Series(["no", "yes", "yes", "no"] * 15))
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["marital-status"]),
        (StandardScaler(), ["age", "children"]),
    )
    features = frame.drop("bought")
    model = make_pipeline(columns, LogisticRegression()).fit(features, frame["bought"].to_list())
    types = [
        ("age", FloatTensorType([None, 1])),
        ("marital-status", StringTensorType([None, 1])),
        ("children", Int64TensorType([None, 1])),
    ]
    graph = exported(to_onnx, model, initial_types=types)
    frame.with_columns(
        no=pl.Series(model.predict_proba(features)[:, 0]),
        yes=pl.Series(model.predict_proba(features)[:, 1]),
    ).write_csv(tmp_path / "people.csv")
    artifact = imported(
        tmp_path, graph, tmp_path / "people.csv", target="bought",
        parity=("output_probability=no,yes",),
    )  # fmt: skip
    assert [(i.content, i.columns, i.datatype) for i in artifact.manifest.inputs] == [
        ("number", ("age",), "FP32"),
        ("category", ("marital-status",), "BYTES"),
        ("number", ("children",), "INT64"),
    ]
    assert artifact.manifest.modality == "tabular"
    assert artifact.manifest.labels == ("no", "yes")


def test_a_tokenizer_that_is_not_standard_is_refused(tmp_path: Path) -> None:
    texts = np.array(["good film", "bad film", "good book", "very bad"])
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, [1, 0, 1, 0])
    graph = exported(to_onnx, model, initial_types=[("review", StringTensorType([None, 1]))])
    with pytest.raises(ImportModelError, match=r"'Tokenizer' has the domain 'com\.microsoft'"):
        imported(tmp_path, graph, {"review": texts})


@pytest.mark.parametrize(
    "model", [LinearRegression(), RandomForestRegressor(5, random_state=0)], ids=["line", "forest"]
)
def test_a_regression(tmp_path: Path, model: Any) -> None:
    features = DIABETES.data.astype(np.float32)
    model.fit(features, DIABETES.target)
    own = tmp_path / "own.npz"
    np.savez(own, variable=model.predict(features))
    artifact = imported(
        tmp_path, exported(to_onnx, model, features[:1]), {"X": features, "y": DIABETES.target},
        target="y", parity=(str(own),), columns={"X": tuple(DIABETES.feature_names)},
    )  # fmt: skip
    manifest = artifact.manifest
    assert (manifest.task, roles(artifact)) == ("regression", [("variable", "value", None)])
    assert manifest.columns == tuple(DIABETES.feature_names)
    assert manifest.parity is not None
    assert manifest.parity.max_difference < 1e-5


def test_double_precision_and_booleans(tmp_path: Path) -> None:
    data = load_breast_cancer()
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(data.data, data.target.astype(bool))
    types = [("X", DoubleTensorType([None, 30]))]
    options = {"zipmap": False}
    graph = exported(to_onnx, model, initial_types=types, options=options)
    artifact = imported(tmp_path, graph, {"X": data.data}, labels=("malignant", "benign"))
    assert artifact.manifest.inputs[0].datatype == "FP64"
    found = answers(artifact, X=data.data)["probabilities"]
    np.testing.assert_allclose(found, model.predict_proba(data.data), atol=1e-5)


def test_open_sizes_of_a_table_are_fixed_where_told(tmp_path: Path) -> None:
    types = [("X", FloatTensorType([None, None]))]
    graph = exported(to_onnx, pipeline(), initial_types=types)
    with pytest.raises(ImportModelError, match="for example --shape X=4"):
        imported(tmp_path, graph, {"X": FLOWERS})
    assert imported(tmp_path, graph, {"X": FLOWERS}, shapes={"X": (4,)}).manifest.inputs[0].row == (
        4,
    )


def test_a_model_that_is_neither_is_told_to_be_other(tmp_path: Path) -> None:
    model = IsolationForest(n_estimators=10, random_state=0).fit(FLOWERS)
    opsets = {"": 18, "ai.onnx.ml": 3}
    graph = exported(to_onnx, model, FLOWERS[:1], target_opset=opsets)
    with pytest.raises(ImportModelError, match=r"give --labels .* or --task other"):
        imported(tmp_path, graph, {"X": FLOWERS})
    artifact = imported(tmp_path, graph, {"X": FLOWERS}, task="other")
    found = answers(artifact, X=FLOWERS)
    np.testing.assert_array_equal(found["label"].ravel(), model.predict(FLOWERS))
