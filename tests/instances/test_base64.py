"""Base64 text of pictures as clients write it."""

from __future__ import annotations

import base64
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidError
from service.instances.base64 import decode_base64
from tests.instances.picture_files import grey_png, jpeg

PNG, JPEG = grey_png(), jpeg()
TEXT = base64.b64encode(PNG).decode()
JPEG_TEXT = base64.b64encode(JPEG).decode()


def decode(text: str) -> bytes:
    return decode_base64(text, "instances[0]", ["instances", 0])


TAKEN = {
    "plain": TEXT,
    "line breaks": base64.encodebytes(PNG).decode(),
    "Windows line breaks": "\r\n".join(textwrap.wrap(TEXT, 76)),
    "white space around": f"\n\t {TEXT} \n",
    "data URL": f"data:image/png;base64,{TEXT}",
    "data URL in capitals": f"DATA:IMAGE/PNG;BASE64,{TEXT}",
    "data URL with line breaks": f" data:image/png;base64,\n{base64.encodebytes(PNG).decode()}",
}


@pytest.mark.parametrize("text", TAKEN.values(), ids=TAKEN)
def test_variants_hold_the_same_bytes(text: str) -> None:
    assert decode(text) == PNG


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/jpg"])
def test_the_prefix_may_name_a_jpeg(media_type: str) -> None:
    assert decode(f"data:{media_type};base64,{JPEG_TEXT}") == JPEG


PADDED = base64.b64encode(b"ab").decode()
REFUSED = {
    "no alphabet": ("!!!", "is text but no base64"),
    "not ascii": ("é" * 8, "is text but no base64"),
    "no padding": (PADDED.rstrip("="), "is text but no base64 (Incorrect padding)"),
    "URL-safe alphabet": ("-_-_", "in the standard alphabet of base64, with padding"),
    "after the padding": (PADDED + "QQ==", "is text but no base64"),
    "JPEG called PNG": (
        f"data:image/png;base64,{JPEG_TEXT}",
        "is a data URL of type image/png, but its bytes are not of that type",
    ),
    "PNG called JPEG": (f"data:image/jpeg;base64,{TEXT}", "type image/jpeg, but its bytes are not"),
    "another type": (
        f"data:image/gif;base64,{TEXT}",
        "is a data URL of type 'image/gif'; send image/png or image/jpeg",
    ),
    "no type": (f"data:;base64,{TEXT}", "is a data URL of type ''"),
    "parameters": (f"data:image/png;charset=utf-8;base64,{TEXT}", "type 'image/png;charset=utf-8'"),
    "no base64 in the prefix": (f"data:image/png,{TEXT}", "is text but no base64"),
    "prefix alone": ("data:image/png;base64,", "type image/png, but its bytes are not"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_other_text_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidError) as caught:
        decode(text)
    assert message in str(caught.value)
    assert caught.value.loc == ["instances", 0]


@given(st.binary(max_size=300), st.integers(1, 80))
def test_any_bytes_come_back(data: bytes, width: int) -> None:
    text = base64.b64encode(data).decode()
    assert decode("\n".join(textwrap.wrap(text, width))) == data
