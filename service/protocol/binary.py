"""Binary tensors: little-endian, row-major, after the JSON and in the order of its tensors.

Source: Triton's binary tensor data extension. The header `Inference-Header-Content-Length` gives
the length of the JSON in bytes, and each input's `binary_data_size` the length of its tensor.
Together they must cover the whole body.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from contract.messages import describe, short
from service.errors import InvalidError, MalformedError
from service.protocol.data import Tensor
from service.protocol.datatypes import Datatype

HEADER = "Inference-Header-Content-Length"
_LENGTH_BYTES = 4


def header_length(value: bytes | None) -> int | None:
    """The value of the header in bytes; None if the header is absent.

    Raises:
        MalformedError: the value is not a number of bytes.
    """
    if value is None:
        return None
    if not value.isdigit() or len(value) > 18:
        raise MalformedError(
            f"{HEADER} is {short(value.decode('latin-1'))}; it must be the number of bytes of the "
            "JSON, or 0 if the body holds no JSON"
        )
    return int(value)


class Payload:
    """The bytes after the JSON. Each call of `take` returns the next tensor, usually as a view."""

    def __init__(self, body: bytes, start: int) -> None:
        self._body = body
        self._at = start

    def take(self, size: Any, datatype: Datatype, shape: Sequence[int], where: str) -> Tensor:
        """The next tensor, read-only.

        Args:
            size: the request's `binary_data_size`.
            where: the tensor's field, for messages: `inputs[0]`.

        Raises:
            InvalidError: `size` is not a number of bytes, or does not match the shape.
            MalformedError: fewer than `size` bytes are left.
        """
        if type(size) is not int or size < 0:
            raise InvalidError(
                f"{where}.parameters.binary_data_size is {describe(size)}; it must be the "
                "number of bytes of the tensor"
            )
        left = len(self._body) - self._at
        if size > left:
            raise MalformedError(
                f"{where}.parameters.binary_data_size is {size}, but {left} bytes are left in the "
                f"body after its JSON; say in the header {HEADER} where the JSON ends, and "
                "send all of the tensor"
            )
        start, self._at = self._at, self._at + size
        count = math.prod(shape)
        if datatype.kind == "bytes":
            elements = _split(self._body[start : self._at], count, where)
            return np.array(elements, object).reshape(shape)
        if size != count * datatype.dtype.itemsize:
            raise InvalidError(
                f"{where}.parameters.binary_data_size is {size}; shape {short(list(shape))} of "
                f"{datatype.name} has {count * datatype.dtype.itemsize} bytes"
            )
        return _tensor(self._body, datatype, count, start, where).reshape(shape)

    def finish(self) -> None:
        """Check that nothing is left.

        Raises:
            MalformedError: bytes are left over.
        """
        left = len(self._body) - self._at
        if left:
            raise MalformedError(
                f"the body has {left} bytes more than its JSON and the binary_data_size of its "
                "inputs; send nothing after the last tensor"
            )


def _tensor(body: bytes, datatype: Datatype, count: int, start: int, where: str) -> Tensor:
    if datatype.kind == "boolean":
        array = np.frombuffer(body, np.uint8, count, start)
        if array.size and array.max() > 1:
            raise InvalidError(
                f"{where} holds a byte {int(array.max())}; BOOL takes 0 for false or 1 for true"
            )
        return array.view(np.bool_)
    array = np.frombuffer(body, datatype.dtype, count, start)
    # The JSON may have any length, so the tensor may start at an unaligned address.
    return array if array.flags.aligned else array.copy()


def _split(data: bytes, count: int, where: str) -> list[str]:
    """The elements of a BYTES tensor: each is its length as uint32, then its UTF-8 text."""
    elements: list[str] = []
    at = 0
    while at < len(data):
        start = at + _LENGTH_BYTES
        end = start + int.from_bytes(data[at:start], "little")
        if start > len(data) or end > len(data):
            raise InvalidError(
                f"{where} ends inside element {len(elements)}; send each element as 4 bytes with "
                "its length, then its text"
            )
        elements.append(_text(data[start:end], len(elements), where))
        at = end
    if len(elements) != count:
        raise InvalidError(f"{where} holds {len(elements)} elements; its shape has {count}")
    return elements


def _text(element: bytes, index: int, where: str) -> str:
    try:
        return element.decode()
    except UnicodeDecodeError as error:
        raise InvalidError(
            f"{where} holds bytes that are not UTF-8 in element {index}; send text in UTF-8"
        ) from error


def encode_binary(array: Tensor, datatype: Datatype) -> bytes:
    """The bytes of a tensor."""
    if datatype.kind == "bytes":
        elements = [element.encode() for element in array.ravel().tolist()]
        return b"".join(
            len(element).to_bytes(_LENGTH_BYTES, "little") + element for element in elements
        )
    return array.astype(datatype.dtype, copy=False).tobytes()
