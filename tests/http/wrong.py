"""Wrong bodies of the routes that take JSON or tensors, and what the error's sentence names."""

from __future__ import annotations

import json
from typing import Any

ROW = [0] * 28
IMAGE = [ROW] * 28
LOAN = {"age": 30, "income": 1000, "town": "Oslo"}
PARSER = "the body is not valid JSON"  # of what does not parse, no field can be named


def text(**fields: Any) -> str:
    return json.dumps(fields)


def pixel(written: str, **fields: Any) -> str:
    """An image whose first pixel is written so."""
    return text(instances=[IMAGE], **fields).replace("[[[0,", f"[[[{written},")


# Bodies for routes of images, and what the sentence names.
IMAGES: dict[str, tuple[str, str]] = {
    "too few rows": (text(instances=[IMAGE[:14]]), "instances[0]"),
    "too many rows": (text(instances=[[*IMAGE, ROW]]), "instances[0]"),
    "ragged": (text(instances=[[*IMAGE[:27], ROW[:3]]]), "instances[0][27]"),
    "too deep": (text(instances=[[IMAGE]]), "instances[0]"),
    "too flat": (text(instances=IMAGE), "instances"),
    "no instances": (text(), "instances is missing"),
    "instances null": (text(instances=None), "instances is missing"),
    "instances empty": (text(instances=[]), "instances is empty"),
    "instances an object": (text(instances={"0": IMAGE}), "instances is an object"),
    "an instance null": (text(instances=[None]), "instances[0] is null"),
    "an instance empty": (text(instances=[[]]), "instances[0]"),
    "an empty text": (text(instances=[""]), "instances[0]"),
    "a float": (pixel("0.5"), "instances[0][0][0] is 0.5"),
    "over 255": (pixel("256"), "instances[0][0][0] is 256"),
    "below 0": (pixel("-1"), "instances[0][0][0] is -1"),
    "a boolean": (pixel("true"), "instances[0][0][0] is true"),
    "null": (pixel("null"), "instances[0][0][0] is null"),
    "a text": (pixel('"7"'), 'instances[0][0][0] is "7"'),
    "an array": (pixel("[]"), "instances[0][0][0]"),
    "1e300": (pixel("1e300"), "instances[0][0][0]"),
    "NaN": (pixel("NaN"), PARSER),
    "Infinity": (pixel("-Infinity"), PARSER),
    "1e400": (pixel("1e400"), PARSER),
    "bad UTF-8": ('{"instances":["\udcff"]}', PARSER),
    "a key twice": ('{"instances":[],"instances":[]}', '"instances" is given twice'),
    "an unknown key": (text(instances=[IMAGE], modle="x"), '"modle" is unknown'),
}
TABLE: dict[str, tuple[str, str]] = {
    "no columns": (text(model="loans", instances=[{}]), "age"),
    "a column is missing": (
        text(model="loans", instances=[{"age": 1, "income": 1}]), "town",
    ),
    "an unknown column": (text(model="loans", instances=[{**LOAN, "aeg": 1}]), "aeg"),
    "text for a number": (text(model="loans", instances=[{**LOAN, "age": "old"}]), "age"),
    "a number for a category": (text(model="loans", instances=[{**LOAN, "town": 3}]), "town"),
    "a boolean": (text(model="loans", instances=[{**LOAN, "income": True}]), "income"),
    "an array": (text(model="loans", instances=[{**LOAN, "income": [1]}]), "income"),
    "a cell too few": (text(model="loans", instances=[[30, 1000]]), "instances[0]"),
    "a cell too many": (text(model="loans", instances=[[30, 1000, "Oslo", 1]]), "instances[0]"),
    "null for a row": (text(model="loans", instances=[LOAN, None]), "instances[1] is null"),
    "1e300": (text(model="prices", instances=[[1, 2, 1e300]]), "instances[0]"),
    "NaN": (text(model="prices", instances=[[1, 2, float("nan")]]), PARSER),
    "a key twice": ('{"model":"loans","instances":[{"age":1,"age":2}]}', '"age" is given twice'),
    "no picture": (text(model="loans", instances=["aGVsbG8="]), "instances[0]"),
    "a model of a number": (text(model=1, instances=[LOAN]), "model is 1"),
    "a version of a number": (text(version=1, model="loans", instances=[LOAN]), "version is 1"),
}  # fmt: skip
FACTS: dict[str, tuple[str, str]] = {
    "a text for a number": (text(n_rows="many"), "n_rows"),
    "a fraction of a row": (text(n_rows=1.5), "n_rows"),
    "a negative number": (text(n_rows=-1), "n_rows"),
    "a boolean for a number": (text(n_rows=True), "n_rows"),
    "a number for a boolean": (text(clean=1), "clean"),
    "an unknown word": (text(task="guessing"), "task"),
    "a word for words": (text(modalities="image"), "modalities"),
    "no words": (text(modalities=[]), "modalities"),
    "an unknown one among words": (text(modalities=["image", "smell"]), "modalities"),
    "over 1": (text(rarest_class_share=1.5), "rarest_class_share"),
    "zero milliseconds": (text(latency_ms=0), "latency_ms"),
    "an object": (text(budget={}), "budget"),
    "NaN": (text(latency_ms=float("nan")), PARSER),
    "1e400": ('{"latency_ms":1e400}', PARSER),
    "a key twice": ('{"n_rows":1,"n_rows":2}', '"n_rows" is given twice'),
    "an unknown key": (text(rows=1), '"rows" is unknown'),
}


