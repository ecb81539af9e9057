"""Images of a request, as nested lists and as encoded pictures."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from contract.tensors import Datatype, Input, Layout
from service.errors import InvalidError, ServiceError, TooLargeError
from service.instances.fits import Fit
from service.instances.image import ImageDecoder
from tests.faults import fault

SHAPE = (28, 28)
DIGIT = np.random.default_rng(0).integers(0, 256, SHAPE, np.uint8)
ROWS: list[list[Any]] = DIGIT.tolist()
FLAT: list[Any] = DIGIT.ravel().tolist()
SMALL = np.random.default_rng(1).integers(0, 256, (6, 5, 3), np.uint8)


def decoder(
    shape: tuple[int, ...] = SHAPE,
    layout: Layout = "HW",
    datatype: Datatype = "UINT8",
    max_pixels: int = 10_000,
) -> ImageDecoder:
    tensor = Input(
        name="images", datatype=datatype, shape=(-1, *shape), content="image", layout=layout
    )
    return ImageDecoder(tensor, max_pixels)


GREY = decoder()


def decode(instances: list[Any], images: ImageDecoder = GREY, fit: Fit = "none") -> np.ndarray:
    places = [f"instances[{i}]" for i in range(len(instances))]
    return images.decode(instances, places, fit)[0]


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return base64.b64encode(buffer.getvalue()).decode()


def changed(row: int, column: int, value: Any) -> list[list[Any]]:
    rows = [list(r) for r in ROWS]
    rows[row][column] = value
    return rows


def test_integers_are_taken_as_they_are() -> None:
    decoded = decode([ROWS, ROWS])
    assert decoded.dtype == np.uint8
    np.testing.assert_array_equal(decoded, [DIGIT, DIGIT])


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
def test_a_grey_png_is_exact_in_any_mode(mode: str) -> None:
    text = encoded(Image.fromarray(DIGIT).convert(mode))
    np.testing.assert_array_equal(decode([text])[0], DIGIT)


def test_one_bit_and_palette_images_are_exact() -> None:
    black = Image.fromarray((DIGIT > 127).astype(np.uint8) * 255)
    for image in (black.convert("1"), black.convert("P")):
        decoded = decode([encoded(image)])[0]
        np.testing.assert_array_equal(decoded, np.asarray(black))


def test_a_jpeg_is_what_pillow_reads() -> None:
    smooth = Image.fromarray(np.arange(784, dtype=np.uint8).reshape(SHAPE) // 4)
    text = encoded(smooth, "JPEG")
    expected = np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))
    np.testing.assert_array_equal(decode([text])[0], expected)


def test_a_jpeg_is_turned_upright() -> None:
    image = Image.fromarray(np.tile(np.arange(28, dtype=np.uint8) * 9, (28, 1)))
    exif = Image.Exif()
    exif[0x0112] = 3  # rotated by 180 degrees
    turned = decode([encoded(image, "JPEG", exif=exif)])[0]
    plain = decode([encoded(image, "JPEG")])[0]
    np.testing.assert_array_equal(turned, plain[::-1, ::-1])


PIXEL = "a pixel is an integer from 0 to 255"
BAD_ROWS: list[tuple[str, Any, str]] = [
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
    ("28 numbers", [[1] * 28], "instances[0][0] is 1; it must be an array of 28 pixels"),
    ("28 texts", [["1" * 28] * 28], 'instances[0][0] is "1111'),
    ("28 objects", [[{str(i): i for i in range(28)}] * 28], "instances[0][0] is an object"),
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
        decode(instances)
    assert message in str(caught.value)
    assert caught.value.loc is not None
    assert caught.value.loc[0] == "instances"


PNG = base64.b64decode(encoded(Image.fromarray(DIGIT)))
COLOUR = Image.new("RGB", SHAPE, (255, 0, 0))
CLEAR = Image.new("RGBA", SHAPE, (9, 9, 9, 128))
BAD_PICTURES: list[tuple[str, str, str]] = [
    ("no base64", "!!!", "no base64"),
    ("not ascii", "é" * 8, "no base64"),
    ("empty", "", "0 bytes that are not a readable PNG or JPEG"),
    ("no picture", base64.b64encode(b"hello world").decode(), "11 bytes that are not a readable"),
    ("truncated", base64.b64encode(PNG[:200]).decode(), "broken picture"),
    ("header only", base64.b64encode(PNG[:33]).decode(), "the PNG has no end"),
    ("damaged", base64.b64encode(PNG[:100] + b"\0" * 50 + PNG[150:]).decode(), "broken picture"),
    ("gif", encoded(Image.fromarray(DIGIT), "GIF"), "not a readable PNG or JPEG"),
    ("wrong size", encoded(Image.new("L", (28, 27))), "is 28x27 pixels; the model takes"),
    ("colour", encoded(COLOUR), "in colour"),
    ("transparent", encoded(CLEAR), "transparent"),
    ("16 bit", encoded(Image.new("I;16", SHAPE)), "has 16 bits per channel; send 8 bits"),
    ("cmyk", encoded(Image.new("CMYK", SHAPE), "JPEG"), "CMYK"),
    ("animated", encoded(COLOUR, save_all=True, append_images=[CLEAR.convert("RGB")]), "animated"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"), [b[1:] for b in BAD_PICTURES], ids=[b[0] for b in BAD_PICTURES]
)
@fault("pictures")
def test_bad_pictures_are_named(text: str, message: str) -> None:
    with pytest.raises(InvalidError) as caught:
        decode([ROWS, text])
    assert "instances[1]" in str(caught.value)
    assert message in str(caught.value)


@fault("pictures")
def test_the_pixel_limit_is_judged_by_the_header() -> None:
    """A PNG that claims 50,000 x 50,000 pixels and holds none is refused before decoding."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(TooLargeError, match="50000x50000, 2500000000 pixels; at most 10000"):
        decode([base64.b64encode(bomb).decode()])


