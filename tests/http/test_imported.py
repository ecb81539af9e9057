"""Models of other libraries over HTTP and in batch scoring: their own answers within 1e-5."""

from __future__ import annotations

import base64
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import tritonclient.http as triton
from numpy.typing import NDArray
from PIL import Image
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression

from tests.conftest import ROOT, tables_folder
from tests.server import Server, serve
from tests.training.importing.adult import adult_pipeline, adult_table
from tests.training.importing.estimators import DIABETES, FLOWERS, SPECIES, pipeline
from tests.training.importing.models import exported, imported
from tests.training.importing.networks import LABELS, PIXELS, SCRIPT, graph_of, own
from training.importing.pixels import parse_pixels

TOLERANCE = 1e-5
COLUMNS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
FEATURES = DIABETES.data.astype(np.float32)


@dataclass(frozen=True)
class Case:
    """One imported model: what is asked over HTTP, and what its own library answers.

    Attributes:
        instances: rows as a client of /predict sends them.
        tensors: the same rows as tensors of the protocol, with their datatypes.
        numbers: probabilities or values [rows, n], from the own library.
        labels: its labels; none for a regression.
        output: the tensor with the numbers.
    """

    name: str
    instances: list[Any]
    tensors: Mapping[str, tuple[str, NDArray[Any]]]
    numbers: NDArray[Any]
    labels: list[str] | None
    output: str


def rows_of(columns: Any, values: NDArray[Any]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in values.tolist()]


def iris(folder: Path, name: str, model: Any) -> Case:
    imported(
        folder, exported(to_onnx, model, FLOWERS[:1]), {"X": FLOWERS}, name=name,
        columns={"X": COLUMNS},
    )  # fmt: skip
    return Case(
        name, rows_of(COLUMNS, FLOWERS), {"X": ("FP32", FLOWERS)}, model.predict_proba(FLOWERS),
        model.predict(FLOWERS).tolist(), "output_probability",
    )  # fmt: skip


def diabetes(folder: Path) -> Case:
    model = LinearRegression().fit(FEATURES, DIABETES.target)
    graph = exported(to_onnx, model, FEATURES[:1])
    names = tuple(DIABETES.feature_names)
    imported(folder, graph, {"X": FEATURES}, name="diabetes", columns={"X": names})
    return Case(
        "diabetes", rows_of(names, FEATURES), {"X": ("FP32", FEATURES)},
        model.predict(FEATURES)[:, None], None, "variable",
    )  # fmt: skip


def network(folder: Path) -> Case:
    imported(
        folder, graph_of(folder, **SCRIPT), {"images": PIXELS}, name="network", labels=LABELS,
        softmax="logits", pixels=parse_pixels("imagenet"),
    )  # fmt: skip
    logits = own().astype(np.float64)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Case(
        "network", PIXELS.tolist(), {"images": ("UINT8", PIXELS)}, probabilities,
        [LABELS[i] for i in logits.argmax(axis=1)], "probabilities",
    )  # fmt: skip


def adult(folder: Path, path: Path) -> Case:
    frame = adult_table(path)
    model, graph = adult_pipeline(frame)
    frame.write_parquet(folder / "adult.parquet")
    artifact = imported(
        folder, graph, folder / "adult.parquet", name="adult", labels=("<=50K", ">50K"),
        target="income",
    )  # fmt: skip
    some = frame.drop("income").head(200)
    tensors = {
        tensor.name: (
            tensor.datatype,
            some[tensor.columns[0]].to_numpy().astype(tensor.dtype)[:, None],
        )
        for tensor in artifact.manifest.inputs
    }
    answers = model.predict_proba(some)
    labels = [artifact.manifest.labels[i] for i in model.predict(some)]
    return Case("adult", some.to_dicts(), tensors, answers, labels, "output_probability")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("imported")


@pytest.fixture(scope="module")
def cases(folder: Path) -> dict[str, Case]:
    """The models; adult where its table is at hand."""
    forest = RandomForestClassifier(10, random_state=0).fit(FLOWERS, SPECIES)
    found = [
        iris(folder, "iris", pipeline(SPECIES)),
        iris(folder, "iris-forest", forest),
        diabetes(folder),
        network(folder),
    ]
    if (table := tables_folder() / "adult-train.csv.gz").exists():
        found.append(adult(folder, table))
    return {case.name: case for case in found}


@pytest.fixture(scope="module")
def imports(cases: dict[str, Case], folder: Path) -> Iterator[Server]:
    models = str(folder / "models")
    with serve(ROSENBLATT_MODELS_DIR=models, ROSENBLATT_DEFAULT_MODEL="iris") as running:
        yield running