def tensor(**changes: Any) -> str:
    sound = {"name": "images", "shape": [1, 28, 28], "datatype": "UINT8", "data": [0] * 784}
    return text(inputs=[{**sound, **changes}])


# Of the Open Inference Protocol, as JSON.
TENSORS: dict[str, tuple[str, str]] = {
    "no inputs": (text(), "inputs"),
    "inputs null": (text(inputs=None), "inputs"),
    "inputs empty": (text(inputs=[]), "images"),
    "an input null": (text(inputs=[None]), "inputs[0]"),
    "an unknown name": (tensor(name="image"), "image"),
    "an input twice": (
        text(inputs=2 * [json.loads(tensor())["inputs"][0]]), "images",
    ),
    "another shape": (tensor(shape=[1, 14, 56]), "shape"),
    "another rank": (tensor(shape=[784]), "shape"),
    "no rows": (tensor(shape=[0, 28, 28], data=[]), "shape"),
    "a negative dimension": (tensor(shape=[-1, 28, 28]), "shape"),
    "a dimension of 2**62": (tensor(shape=[2**62, 28, 28]), "shape"),
    "a dimension of text": (tensor(shape=["1", 28, 28]), "shape"),
    "a fraction of a dimension": (tensor(shape=[1.5, 28, 28]), "shape"),
    "another datatype": (tensor(datatype="FP32"), "datatype"),
    "an unknown datatype": (tensor(datatype="UINT7"), "datatype"),
    "too few values": (tensor(data=[0] * 783), "data"),
    "too many values": (tensor(data=[0] * 785), "data"),
    "ragged": (tensor(data=[[ROW] * 27 + [ROW[:3]]]), "data"),
    "data null": (tensor(data=None), "data"),
    "a value null": (tensor(data=[None] + [0] * 783), "data"),
    "a text": (tensor(data=["7"] + [0] * 783), "data"),
    "a float": (tensor(data=[0.5] + [0] * 783), "data"),
    "a boolean": (tensor(data=[True] + [0] * 783), "data"),
    "over 255": (tensor(data=[256] + [0] * 783), "data"),
    "NaN": (tensor(data=[float("nan")] + [0] * 783), PARSER),
    "1e400": (tensor(data=[]).replace("[]", "[1e400]"), PARSER),
    "a key twice": ('{"inputs":[{"name":"images","name":"images"}]}', '"name" is given twice'),
    "an unknown key": (tensor(dtype="UINT8"), "dtype"),
    "an unknown output": (
        text(inputs=json.loads(tensor())["inputs"], outputs=[{"name": "labels"}]), "labels",
    ),
}  # fmt: skip


def column(name: str, datatype: str, value: Any) -> dict[str, Any]:
    return {"name": name, "shape": [1, 1], "datatype": datatype, "data": [value]}


def binary(header: Any, body: bytes, length: int | None = None) -> tuple[bytes, str]:
    """A request in the protocol's binary form, and the length that its header gives."""
    written = json.dumps(header).encode()
    return written + body, str(len(written) if length is None else length)


def packed(size: Any, **changes: Any) -> dict[str, Any]:
    sound = {
        "name": "images", "shape": [1, 28, 28], "datatype": "UINT8",
        "parameters": {"binary_data_size": size},
    }  # fmt: skip
    return {"inputs": [{**sound, **changes}]}


PIXELS = bytes(784)
BINARY: dict[str, tuple[tuple[bytes, str], str]] = {
    "a byte too few": (binary(packed(784), PIXELS[1:]), "binary_data_size is 784"),
    "a byte too many": (binary(packed(784), PIXELS + b"x"), "byte"),
    "another size": (binary(packed(783), PIXELS[1:]), "binary_data_size is 783"),
    "no size": (binary(packed(None), PIXELS), "binary_data_size"),
    "a negative size": (binary(packed(-784), PIXELS), "binary_data_size"),
    "a size of text": (binary(packed("784"), PIXELS), "binary_data_size"),
    "a size of 2**62": (binary(packed(2**62), PIXELS), "binary_data_size is 46"),
    "data twice": (binary(packed(784, data=[0] * 784), PIXELS), "data"),
    "another shape": (binary(packed(784, shape=[1, 784]), PIXELS), "shape"),
    "another datatype": (binary(packed(784, datatype="INT8"), PIXELS), "datatype"),
    "a header beyond the body": (binary(packed(784), PIXELS, 10_000), "Content-Length is 10000"),
    "a negative header": (binary(packed(784), PIXELS, -1), "Content-Length is"),
    "a header cut": (binary(packed(784), PIXELS, 20), "JSON"),
}
