"""Bad input over HTTP: a 4xx in the one error body, naming field, value and limit."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.faults import fault

ZEROS = [[0] * 28] * 28


def with_pixel(value: Any) -> list[Any]:
    return [[value, *ZEROS[0][1:]], *ZEROS[1:]]


def picture(size: tuple[int, int]) -> str:
    buffer = io.BytesIO()
    Image.new("L", size).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


BAD = {
    "wrong shape": (body(instances=[[[0] * 14] * 14]), 422, "instances[0] has 14 rows"),
    "ragged": (body(instances=[[*ZEROS[:27], [0] * 3]]), 422, "instances[0][27] has 3 pixels"),
    "no instances": (body(), 422, "instances is missing"),
    "empty": (body(instances=[]), 422, "instances is empty"),
    "too many rows": (body(instances=[""] * 1025), 413, "1025 rows; at most 1024"),
    "float": (body(instances=[with_pixel(1.9)]), 422, "instances[0][0][0] is 1.9"),
    "over 255": (body(instances=[with_pixel(300)]), 422, "is 300; a pixel is an integer from 0"),
    "below 0": (body(instances=[with_pixel(-1)]), 422, "is -1; a pixel is an integer from 0"),
    "boolean": (body(instances=[with_pixel(True)]), 422, "is true; a pixel"),
    "null pixel": (body(instances=[with_pixel(None)]), 422, "is null; a pixel"),
    "text pixel": (body(instances=[with_pixel("7")]), 422, 'is "7"; a pixel'),
    "NaN": (body(instances=[with_pixel(float("nan"))]), 400, "the body is not valid JSON"),
    "infinity": (body(instances=[with_pixel(float("inf"))]), 400, "the body is not valid JSON"),
    "bad base64": (body(instances=["%%%"]), 422, "instances[0] is text but no base64"),
    "non-image": (body(instances=["aGVsbG8="]), 422, "5 bytes that are not a readable PNG or JPEG"),
    "truncated": (body(instances=[picture((28, 28))[:60]]), 422, "instances[0]"),
    "wrong picture": (body(instances=[picture((32, 32))]), 422, "is 32x32 pixels"),
    "too many pixels": (body(instances=[picture((1025, 1024))]), 413, "1049600 pixels; at most"),
    "unknown model": (body(instances=[ZEROS], model="svm"), 404, 'model "svm" is unknown'),
    "unknown version": (body(instances=[ZEROS], version="7"), 404, 'has no version "7"'),
    "version as number": (body(instances=[ZEROS], version=1), 422, "version is 1; it must be a"),
    "model as list": (body(instances=[ZEROS], model=["a"]), 422, "model is an array"),
    "unknown field": (body(instances=[ZEROS], modle="x"), 422, 'field "modle" is unknown'),
    "no JSON": (b"instances=7", 400, "the body is not valid JSON"),
    "empty body": (b"", 400, "the body is empty"),
    "JSON array": (b"[1, 2]", 400, "the body is a JSON array"),
    "given twice": (b'{"instances": [], "instances": []}', 400, "given twice"),
    "not UTF-8": (b'{"instances": "\xff"}', 400, "the body is not valid JSON"),
}


def check(answer: httpx.Response, status: int, message: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert set(document) <= {"error", "detail"}
    assert message in document["error"]
    for detail in document.get("detail", []):
        assert set(detail) == {"loc", "msg", "type"}


@pytest.mark.parametrize("route", ["/predict", "/compare"])
@pytest.mark.parametrize("case", BAD)
@fault("wrong-input")
def test_bad_input(client: httpx.Client, route: str, case: str) -> None:
    content, status, message = BAD[case]
    if route == "/compare" and ("model" in case or "version" in case):
        status, message = 422, "is unknown; the fields are fit, instances, return_fitted"
    answer = client.post(route, content=content, headers={"content-type": "application/json"})
    check(answer, status, message)


@fault("large-body")
def test_a_body_over_the_limit(client: httpx.Client) -> None:
    content = b'{"instances": "' + b"a" * 4 * 2**20 + b'"}'
    check(
        client.post("/predict", content=content, headers={"content-type": "application/json"}),
        413,
        "the limit is 4194304",
    )


def test_a_form_is_not_taken_for_json(client: httpx.Client) -> None:
    check(client.post("/predict", data={"a": "b"}), 415, "send application/json")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/predict", 405),
        ("PUT", "/models", 405),
        ("GET", "/nowhere", 404),
        ("POST", "/", 405),
        ("DELETE", "/metrics", 405),
    ],
)
def test_routing_errors_have_the_same_body(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    check(client.request(method, path), status, path)


def test_the_server_lives_on(client: httpx.Client) -> None:
    """After all of the above a good request is answered."""
    assert client.post("/predict", json={"instances": [ZEROS]}).status_code == 200
