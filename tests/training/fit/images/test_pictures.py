"""Training sees a picture as the service does with `"fit": "resize"`."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from contract.tensors import Input
from service.instances.image import ImageDecoder
from training.fit.images.pictures import decode, header

SIZE = (24, 32)


def served(data: bytes) -> np.ndarray:
    """What a served model of RGB images is given."""
    tensor = Input(
        name="images", datatype="UINT8", shape=(-1, *SIZE, 3), content="image", layout="HWC"
    )
    images, _ = ImageDecoder(tensor, 10**6).decode([data], ["x"], "resize")
    image: np.ndarray = images[0]
    return image


def picture(mode: str, size: tuple[int, int], file: str = "PNG", turned: int = 1) -> bytes:
    """A picture with structure in every channel."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    planes = [x * 255 // width, y * 255 // height, (x + y) * 7 % 256, (x * y) % 256]
    pixels = np.stack(planes, axis=2).astype(np.uint8)
    made = Image.fromarray(pixels, "RGBA").convert("RGBA")
    made = made if mode == "RGBA" else made.convert("RGB").convert(mode)
    exif = Image.Exif()
    exif[0x0112] = turned
    out = io.BytesIO()
    made.save(out, file, exif=exif)
    return out.getvalue()


@pytest.mark.filterwarnings("ignore:.*mode.*parameter:DeprecationWarning")
@pytest.mark.parametrize("size", [(32, 24), (20, 50), (90, 31), (7, 7)])
@pytest.mark.parametrize("mode", ["L", "RGB", "P", "RGBA", "LA", "1"])
def test_a_png_is_read_as_the_service_reads_it(mode: str, size: tuple[int, int]) -> None:
    data = picture("RGB" if mode == "LA" else mode, size)
    assert (header(data).width, header(data).height) == size
    difference = decode(data, SIZE).astype(int) - served(data).astype(int)
    # Transparent places are mixed with white in another order of rounding.
    assert np.abs(difference).max() <= (1 if mode == "RGBA" else 0)


@pytest.mark.filterwarnings("ignore:.*mode.*parameter:DeprecationWarning")
@pytest.mark.parametrize("turned", range(1, 9))
def test_a_picture_is_turned_upright_as_the_service_does(turned: int) -> None:
    data = picture("RGB", (40, 20), turned=turned)
    found = header(data)
    assert (found.width, found.height) == ((20, 40) if turned > 4 else (40, 20))
    np.testing.assert_array_equal(decode(data, SIZE), served(data))
