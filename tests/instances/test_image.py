from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from service.http.images import decode

from service.errors import InvalidError, ServiceError, TooLargeError
from service.settings import Settings

SHAPE = (28, 28)
SETTINGS = Settings(max_rows=8, max_image_pixels=10_000)
DIGIT = np.random.default_rng(0).integers(0, 256, SHAPE, np.uint8)
ROWS: list[list[Any]] = DIGIT.tolist()
FLAT: list[Any] = DIGIT.ravel().tolist()


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return base64.b64encode(buffer.getvalue()).decode()


def changed(row: int, column: int, value: Any) -> list[list[Any]]:
    rows = [list(r) for r in ROWS]
    rows[row][column] = value
    return rows


def test_integers_are_taken_as_they_are() -> None:
    decoded = decode([ROWS, ROWS], SHAPE, SETTINGS)
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, [DIGIT, DIGIT])


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
def test_a_grey_png_is_exact_in_any_mode(mode: str) -> None:
    text = encoded(Image.fromarray(DIGIT).convert(mode))
    np.testing.assert_array_equal(decode([text], SHAPE, SETTINGS)[0], DIGIT)


def test_one_bit_and_palette_images_are_exact() -> None:
    black = Image.fromarray((DIGIT > 127).astype(np.uint8) * 255)
    for image in (black.convert("1"), black.convert("P")):
        decoded = decode([encoded(image)], SHAPE, SETTINGS)[0]
        np.testing.assert_array_equal(decoded, np.asarray(black))


def test_a_jpeg_is_what_pillow_reads() -> None:
    smooth = Image.fromarray(np.arange(784, dtype=np.uint8).reshape(SHAPE) // 4)
    text = encoded(smooth, "JPEG")
    expected = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))
    np.testing.assert_array_equal(decode([text], SHAPE, SETTINGS)[0], expected)


def test_a_jpeg_is_turned_upright() -> None:
    image = Image.fromarray(np.tile(np.arange(28, dtype=np.uint8) * 9, (28, 1)))
    exif = Image.Exif()
    exif[0x0112] = 3  # rotated by 180 degrees
    turned = decode([encoded(image, "JPEG", exif=exif)], SHAPE, SETTINGS)[0]
    plain = decode([encoded(image, "JPEG")], SHAPE, SETTINGS)[0]
    np.testing.assert_array_equal(turned, plain[::-1, ::-1])


PIXEL = "a pixel is an integer from 0 to 255"
BAD_ROWS: list[tuple[str, Any, str]] = [
    ("not a list", 7, "instances is 7"),
    ("missing", None, "instances is missing; send an array"),
    ("text", "abc", 'instances is "abc"'),
    ("an object", {"a": 1}, "instances is an object"),
    ("empty", [], "instances is empty"),
    ("number", [7], "instances[0] is 7"),
    ("null", [None], "instances[0] is null"),
    ("an object inside", [{}], "instances[0] is an object"),
    ("no rows", [[]], "instances[0] has 0 rows"),
    ("flat", [FLAT], "instances[0] has 784 rows"),
    ("one row short", [ROWS[:27]], "instances[0] has 27 rows"),
    ("one row long", [[*ROWS, ROWS[0]]], "instances[0] has 29 rows"),
    ("ragged", [[*ROWS[:27], ROWS[27][:5]]], "instances[0][27] has 5 pixels"),
    ("ragged, same total", [[*ROWS[:26], ROWS[26] + [0], ROWS[27][:27]]], "[26] has 29 pixels"),
    ("transposed nesting", [[[v] for v in FLAT]], "has 784 rows"),
    ("channel last", [[[[p] for p in row] for row in ROWS]], f"[0][0] is an array; {PIXEL}"),
    ("28 numbers", [[1] * 28], "instances[0][0] is 1; a row is an array of 28"),
    ("float", [changed(3, 4, 1.9)], f"instances[0][3][4] is 1.9; {PIXEL}"),
    ("whole float", [changed(3, 4, 1.0)], f"instances[0][3][4] is 1.0; {PIXEL}"),
    ("too large", [changed(0, 0, 256)], f"instances[0][0][0] is 256; {PIXEL}"),
    ("negative", [changed(27, 27, -1)], f"instances[0][27][27] is -1; {PIXEL}"),
    ("huge", [changed(0, 1, 10**40)], "instances[0][0][1] is 1000"),
    ("text pixel", [changed(0, 1, "7")], f'instances[0][0][1] is "7"; {PIXEL}'),
    ("null pixel", [changed(0, 1, None)], f"instances[0][0][1] is null; {PIXEL}"),
    ("true", [changed(0, 1, True)], f"instances[0][0][1] is true; {PIXEL}"),
    ("false", [changed(0, 1, False)], f"instances[0][0][1] is false; {PIXEL}"),
    ("second instance", [ROWS, changed(0, 0, 300)], "instances[1][0][0] is 300"),
]


