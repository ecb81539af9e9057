"""Binary tensors: little-endian, row-major, after the JSON and in its order.

Triton's binary tensor data extension. `Inference-Header-Content-Length` gives the bytes of the
JSON; what follows is cut by the inputs' `binary_data_size`, to the last byte.
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
    """The header as a number; None where it was not sent.

    Raises:
        MalformedError: it is no number of bytes.
    """
    if value is None:
        return None
    if not value.isdigit() or len(value) > 18:
        raise MalformedError(
            f"{HEADER} is {short(value.decode('latin-1'))}; it must be the number of bytes of the "
            "JSON, or 0 where there is none"
        )
    return int(value)


class Payload:
    """The bytes after the JSON, handed out once and in order, without a copy."""

    def __init__(self, body: bytes, start: int) -> None:
        self._body = body
        self._at = start

    def take(self, size: Any, datatype: Datatype, shape: Sequence[int], where: str) -> Tensor:
        """The next tensor; read-only.

        Raises:
            InvalidError: `size` is no size, or not that of the shape.
            MalformedError: fewer bytes are left.
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
        """Raise MalformedError where bytes are left over."""
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
    # The JSON before it may have any length; models may want elements where they belong.
    return array if array.flags.aligned else array.copy()


def _split(data: bytes, count: int, where: str) -> list[str]:
    """Elements of BYTES: each a length, an unsigned 32-bit integer, and so many bytes of UTF-8."""
    elements: list[str] = []
    at = 0
    while at < len(data):
        start = at + _LENGTH_BYTES
        end = start + int.from_bytes(data[at:start], "little")
        if start > len(data) or end > len(data):
            raise InvalidError(
                f"{where} ends inside element {len(elements)}; each is 4 bytes of its length and "
                "then so many bytes"
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
            f"{where} holds bytes that are no UTF-8 in element {index}; send text in UTF-8"
        ) from error


def encode_binary(array: Tensor, datatype: Datatype) -> bytes:
    """The bytes of a tensor."""
    if datatype.kind == "bytes":
        elements = [element.encode() for element in array.ravel().tolist()]
        return b"".join(
            len(element).to_bytes(_LENGTH_BYTES, "little") + element for element in elements
        )
    return array.astype(datatype.dtype, copy=False).tobytes()
