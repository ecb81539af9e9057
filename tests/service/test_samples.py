"""Golden inputs as instances: what the route gives, `/predict` takes."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from contract.tensors import Input
from service.instances.rows import instances
from service.settings import Settings
from tests.service.client import Client


def test_samples_of_pictures_are_what_the_model_takes(repository: Path) -> None:
    client = Client(Settings(models_dir=repository, default_model="beta"))
    document = client.request("GET", "/models/beta/samples").json()
    assert (document["model"], document["version"]) == ("beta", "10")
    served = client.models.get("beta")
    expected = served.session.predict(served.session.samples)["label"]
    body = {"model": "beta", "instances": document["instances"]}
    answered = client.request("POST", "/predict", body).json()["predictions"]
    assert [int(p["label"]) for p in answered] == expected.tolist()


def test_there_are_none_of_a_model_that_does_not_serve(repository: Path) -> None:
    (repository / "beta/10/model.onnx").unlink()
    (repository / "beta/2/model.onnx").unlink()
    client = Client(Settings(models_dir=repository, default_model="alpha"))
    assert client.request("GET", "/models/beta/samples").status_code == 503
    assert client.request("GET", "/models/gamma/samples").status_code == 404


def test_rows_of_columns_have_null_for_what_is_missing() -> None:
    age = Input(name="a", datatype="FP32", shape=(-1,), content="number", columns=("age",))
    pair = Input(name="b", datatype="FP32", shape=(-1, 2), content="number", columns=("x", "y"))
    job = Input(name="c", datatype="BYTES", shape=(-1,), content="category", columns=("job",))
    arrays = {
        "a": np.array([0.1, np.nan], np.float32),
        "b": np.array([[1, 2], [3, np.nan]], np.float32),
        "c": np.array(["cook", ""], object),
    }
    first, second = instances((age, pair, job), arrays)
    assert first == {"age": np.float32(0.1), "x": 1, "y": 2, "job": "cook"}
    assert second == {"age": None, "x": 3, "y": None, "job": None}


@pytest.mark.parametrize(
    ("layout", "shape"),
    [("HW", (4, 5)), ("HWC", (4, 5, 3)), ("CHW", (3, 4, 5)), ("CHW", (1, 4, 5))],
)
def test_a_picture_is_a_png_in_any_layout(layout: str, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, *shape), np.uint8)
    tensor = Input.model_validate(
        {"name": "i", "datatype": "UINT8", "shape": (-1, *shape), "content": "image",
         "layout": layout}
    )  # fmt: skip
    (_, second) = instances((tensor,), {"i": pixels})
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(second))))
    expected = pixels[1].transpose(1, 2, 0) if layout == "CHW" else pixels[1]
    np.testing.assert_array_equal(seen, expected.squeeze())


def test_plain_arrays_are_lists() -> None:
    tensor = Input(name="v", datatype="FP32", shape=(-1, 3), content="number")
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert instances((tensor,), {"v": values}) == values.tolist()
