"""Any tensor that is encoded comes back the same, in binary and as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from service.protocol.binary import Payload, encode_binary
from service.protocol.data import Tensor, decode_data, encode_data
from service.protocol.datatypes import DATATYPES, Datatype

SHAPES = arrays.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)
MORE = settings(max_examples=60, deadline=None)


def tensors(datatype: Datatype, *, finite: bool) -> st.SearchStrategy[Tensor]:
    """Arrays of a datatype."""
    if datatype.kind == "bytes":
        texts = st.text(max_size=20)
        return SHAPES.flatmap(lambda shape: arrays.arrays(object, shape, elements=texts))
    if datatype.kind == "float":
        elements = arrays.from_dtype(
            datatype.dtype, allow_nan=not finite, allow_infinity=not finite
        )
        return arrays.arrays(datatype.dtype, SHAPES, elements=elements)
    return arrays.arrays(datatype.dtype, SHAPES)


def same(found: Any, sent: Tensor, datatype: Datatype) -> None:
    """Of the same type and shape, and of the same bits where there are bits."""
    assert found.shape == sent.shape
    if datatype.kind == "bytes":
        assert found.tolist() == sent.tolist()
    else:
        assert found.dtype == datatype.dtype
        assert found.tobytes() == sent.tobytes()


@pytest.mark.parametrize("name", sorted(DATATYPES))
@MORE
@given(data=st.data(), start=st.integers(0, 9))
def test_binary_tensors_one_after_the_other(name: str, data: st.DataObject, start: int) -> None:
    """NaN and infinity among them, from any address."""
    datatype = DATATYPES[name]
    sent = data.draw(st.lists(tensors(datatype, finite=False), min_size=1, max_size=3))
    encoded = [encode_binary(array, datatype) for array in sent]
    payload = Payload(b"x" * start + b"".join(encoded), start)
    for array, part in zip(sent, encoded, strict=True):
        same(payload.take(len(part), datatype, array.shape, "inputs[0]"), array, datatype)
    payload.finish()


@pytest.mark.parametrize("name", sorted(DATATYPES))
@pytest.mark.parametrize("nested", [False, True])
@MORE
@given(data=st.data())
def test_json(name: str, nested: bool, data: st.DataObject) -> None:
    """Numbers of every datatype are written so that the same bits are read."""
    datatype = DATATYPES[name]
    sent = data.draw(tensors(datatype, finite=True))
    values: Any = sent if nested else encode_data(sent, datatype)
    if nested and datatype.kind == "bytes":
        values = sent.tolist()
    read = orjson.loads(orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY))
    same(decode_data(read, datatype, sent.shape, "inputs[0].data"), sent, datatype)


@pytest.mark.parametrize("name", ["FP16", "FP32", "FP64"])
def test_the_ends_of_the_floats_come_back_as_json(name: str) -> None:
    datatype = DATATYPES[name]
    limits = np.finfo(datatype.dtype)
    ends = [limits.max, limits.min, limits.tiny, limits.smallest_subnormal, limits.eps, -0.0]
    sent = np.array(ends, datatype.dtype)
    read = orjson.loads(
        orjson.dumps(encode_data(sent, datatype), option=orjson.OPT_SERIALIZE_NUMPY)
    )
    same(decode_data(read, datatype, sent.shape, "inputs[0].data"), sent, datatype)
