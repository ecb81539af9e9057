"""Colour, grey and transparency of pictures: taken exactly, or refused in words."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from contract.tensors import Layout
from service.errors import InvalidError, TooLargeError
from service.instances import pictures
from service.instances.pictures.encode import png_base64
from service.instances.spec import ImageSpec
from tests.instances.picture_files import DIGIT, END, SIDE, grey_png, header, image_data, png, rows
from tests.instances.test_pictures import GREYS, IDAT, decode, refusal

COLOUR = np.stack([DIGIT, DIGIT.T, DIGIT[::-1]], -1)
OPACITY = np.where(DIGIT > 99, 255, DIGIT)
EVERY_COLOUR = np.stack([COLOUR[..., 0], COLOUR[..., 1], COLOUR[..., 2], OPACITY], -1)


def saved(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_colour_is_taken_in_either_layout() -> None:
    data = saved(COLOUR)
    np.testing.assert_array_equal(decode(data, channels=3, layout="HWC"), COLOUR)
    np.testing.assert_array_equal(decode(data, channels=3, layout="CHW"), COLOUR.transpose(2, 0, 1))


def test_opacity_is_taken_by_a_model_that_has_it() -> None:
    found = decode(saved(EVERY_COLOUR), channels=4, layout="HWC")
    np.testing.assert_array_equal(found, EVERY_COLOUR)
    opaque = decode(saved(COLOUR), channels=4, layout="HWC")
    np.testing.assert_array_equal(opaque[..., :3], COLOUR)
    assert (opaque[..., 3] == 255).all()


def test_grey_is_taken_by_a_colour_model_as_equal_channels() -> None:
    for channels in (3, 4):
        found = decode(grey_png(), channels=channels, layout="HWC")
        np.testing.assert_array_equal(found[..., :3], np.stack([DIGIT] * 3, -1))


def test_one_channel_may_have_an_axis() -> None:
    np.testing.assert_array_equal(decode(grey_png(), layout="CHW"), DIGIT[None])
    np.testing.assert_array_equal(decode(grey_png(), layout="HWC"), DIGIT[..., None])


def test_colour_for_a_grey_model_is_refused_with_a_fit_that_takes_it() -> None:
    assert refusal(saved(COLOUR)).endswith(
        'is in colour; the model takes grey; convert it to grey, or send "fit": "mnist"'
    )


def test_transparency_for_an_opaque_model_is_refused() -> None:
    with pytest.raises(
        InvalidError, match=r"opaque RGB; make it opaque, or send \"fit\": \"resize"
    ):
        decode(saved(EVERY_COLOUR), channels=3, layout="HWC")


def test_a_wrong_size_is_named_with_the_fit_that_takes_it() -> None:
    tall = saved(np.zeros((40, 30), np.uint8))
    message = "instances[0] is 30x40 pixels; the model takes 28x28; resize it"
    assert refusal(tall) == f'{message}, or send "fit": "mnist"'
    with pytest.raises(InvalidError, match=r"resize it$"):
        pictures.decode(tall, ImageSpec(28, 28), 10_000, "row 2", fits=False)
    with pytest.raises(InvalidError, match=r'the model takes 28x28; resize it, or .*"resize"'):
        decode(tall, channels=3, layout="HWC")


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_the_transparent_grey_of_a_png_is_clear(depth: int) -> None:
    levels = (DIGIT.astype(int) * 2**depth // 256).astype(np.uint8)
    bits = (levels[..., None] >> np.arange(depth)[::-1] & 1).reshape(SIDE, -1)
    clear = int(levels[0, 0])
    chunks = [header(depth), (b"tRNS", bytes([0, clear])), image_data(rows(np.packbits(bits, 1)))]
    found = decode(png(*chunks, END), channels=4, layout="HWC")
    np.testing.assert_array_equal(found[..., 3], np.where(levels == clear, 0, 255))


def test_the_transparent_colour_of_a_png_is_clear() -> None:
    clear = COLOUR[3, 5]
    key = (b"tRNS", bytes([0, clear[0], 0, clear[1], 0, clear[2]]))
    found = decode(png(header(8, 2), key, image_data(rows(COLOUR)), END), channels=4, layout="HWC")
    np.testing.assert_array_equal(found[..., 3] == 0, np.all(clear == COLOUR, axis=-1))


def test_a_palette_may_be_transparent_in_part() -> None:
    opacity = bytes(range(100, 150))
    data = png(header(8, 3), (b"PLTE", GREYS), (b"tRNS", opacity), IDAT, END)
    found = decode(data, channels=4, layout="HWC")
    np.testing.assert_array_equal(found[..., 0], DIGIT)
    np.testing.assert_array_equal(found[..., 3], np.where(DIGIT < 50, DIGIT + 100, 255))


def test_a_picture_of_any_size_is_read_with_its_own_channels() -> None:
    for pixels in (DIGIT[:20], COLOUR[:9], EVERY_COLOUR[:, :7]):
        found = pictures.read(saved(pixels), 10_000, "instances[0]")
        np.testing.assert_array_equal(found, pixels)
    with pytest.raises(TooLargeError, match="is 28x28, 784 pixels; at most 783 are decoded"):
        pictures.read(grey_png(), 783, "instances[0]")


@pytest.mark.parametrize(("channels", "layout"), [(1, "HW"), (1, "CHW"), (3, "CHW"), (4, "HWC")])
def test_an_image_of_a_model_is_written_as_a_picture(channels: int, layout: Layout) -> None:
    spec = ImageSpec(SIDE, SIDE, channels, layout)
    pixels = EVERY_COLOUR[..., :channels] if channels > 1 else DIGIT
    image = spec.laid_out(pixels)
    assert image.shape == spec.row
    written = Image.open(io.BytesIO(base64.b64decode(png_base64(spec.channels_last(image)))))
    np.testing.assert_array_equal(np.asarray(written), pixels)