@pytest.mark.parametrize(
    ("instances", "message"), [b[1:] for b in BAD_ROWS], ids=[b[0] for b in BAD_ROWS]
)
def test_bad_rows_are_named(instances: Any, message: str) -> None:
    with pytest.raises(InvalidError) as caught:
        decode(instances, SHAPE, SETTINGS)
    assert message in str(caught.value)
    assert caught.value.loc is not None
    assert caught.value.loc[0] == "instances"


def test_more_rows_than_the_limit() -> None:
    with pytest.raises(TooLargeError, match="instances holds 9 images; at most 8"):
        decode([ROWS] * 9, SHAPE, SETTINGS)


PNG = base64.b64decode(encoded(Image.fromarray(DIGIT)))
COLOUR = Image.new("RGB", SHAPE, (255, 0, 0))
CLEAR = Image.new("RGBA", SHAPE, (9, 9, 9, 128))
BAD_PICTURES: list[tuple[str, str, str]] = [
    ("no base64", "!!!", "no base64"),
    ("not ascii", "é" * 8, "no base64"),
    ("data prefix", "data:image/png;base64," + base64.b64encode(PNG).decode(), "data: prefix"),
    ("line breaks", base64.encodebytes(PNG).decode(), "no base64"),
    ("empty", "", "0 bytes that are no readable PNG or JPEG"),
    ("no picture", base64.b64encode(b"hello world").decode(), "11 bytes that are no readable"),
    ("truncated", base64.b64encode(PNG[:200]).decode(), "broken picture"),
    ("header only", base64.b64encode(PNG[:33]).decode(), "the PNG has no end"),
    ("damaged", base64.b64encode(PNG[:100] + b"\0" * 50 + PNG[150:]).decode(), "broken picture"),
    ("gif", encoded(Image.fromarray(DIGIT), "GIF"), "no readable PNG or JPEG"),
    ("wrong size", encoded(Image.new("L", (28, 27))), "is 28x27 pixels; the model takes"),
    ("colour", encoded(COLOUR), "in colour"),
    ("transparent", encoded(CLEAR), "transparent"),
    ("16 bit", encoded(Image.new("I;16", SHAPE)), "has 16 bits per channel; send 8-bit"),
    ("cmyk", encoded(Image.new("CMYK", SHAPE), "JPEG"), "CMYK"),
    ("animated", encoded(COLOUR, save_all=True, append_images=[CLEAR.convert("RGB")]), "animated"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"), [b[1:] for b in BAD_PICTURES], ids=[b[0] for b in BAD_PICTURES]
)
def test_bad_pictures_are_named(text: str, message: str) -> None:
    with pytest.raises(InvalidError) as caught:
        decode([ROWS, text], SHAPE, SETTINGS)
    assert "instances[1]" in str(caught.value)
    assert message in str(caught.value)


def test_the_pixel_limit_is_judged_by_the_header() -> None:
    """A PNG that claims 50,000 x 50,000 pixels and holds none is refused before decoding."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(TooLargeError, match="50000x50000, 2500000000 pixels; at most 10000"):
        decode([base64.b64encode(bomb).decode()], SHAPE, SETTINGS)


def test_a_picture_just_over_the_limit() -> None:
    text = encoded(Image.new("L", (101, 100)))
    with pytest.raises(TooLargeError, match="101x100"):
        decode([text], SHAPE, SETTINGS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=20,
)


@given(json_values)
def test_any_json_is_refused_in_words(instances: Any) -> None:
    with pytest.raises(ServiceError, match="instances"):
        decode(instances, SHAPE, SETTINGS)


@given(st.integers(0, 27), st.integers(0, 27), json_values)
def test_any_pixel_is_taken_exactly_or_refused(row: int, column: int, pixel: Any) -> None:
    good = type(pixel) is int and 0 <= pixel <= 255
    instances = [changed(row, column, pixel)]
    if good:
        assert decode(instances, SHAPE, SETTINGS)[0, row, column] == pixel
    else:
        with pytest.raises(InvalidError) as caught:
            decode(instances, SHAPE, SETTINGS)
        assert f"instances[0][{row}][{column}]" in str(caught.value)