@pytest.fixture(params=["iris", "iris-forest", "diabetes", "network", "adult"])
def case(request: pytest.FixtureRequest, cases: dict[str, Case]) -> Case:
    if request.param == "adult":
        request.getfixturevalue("tables")  # skips where it is not at hand
    return cases[request.param]


def test_predict_answers_as_the_own_library(imports: Server, case: Case) -> None:
    document = {"model": case.name, "instances": case.instances}
    with imports.client() as client:
        answer = client.post("/predict", json=document)
    assert answer.status_code == 200, answer.text
    check(case, answer.json()["predictions"])


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_tritons_client_gets_the_same(imports: Server, case: Case, binary: bool) -> None:
    inputs = []
    for tensor, (datatype, array) in case.tensors.items():
        inputs.append(triton.InferInput(tensor, list(array.shape), datatype))
        inputs[-1].set_data_from_numpy(array, binary_data=binary)
    client = triton.InferenceServerClient(imports.url.removeprefix("http://"))
    try:
        wanted = [triton.InferRequestedOutput(case.output, binary_data=binary)]
        found = client.infer(case.name, inputs, outputs=wanted).as_numpy(case.output)
    finally:
        client.close()
    compare(found, case.numbers)


def test_compare_asks_every_model_that_takes_the_rows(
    imports: Server, cases: dict[str, Case]
) -> None:
    with imports.client() as client:
        answer = client.post("/compare", json={"instances": cases["iris"].instances}).json()
    found = {model["model"]: model["predictions"] for model in answer["models"]}
    assert set(found) == {"iris", "iris-forest"}
    for name, predictions in found.items():
        check(cases[name], predictions)


def test_a_whole_file_is_scored_the_same(case: Case, folder: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table(case).write_parquet(source)
    score(source, target, case, folder)
    scored = pl.read_parquet(target)
    if case.labels is None:
        compare(scored["found_value"].to_numpy()[:, None], case.numbers)
    else:
        assert scored["found_label"].to_list() == case.labels
        compare(np.array(scored["found_probabilities"].to_list()), case.numbers)


def test_encoded_pictures_get_the_same(imports: Server, cases: dict[str, Case]) -> None:
    pictures = [base64.b64encode(png(image)).decode() for image in PIXELS]
    with imports.client() as client:
        answer = client.post("/predict", json={"model": "network", "instances": pictures})
    assert answer.status_code == 200, answer.text
    check(cases["network"], answer.json()["predictions"])


def test_a_folder_of_pictures_is_scored_the_same(
    cases: dict[str, Case], folder: Path, tmp_path: Path
) -> None:
    case, target = cases["network"], tmp_path / "out.parquet"
    (tmp_path / "pictures").mkdir()
    for i, image in enumerate(PIXELS):
        (tmp_path / "pictures" / f"{i}.png").write_bytes(png(image))
    score(tmp_path / "pictures", target, case, folder)
    compare(np.array(pl.read_parquet(target)["found_probabilities"].to_list()), case.numbers)


def score(source: Path, target: Path, case: Case, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service.score", str(source), str(target), "--model", case.name,
         "--prefix", "found_", "--quiet"],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
        env={**os.environ, "ROSENBLATT_MODELS_DIR": str(folder / "models")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def png(image: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image.transpose(1, 2, 0)).save(file, "PNG")
    return file.getvalue()


def table(case: Case) -> pl.DataFrame:
    """The rows as a file holds them: columns by name, or one of images."""
    if isinstance(case.instances[0], dict):
        return pl.DataFrame(case.instances)
    return pl.DataFrame({"images": pl.Series(PIXELS, dtype=pl.Array(pl.UInt8, (3, 224, 224)))})


def check(case: Case, predictions: list[dict[str, Any]]) -> None:
    if case.labels is None:
        found = np.array([[row["value"]] for row in predictions])
    else:
        assert [row["label"] for row in predictions] == case.labels
        found = np.array([row["probabilities"] for row in predictions])
    compare(found, case.numbers)


def compare(found: NDArray[Any] | None, expected: NDArray[Any]) -> None:
    """Equal within the tolerance, relative for numbers above 1."""
    assert found is not None
    assert (np.abs(found - expected) / np.maximum(1, np.abs(expected))).max() <= TOLERANCE


def test_figures_on_samples_are_no_test_figures(imports: Server, tables: Path) -> None:
    with imports.client() as client:
        listed = {m["name"]: m for m in client.get("/models").json()["models"]}
        (version,) = client.get("/models/adult").json()["versions"]
    metrics = version["manifest"]["metrics"]
    assert listed["adult"]["sample_accuracy"] == metrics["accuracy"] > 0.85
    for model in listed.values():
        assert not {"test_accuracy", "test_rmse"} & set(model)
    assert "sample_accuracy" not in listed["iris"]
    assert version["manifest"]["imported"]["target"] == "income"
    assert version["manifest"]["training"] is None
