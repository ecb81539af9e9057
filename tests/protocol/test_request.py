"""Requests: every good form is the same tensor, every bad one a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.errors import ServiceError
from service.protocol.request import decode_request
from service.protocol.types import RequestOutput
from service.verbs.infer import Infer, InferRequest
from tests.protocol.requests import IMAGES, binary, body, columns, flat, nested, sized, tensor

RAW = IMAGES[:1].tobytes()
Sent = tuple[bytes, int | None]


def ask(infer: Infer, sent: Sent, model: str = "alpha") -> InferRequest:
    return infer.decode(model, None, *sent)


@pytest.mark.parametrize("rows", [1, 3])
def test_every_form_is_the_same_tensor(infer: Infer, rows: int) -> None:
    raw = IMAGES[:rows].tobytes()
    long = body(sized(rows), id="x" * 600)
    forms: list[Sent] = [
        (body(flat(rows)), None),
        (body(nested(rows)), None),
        (body(flat(rows), parameters={"mine": True}), None),
        (body(nested(rows)), len(body(nested(rows)))),
        binary(body(sized(rows)), raw),
        binary(long, raw),
        (raw, 0),
    ]
    for form in forms:
        images = ask(infer, form).request.inputs["images"]
        assert images.dtype == np.uint8
        np.testing.assert_array_equal(images, IMAGES[:rows])


def test_all_outputs_are_given_unless_some_are_named(infer: Infer) -> None:
    def outputs(**fields: Any) -> Any:
        return ask(infer, (body(flat(), **fields), None)).request.outputs

    label, probabilities = RequestOutput("label"), RequestOutput("probabilities")
    assert outputs() == outputs(outputs=[]) == outputs(outputs=None) == (label, probabilities)
    assert outputs(outputs=[{"name": "probabilities"}, {"name": "label"}]) == (
        probabilities,
        label,
    )
    assert outputs(outputs=[{"name": "label", "parameters": None}]) == (label,)


def test_each_output_may_overrule_the_request(infer: Infer) -> None:
    request = body(
        flat(),
        parameters={"binary_data_output": True},
        outputs=[
            {"name": "label", "parameters": {"binary_data": False}},
            {"name": "probabilities", "parameters": {"classification": 3, "mine": 1.5}},
        ],
    )
    assert ask(infer, (request, None)).request.outputs == (
        RequestOutput("label"),
        RequestOutput("probabilities", binary=True, classification=3),
    )


@pytest.mark.parametrize(("asked", "given"), [(1, 1), (10, 10), (11, 10), (2**63, 10)])
def test_more_classes_than_there_are_is_all_of_them(infer: Infer, asked: int, given: int) -> None:
    """As Triton answers."""
    (output,) = ask(infer, (body(flat(), **out(classification=asked)), None)).request.outputs
    assert output.classification == given


def test_a_raw_request_is_answered_in_binary(infer: Infer) -> None:
    assert all(output.binary for output in ask(infer, (RAW, 0)).request.outputs)


def test_the_id_is_kept_and_the_model_may_be_named(infer: Infer) -> None:
    named = body(flat(), id="a:b", model_name="alpha", model_version="1", outputs=None)
    assert ask(infer, (named, None)).request.id == "a:b"
    assert ask(infer, (body(flat(), id=None), None)).request.id is None


def test_a_repeated_header_has_each_time_its_own_tensor(infer: Infer) -> None:
    header = body(sized())
    first, second = (
        ask(infer, binary(header, IMAGES[i].tobytes())).request.inputs["images"] for i in range(2)
    )
    np.testing.assert_array_equal(first[0], IMAGES[0])
    np.testing.assert_array_equal(second[0], IMAGES[1])


def test_several_inputs_of_several_datatypes() -> None:
    """JSON and binary mixed; the binary ones in the order of the inputs."""
    weight, town = np.array([[60.5, 70]], np.float32), b"\x01\x00\x00\x00a\x00\x00\x00\x00"
    sent = binary(
        body(
            {"name": "town", "shape": [1, 2], "datatype": "BYTES",
             "parameters": {"binary_data_size": 9}},
            {"name": "age", "shape": [1, 2], "datatype": "INT16", "data": [[30, -1]]},
            {"name": "weight", "shape": [1, 2], "datatype": "FP32",
             "parameters": {"binary_data_size": 8}},
            {"name": "smoker", "shape": [1, 2], "datatype": "BOOL", "data": [True, False]},
        ),
        town, weight.tobytes(),
    )  # fmt: skip
    inputs = decode_request(*sent, columns()).inputs
    assert {name: array.tolist() for name, array in inputs.arrays.items()} == {
        "town": [["a", ""]],
        "age": [[30, -1]],
        "weight": [[60.5, 70]],
        "smoker": [[True, False]],
    }


def column(name: str, datatype: str, rows: int, value: Any) -> dict[str, Any]:
    return {"name": name, "shape": [rows, 2], "datatype": datatype, "data": [value] * 2 * rows}


def test_an_input_may_be_sent_once() -> None:
    twice = body(column("age", "INT16", 1, 1), column("age", "INT16", 1, 1))
    with pytest.raises(ServiceError, match=r'inputs\[1\].name is "age" a second time'):
        decode_request(twice, None, columns())


@pytest.mark.parametrize(
    ("rows", "message"),
    [((1, 1, 1), 'inputs lacks "town"'), ((1, 1, 2, 1), "1 in age, 1 in weight, 2 in smoker")],
)
def test_inputs_that_do_not_fit_together(rows: tuple[int, ...], message: str) -> None:
    kinds = [("age", "INT16", 1), ("weight", "FP32", 1), ("smoker", "BOOL", True),
             ("town", "BYTES", "x")]  # fmt: skip
    inputs = [column(n, d, r, v) for (n, d, v), r in zip(kinds, rows, strict=False)]
    with pytest.raises(ServiceError, match=message) as caught:
        decode_request(body(*inputs), None, columns())
    assert caught.value.status == 422


def test_a_raw_request_needs_one_input() -> None:
    with pytest.raises(ServiceError, match="age, weight, smoker, town do not follow"):
        decode_request(b"12", 0, columns())


def param(**parameters: Any) -> dict[str, Any]:
    return {"parameters": parameters}


def out(name: Any = "probabilities", **parameters: Any) -> dict[str, Any]:
    return {"outputs": [{"name": name, "parameters": parameters}]}


def pixel(value: Any) -> dict[str, Any]:
    return flat(data=[value, *[0] * 783])


HEADER = "Inference-Header-Content-Length"
BAD: dict[str, tuple[Sent, int, str]] = {
    "empty": ((b"", None), 400, "the body is empty; send a JSON object such as"),
    "no JSON": ((b"images", None), 400, "the body is not valid JSON"),
    "array": ((b"[]", None), 400, "the body is a JSON array"),
    "too deep": ((b'{"a":' * 1010 + b"1" + b"}" * 1010, None), 400, "nested too deep"),
    "given twice": ((b'{"inputs": [], "inputs": []}', None), 400, '"inputs" is given twice'),
    "inner given twice": (
        (body(flat()).replace(b'"name":', b'"name":"label","name":'), None),
        400,
        'field "name" is given twice',
    ),
    "NaN": ((body(flat()).replace(b"[1,", b"[NaN,"), None), 400, "the body is not valid JSON"),
    "unknown field": ((body(flat(), input=1), None), 422, 'field "input" is unknown'),
    "no inputs": ((b"{}", None), 422, "inputs is null; it must be an array"),
    "inputs an object": ((b'{"inputs": {}}', None), 422, "inputs is an object"),
    "no input": ((body(), None), 422, 'inputs lacks "images"; alpha needs it'),
    "two inputs": ((body(flat(), flat()), None), 422, "inputs holds 2 tensors; alpha takes images"),
    "input a number": ((body(3), None), 422, "inputs[0] is 3; it must be an object"),
    "no name": ((body(flat(name=None)), None), 422, "inputs[0].name is null; alpha takes images"),
    "name a list": ((body(flat(name=["images"])), None), 422, "inputs[0].name is an array"),
    "unknown input": ((body(flat(name="x")), None), 422, 'inputs[0].name is "x"; alpha takes'),
    "unknown inner field": ((body(flat(dtype=1)), None), 422, '"dtype" of inputs[0] is unknown'),
    "no datatype": ((body(flat(datatype=None)), None), 422, "inputs[0].datatype is null; images"),
    "other datatype": ((body(flat(datatype="FP32")), None), 422, 'is "FP32"; images takes UINT8'),
    "unknown datatype": ((body(flat(datatype="u8")), None), 422, 'is "u8"; images takes UINT8'),
    "no shape": ((body(flat(shape=None)), None), 422, "inputs[0].shape is null; images takes"),
    "shape a number": ((body(flat(shape=784)), None), 422, "inputs[0].shape is 784"),
    "flat shape": ((body(flat(shape=[1, 784])), None), 422, "is [1, 784]; images takes [-1, 28"),
    "no dimensions": ((body(flat(shape=[])), None), 422, "inputs[0].shape is []"),
    "no rows": ((body(flat(shape=[0, 28, 28], data=[])), None), 422, "shape is [0, 28, 28]"),
    "negative rows": ((body(flat(shape=[-1, 28, 28])), None), 422, "shape is [-1, 28, 28]"),
    "many dimensions": ((body(flat(shape=[1] * 99)), None), 422, "inputs[0].shape is an array"),
    "float shape": ((body(flat(shape=[1.0, 28, 28])), None), 422, "inputs[0].shape is an array"),
    "boolean shape": ((body(flat(shape=[True, 28, 28])), None), 422, "shape is an array"),
    "too many rows": ((body(flat(shape=[9, 28, 28])), None), 413, "has 9 rows; at most 8"),
    "huge shape": ((body(flat(shape=[2**63, 28, 28])), None), 413, "rows; at most 8"),
    "no data": ((body(tensor()), None), 422, "inputs[0].data is null; it must be an array"),
    "too few": ((body(flat(data=[1])), None), 422, "inputs[0].data has 1 elements; shape [1, 28"),
    "ragged": (
        (body(nested(data=[[*IMAGES[0].tolist()[:27], [1, 2, 3]]])), None),
        422,
        "inputs[0].data[0][27] has 3 elements; shape [1, 28, 28] needs 28 there",
    ),
    "float": ((body(pixel(1.9)), None), 422, "inputs[0].data[0] is 1.9; UINT8 takes an integer"),
    "over 255": ((body(pixel(256)), None), 422, "is 256; UINT8 takes an integer from 0 to 255"),
    "below 0": ((body(pixel(-1)), None), 422, "is -1; UINT8 takes an integer from 0 to 255"),
    "boolean": ((body(pixel(True)), None), 422, "inputs[0].data[0] is true; UINT8 takes"),
    "null": ((body(pixel(None)), None), 422, "inputs[0].data[0] is null; UINT8 takes"),
    "text": ((body(pixel("7")), None), 422, 'inputs[0].data[0] is "7"; UINT8 takes'),
    "parameters a list": ((body(flat(), parameters=[]), None), 422, "parameters is an array"),
    "parameter a list": (
        (body(flat(), **param(x=[])), None),
        422,
        'parameters["x"] is an array; a',
    ),
    "parameter null": (
        (body(flat(**param(x=None))), None),
        422,
        'inputs[0].parameters["x"] is null',
    ),
    "shared memory": (
        (body(tensor(**param(shared_memory_region="r"))), None),
        422,
        'inputs[0].parameters has the parameter "shared_memory_region"; there is no shared memory',
    ),
    "binary_data_output a number": (
        (body(flat(), **param(binary_data_output=1)), None),
        422,
        "parameters.binary_data_output is 1; it must be true or false",
    ),
    "binary_data a string": (
        (body(flat(), **out(binary_data="yes")), None),
        422,
        'outputs[0].parameters.binary_data is "yes"; it must be true or false',
    ),
    "id a number": ((body(flat(), id=7), None), 422, "id is 7; it must be a string"),
    "other model": ((body(flat(), model_name="beta"), None), 422, 'the path names "alpha"'),
    "other version": ((body(flat(), model_version=1), None), 422, 'the path names "1"'),
    "outputs an object": ((body(flat(), outputs={"name": "label"}), None), 422, "outputs is an"),
    "output a string": ((body(flat(), outputs=["label"]), None), 422, 'outputs[0] is "label"'),
    "output a list": ((body(flat(), **out(["label"])), None), 422, "outputs[0].name is an array"),
    "unknown output": (
        (body(flat(), **out("logits")), None),
        422,
        'outputs[0].name is "logits"; alpha gives label, probabilities',
    ),
    "unknown output field": (
        (body(flat(), outputs=[{"name": "label", "data": []}]), None),
        422,
        'field "data" of outputs[0] is unknown; the fields are name, parameters',
    ),
    "output twice": (
        (body(flat(), outputs=[{"name": "label"}, {"name": "label"}]), None),
        422,
        'outputs[1].name is "label" a second time; ask for it once',
    ),
    "no classes": (
        (body(flat(), **out(classification=0)), None),
        422,
        "is 0; it must be an integer of at",
    ),
    "half classes": ((body(flat(), **out(classification=1.5)), None), 422, "classification is 1.5"),
    "true classes": ((body(flat(), **out(classification=True)), None), 422, "is true; it must be"),
    "classes of the label": (
        (body(flat(), **out("label", classification=1)), None),
        422,
        "but label has no value per class; leave it out, or ask for it of these outputs: proba",
    ),
    "data twice": ((body(flat(**param(binary_data_size=784))), None), 422, "send the tensor once"),
    "size a string": (
        binary(body(sized(**param(binary_data_size="784"))), RAW),
        422,
        'inputs[0].parameters.binary_data_size is "784"; it must be the number of bytes',
    ),
    "size true": (binary(body(sized(**param(binary_data_size=True))), RAW), 422, "is true"),
    "size negative": (binary(body(sized(**param(binary_data_size=-1))), RAW), 422, "is -1"),
    "size of another shape": (
        binary(body(sized(**param(binary_data_size=783))), RAW[:783]),
        422,
        "binary_data_size is 783; shape [1, 28, 28] of UINT8 has 784 bytes",
    ),
    "short": (
        binary(body(sized()), RAW[:-1]),
        400,
        "binary_data_size is 784, but 783 bytes are left in the body after its JSON",
    ),
    "left over": (binary(body(sized()), RAW + b"x"), 400, "the body has 1 bytes more than its"),
    "left over after JSON": (binary(body(flat()), b"12"), 400, "the body has 2 bytes more"),
    "no header": ((body(sized()), None), 400, f"say in the header {HEADER} where the JSON ends"),
    "header cut": ((body(flat()), 10), 400, "the JSON is not valid JSON"),
    "header past the end": ((b"{}", 3), 400, f"{HEADER} is 3, but the body has 2 bytes"),
    "raw empty": ((b"", 0), 422, "the body has 0 bytes; Inference-Header-Content-Length is 0"),
    "raw ragged": ((RAW + b"x", 0), 422, "must hold rows of images, 784 bytes each"),
    "raw many rows": ((RAW * 9, 0), 413, "the body has 9 rows; at most 8"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_requests(infer: Infer, case: str) -> None:
    sent, status, message = BAD[case]
    for _ in range(2):  # what is wrong is not remembered as right
        with pytest.raises(ServiceError) as caught:
            ask(infer, sent)
        assert message in str(caught.value)
        assert caught.value.status == status


def test_an_unknown_model_comes_first(infer: Infer) -> None:
    with pytest.raises(ServiceError, match='model "gamma" is unknown') as caught:
        ask(infer, (b"", None), "gamma")
    assert caught.value.status == 404
