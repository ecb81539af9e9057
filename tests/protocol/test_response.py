"""Responses: what comes back is what the model answered."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from contract.batch import Batch
from service.protocol.response import classify
from service.protocol.types import InferenceResponse
from service.settings import Settings
from service.verbs.infer import Infer
from tests.protocol.requests import IMAGES, body, flat
from tests.repositories import tiny_model
from tests.serving.loading import load_models


def answered(infer: Infer, rows: int = 2, **fields: Any) -> tuple[Batch, InferenceResponse]:
    asked = infer.decode("beta", "10", body(flat(rows), **fields), None)
    answer = asked.served.session.predict(asked.request.inputs)
    return answer, infer.encode(asked, answer)


def test_json(infer: Infer) -> None:
    answer, response = answered(infer, id="x")
    assert response.header_length is None
    document = orjson.loads(response.body)
    label, probabilities = document.pop("outputs")
    assert document == {"model_name": "beta", "model_version": "10", "id": "x"}
    assert label == {
        "name": "label", "datatype": "INT64", "shape": [2], "data": answer["label"].tolist(),
    }  # fmt: skip
    assert (probabilities["datatype"], probabilities["shape"]) == ("FP32", [2, 10])
    # Flat, and to the last bit.
    np.testing.assert_array_equal(
        np.array(probabilities["data"], np.float32), answer["probabilities"].ravel()
    )


def test_without_an_id_there_is_none(infer: Infer) -> None:
    assert "id" not in orjson.loads(answered(infer)[1].body)


def test_binary(infer: Infer) -> None:
    answer, response = answered(infer, parameters={"binary_data_output": True})
    assert response.header_length is not None
    document = orjson.loads(response.body[: response.header_length])
    assert [o["parameters"] for o in document["outputs"]] == [
        {"binary_data_size": 16},
        {"binary_data_size": 80},
    ]
    assert not any("data" in output for output in document["outputs"])
    data = response.body[response.header_length :]
    assert data == answer["label"].tobytes() + answer["probabilities"].tobytes()


def test_one_of_each_in_the_order_asked(infer: Infer) -> None:
    named = [{"name": "probabilities", "parameters": {"binary_data": True}}, {"name": "label"}]
    answer, response = answered(infer, outputs=named)
    document = orjson.loads(response.body[: response.header_length])
    assert [output["name"] for output in document["outputs"]] == ["probabilities", "label"]
    assert document["outputs"][1]["data"] == answer["label"].tolist()
    assert response.body[response.header_length :] == answer["probabilities"].tobytes()


@pytest.mark.parametrize("binary", [True, False])
def test_classes(infer: Infer, binary: bool) -> None:
    parameters = {"classification": 3, "binary_data": binary}
    named = [{"name": "probabilities", "parameters": parameters}]
    answer, response = answered(infer, outputs=named)
    (output,) = orjson.loads(response.body[: response.header_length])["outputs"]
    assert (output["datatype"], output["shape"]) == ("BYTES", [2, 3])
    if binary:
        data = response.body[response.header_length :]
        elements = []
        while data:
            (size,) = struct.unpack_from("<I", data)
            elements.append(data[4 : 4 + size].decode())
            data = data[4 + size :]
    else:
        elements = output["data"]
    for row in range(2):
        best = np.argsort(-answer["probabilities"][row])[:3]
        for element, index in zip(elements[3 * row : 3 * row + 3], best, strict=True):
            value, position, label = element.split(":")
            assert (int(position), label) == (index, str(index))
            assert np.float32(value) == answer["probabilities"][row, index]


def test_equal_values_are_in_the_order_of_their_indices() -> None:
    array = np.array([[0.25, 0.5, 0.25], [1e-9, 0, 1]], np.float32)
    assert classify(array, ("a", "b", "c:d"), 3).tolist() == [
        ["0.5:1:b", "0.25:0:a", "0.25:2:c:d"],
        ["1.0:2:c:d", "1e-09:0:a", "0.0:1:b"],
    ]


def test_what_is_light(tmp_path: Path) -> None:
    tiny_model(tmp_path, "beta")
    infer = Infer(load_models(Settings(models_dir=tmp_path, max_rows=100)).get)

    def light(rows: int, **parameters: Any) -> bool:
        request = {"name": "probabilities", "parameters": parameters}
        images = np.repeat(IMAGES[:1], rows, axis=0).ravel().tolist()
        asked = infer.decode("beta", None, body(flat(rows, data=images), outputs=[request]), None)
        return asked.light

    assert light(64)
    assert light(65, binary_data=True)
    assert not light(65)
    assert not light(65, binary_data=True, classification=1)