def test_a_picture_just_over_the_limit() -> None:
    text = encoded(Image.new("L", (101, 100)))
    with pytest.raises(TooLargeError, match="101x100"):
        decode([text])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=20,
)


@pytest.mark.thorough
@given(json_values, st.sampled_from(["none", "mnist", "resize"]))
def test_any_json_is_refused_in_words_or_taken_by_a_fit(instance: Any, fit: Fit) -> None:
    try:
        image = decode([instance], fit=fit)
    except ServiceError as error:
        message = str(error)
    else:
        assert fit != "none"
        assert image.shape == (1, *SHAPE)
        assert image.dtype == np.uint8
        return
    assert message.startswith("instances[0]")


@given(st.integers(0, 27), st.integers(0, 27), json_values)
def test_any_pixel_is_taken_exactly_or_refused(row: int, column: int, pixel: Any) -> None:
    good = type(pixel) is int and 0 <= pixel <= 255
    instances = [changed(row, column, pixel)]
    if good:
        assert decode(instances)[0, row, column] == pixel
    else:
        with pytest.raises(InvalidError) as caught:
            decode(instances)
        assert f"instances[0][{row}][{column}]" in str(caught.value)


def test_bytes_of_a_picture_are_taken_as_they_are() -> None:
    np.testing.assert_array_equal(decode([PNG])[0], DIGIT)
    np.testing.assert_array_equal(decode([PNG, ROWS, encoded(Image.fromarray(DIGIT))]), [DIGIT] * 3)


def test_the_array_can_be_written_to() -> None:
    assert decode([ROWS]).flags.writeable


@pytest.mark.parametrize(("layout", "axes"), [("HWC", (0, 1, 2)), ("CHW", (2, 0, 1))])
def test_colour_in_either_layout(layout: Layout, axes: tuple[int, ...]) -> None:
    expected = SMALL.transpose(axes)
    images = decoder(expected.shape, layout)
    text = encoded(Image.fromarray(SMALL))
    np.testing.assert_array_equal(decode([expected.tolist(), text], images), [expected] * 2)


def test_the_place_of_a_wrong_value_is_named_in_every_layout() -> None:
    planes = SMALL.transpose(2, 0, 1).tolist()
    planes[2][5][4] = 256
    with pytest.raises(InvalidError, match=r"instances\[0\]\[2\]\[5\]\[4\] is 256") as caught:
        decode([planes], decoder((3, 6, 5), "CHW"))
    assert caught.value.loc == ["instances", 0, 2, 5, 4]
    planes[2].pop()
    with pytest.raises(InvalidError, match=r"\[2\] has 5 rows; it must have 6"):
        decode([planes], decoder((3, 6, 5), "CHW"))


def test_wide_integers_take_numbers_and_pictures() -> None:
    images = decoder(datatype="INT32")
    rows = [[70_000] * 28] * 28
    found = decode([rows, encoded(Image.fromarray(DIGIT))], images)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, [np.full(SHAPE, 70_000), DIGIT])


@pytest.mark.parametrize("fit", ["none", "resize"])
def test_real_numbers_are_taken_and_pictures_refused(fit: Fit) -> None:
    images = decoder((3, 2, 2), "CHW", "FP32")
    numbers = np.linspace(-1, 1, 12).reshape(3, 2, 2)
    np.testing.assert_allclose(decode([numbers.tolist()], images)[0], numbers, rtol=1e-6)
    with pytest.raises(InvalidError, match=r"is 2; it must be an array|array of shape \[3, 2, 2\]"):
        decode([numbers.ravel().tolist()], images)
    with pytest.raises(InvalidError, match="is a picture; the model takes FP32 numbers"):
        decode([encoded(Image.new("RGB", (2, 2)))], images, fit)


def test_a_wrong_size_of_rows_says_which_fit_takes_it() -> None:
    with pytest.raises(InvalidError) as caught:
        decode([[[0] * 8] * 8])
    assert str(caught.value) == (
        "instances[0] has 8 rows; it must have 28, or base64 text of a PNG or JPEG; send "
        '"fit": "mnist" for other sizes'
    )
