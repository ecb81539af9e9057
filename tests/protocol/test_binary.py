"""Binary tensors, to the last byte."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidError, MalformedError, ServiceError
from service.protocol.binary import Payload, encode_binary, header_length
from service.protocol.datatypes import DATATYPES
from tests.protocol.test_data import GOOD


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("start", [0, 1])
def test_every_datatype_comes_back(name: str, start: int) -> None:
    """Also from where no element of several bytes is aligned."""
    datatype = DATATYPES[name]
    array = np.array(GOOD[name], datatype.dtype).reshape(2, 2)
    data = encode_binary(array, datatype)
    payload = Payload(b"x" * start + data, start)
    back = payload.take(len(data), datatype, (2, 2), "inputs[0]")
    payload.finish()
    np.testing.assert_array_equal(back, array)
    assert back.flags.aligned
    assert back.dtype == datatype.dtype


def test_images_are_not_copied() -> None:
    body = bytes(1 + 784)
    array = Payload(body, 1).take(784, DATATYPES["UINT8"], (1, 28, 28), "inputs[0]")
    assert np.shares_memory(array, np.frombuffer(body, np.uint8))


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_texts_of_any_length_come_back(elements: list[str]) -> None:
    """In memory they are str; on the wire UTF-8."""
    datatype = DATATYPES["BYTES"]
    data = encode_binary(np.array([*elements, None], object)[:-1], datatype)
    assert data.endswith(elements[-1].encode())
    back = Payload(data, 0).take(len(data), datatype, (len(elements),), "inputs[0]")
    assert back.tolist() == elements


@given(st.binary(max_size=40), st.sampled_from(sorted(DATATYPES)), st.integers(-1, 41))
def test_any_bytes_are_a_tensor_or_an_error(data: bytes, name: str, size: int) -> None:
    try:
        array = Payload(data, 0).take(size, DATATYPES[name], (2, 1), "inputs[0]")
    except ServiceError as error:
        status: int | None = error.status
    else:
        status = None
        assert array.shape == (2, 1)
    assert status in (None, 400, 422)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("BOOL", b"\x00\x02", "inputs[0] holds a byte 2; BOOL takes 0 for false or 1 for true"),
        ("UINT8", b"\x00", "binary_data_size is 1; shape [2] of UINT8 has 2 bytes"),
        ("FP32", b"\x00" * 9, "binary_data_size is 9; shape [2] of FP32 has 8 bytes"),
        ("BYTES", b"\x01\x00\x00\x00a", "inputs[0] holds 1 elements; its shape has 2"),
        ("BYTES", b"\x00" * 12, "inputs[0] holds 3 elements; its shape has 2"),
        ("BYTES", b"\x02\x00\x00\x00a", "inputs[0] ends inside element 0"),
        ("BYTES", b"\x00\x00\x00\x00\x01", "inputs[0] ends inside element 1"),
        ("BYTES", b"\x01\x00\x00\x00a\x01\x00\x00\x00\xff", "not UTF-8 in element 1; send text in"),
        ("BYTES", b"\xff\xff\xff\xff", "inputs[0] ends inside element 0"),
    ],
)
def test_other_sizes_are_refused(name: str, data: bytes, message: str) -> None:
    with pytest.raises(InvalidError) as caught:
        Payload(data, 0).take(len(data), DATATYPES[name], (2,), "inputs[0]")
    assert message in str(caught.value)


@pytest.mark.parametrize(("value", "length"), [(None, None), (b"0", 0), (b"0123", 123)])
def test_the_header_is_a_number(value: bytes | None, length: int | None) -> None:
    assert header_length(value) == length


@pytest.mark.parametrize("value", [b"", b"-1", b"+1", b"1.0", b"0x1", b"a", b"\xb2", b"9" * 5000])
def test_any_other_header_is_refused(value: bytes) -> None:
    with pytest.raises(MalformedError, match=r"Inference-Header-Content-Length is .*; it must"):
        header_length(value)
