"""Responses: what comes back is what the model answered."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import orjson
import pytest
from service.inference.repository import Models
from service.protocol.codec import Asked, Codec

from service.inference.session import Answer
from service.protocol.response import classify
from service.protocol.types import InferenceResponse
from tests.protocol.requests import IMAGES, body, flat


def answered(
    codec: Codec, models: Models, rows: int = 2, **fields: Any
) -> tuple[Asked, Answer, InferenceResponse]:
    asked = codec.decode("beta", "10", body(flat(rows), **fields), None)
    answer = models.get("beta", "10").predict(asked.images)
    return asked, answer, codec.encode(asked, answer)


def test_json(codec: Codec, models: Models) -> None:
    _, answer, response = answered(codec, models, id="x")
    assert response.header_length is None
    document = orjson.loads(response.body)
    label, probabilities = document.pop("outputs")
    assert document == {"model_name": "beta", "model_version": "10", "id": "x"}
    assert label == {
        "name": "label", "datatype": "INT64", "shape": [2], "data": answer.label.tolist(),
    }  # fmt: skip
    assert (probabilities["datatype"], probabilities["shape"]) == ("FP32", [2, 10])
    # Flat, and to the last bit.
    np.testing.assert_array_equal(
        np.array(probabilities["data"], np.float32), answer.probabilities.ravel()
    )


def test_without_an_id_there_is_none(codec: Codec, models: Models) -> None:
    assert "id" not in orjson.loads(answered(codec, models)[2].body)


def test_binary(codec: Codec, models: Models) -> None:
    _, answer, response = answered(codec, models, parameters={"binary_data_output": True})
    assert response.header_length is not None
    document = orjson.loads(response.body[: response.header_length])
    assert [o["parameters"] for o in document["outputs"]] == [
        {"binary_data_size": 16},
        {"binary_data_size": 80},
    ]
    assert not any("data" in output for output in document["outputs"])
    data = response.body[response.header_length :]
    assert data == answer.label.tobytes() + answer.probabilities.tobytes()


def test_one_of_each_in_the_order_asked(codec: Codec, models: Models) -> None:
    named = [{"name": "probabilities", "parameters": {"binary_data": True}}, {"name": "label"}]
    _, answer, response = answered(codec, models, outputs=named)
    document = orjson.loads(response.body[: response.header_length])
    assert [output["name"] for output in document["outputs"]] == ["probabilities", "label"]
    assert document["outputs"][1]["data"] == answer.label.tolist()
    assert response.body[response.header_length :] == answer.probabilities.tobytes()


@pytest.mark.parametrize("binary", [True, False])
def test_classes(codec: Codec, models: Models, binary: bool) -> None:
    parameters = {"classification": 3, "binary_data": binary}
    named = [{"name": "probabilities", "parameters": parameters}]
    _, answer, response = answered(codec, models, outputs=named)
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
        best = np.argsort(-answer.probabilities[row])[:3]
        for element, index in zip(elements[3 * row : 3 * row + 3], best, strict=True):
            value, position, label = element.split(":")
            assert (int(position), label) == (index, str(index))
            assert np.float32(value) == answer.probabilities[row, index]


def test_equal_values_are_in_the_order_of_their_indices() -> None:
    array = np.array([[0.25, 0.5, 0.25], [1e-9, 0, 1]], np.float32)
    assert classify(array, ("a", "b", "c:d"), 3).tolist() == [
        [b"0.5:1:b", b"0.25:0:a", b"0.25:2:c:d"],
        [b"1.0:2:c:d", b"1e-09:0:a", b"0.0:1:b"],
    ]


def test_what_is_light(models: Models) -> None:
    codec = Codec(models, 100)

    def light(rows: int, **parameters: Any) -> bool:
        request = {"name": "probabilities", "parameters": parameters}
        images = np.repeat(IMAGES[:1], rows, axis=0).ravel().tolist()
        return codec.decode(
            "beta", None, body(flat(rows, data=images), outputs=[request]), None
        ).light

    assert light(64)
    assert light(65, binary_data=True)
    assert not light(65)
    assert not light(65, binary_data=True, classification=1)
