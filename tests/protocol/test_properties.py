"""Any bytes are answered or refused; every path answers as the session does."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.batch import Batch
from service.errors import ServiceError
from service.protocol.types import InferenceResponse
from service.serving.repository import Models
from service.verbs.infer import Infer
from tests.protocol.requests import body, tensor

FAST = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.just("x" * 2000), inner)
    ),
    max_leaves=6,
)
parameters = values | st.dictionaries(
    st.sampled_from(["binary_data_size", "binary_data", "binary_data_output", "classification"]),
    scalars | st.sampled_from([0, 1, 784, 1568]),
)
shapes = values | st.lists(st.sampled_from([-1, 0, 1, 2, 28, 784, 2**62]), max_size=4)
inputs = st.fixed_dictionaries(
    {},
    optional={
        "name": values | st.just("images"),
        "datatype": values | st.sampled_from(["UINT8", "FP32"]),
        "shape": shapes | st.just([1, 28, 28]),
        "data": values | st.just([7] * 784) | st.just([[[7] * 28] * 28]),
        "parameters": parameters,
    },
)
outputs = st.fixed_dictionaries(
    {},
    optional={
        "name": values | st.sampled_from(["label", "probabilities"]),
        "parameters": parameters,
    },
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "id": values,
        "parameters": parameters,
        "inputs": values | st.lists(inputs, max_size=2),
        "outputs": values | st.lists(outputs, max_size=3),
        "model_name": values,
    },
)


def attempt(infer: Infer, sent: bytes, length: int | None) -> None:
    try:
        asked = infer.decode("alpha", None, sent, length)
    except ServiceError as error:
        assert 400 <= error.status < 500, error  # noqa: PT017
        assert len(str(error)) < 1000, error  # noqa: PT017
        return
    images = asked.request.inputs["images"]
    assert images.dtype == np.uint8
    assert images.shape[1:] == (28, 28)
    infer.encode(asked, asked.served.session.predict(asked.request.inputs))


@FAST
@given(document=documents, tail=st.binary(max_size=3), cut=st.integers(-2, 2))
def test_any_document(infer: Infer, document: dict[str, Any], tail: bytes, cut: int) -> None:
    header = orjson.dumps(document)
    attempt(infer, header, None)
    for data in (tail, bytes(784), bytes(1568)):
        attempt(infer, header + data, max(len(header) + cut, 0))


@FAST
@given(sent=st.binary(max_size=2000), length=st.none() | st.integers(0, 2100))
def test_any_bytes(infer: Infer, sent: bytes, length: int | None) -> None:
    attempt(infer, sent, length)


def read(response: InferenceResponse) -> dict[str, np.ndarray]:
    """Every output of a response, as a client reads it."""
    document = orjson.loads(response.body[: response.header_length])
    at = response.header_length or 0
    found = {}
    for output in document["outputs"]:
        dtype = {"INT64": "<i8", "FP32": "<f4"}[output["datatype"]]
        if "data" in output:
            array = np.array(output["data"], dtype)
        else:
            size = output["parameters"]["binary_data_size"]
            array = np.frombuffer(response.body[at : at + size], dtype)
            at += size
        found[output["name"]] = array.reshape(output["shape"])
    assert at == (len(response.body) if response.header_length else 0)
    return found


@FAST
@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 8),
    form=st.sampled_from(["flat", "nested", "binary", "raw"]),
    model=st.sampled_from([("alpha", "1"), ("beta", "2"), ("beta", None)]),
    binary_output=st.booleans(),
    own=st.none() | st.booleans(),
    order=st.permutations(["label", "probabilities"]),
)
def test_every_path_is_the_sessions(
    infer: Infer,
    models: Models,
    seed: int,
    rows: int,
    form: str,
    model: tuple[str, str | None],
    binary_output: bool,
    own: bool | None,
    order: list[str],
) -> None:
    images = np.random.default_rng(seed).integers(0, 256, (rows, 28, 28), np.uint8)
    named = [{"name": n, "parameters": {} if own is None else {"binary_data": own}} for n in order]
    asks: dict[str, Any] = {"outputs": named, "parameters": {"binary_data_output": binary_output}}
    length: int | None = None
    if form in ("flat", "nested"):
        data = images.tolist() if form == "nested" else images.ravel().tolist()
        sent = body(tensor(rows, data=data), **asks)
    elif form == "binary":
        header = body(tensor(rows, parameters={"binary_data_size": images.size}), **asks)
        sent, length = header + images.tobytes(), len(header)
    else:
        sent, length = images.tobytes(), 0
        named = []
    asked = infer.decode(*model, sent, length)
    expected = models.get(*model).session.predict(Batch({"images": images}))
    found = read(infer.encode(asked, expected))
    assert list(found) == (order if named else ["label", "probabilities"])
    np.testing.assert_array_equal(asked.request.inputs["images"], images)
    np.testing.assert_array_equal(found["label"], expected["label"])
    np.testing.assert_array_equal(found["probabilities"], expected["probabilities"])
