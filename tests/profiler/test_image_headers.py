"""Headers of images, as Pillow writes and reads them."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from profiler.image_headers import ImageHeader, image_header
from tests.profiler.files import image

KINDS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
OPTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("PNG", "RGBA", {}),
    ("PNG", "P", {"dpi": (72, 72)}),
    ("JPEG", "RGB", {"progressive": True}),
    ("JPEG", "RGB", {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0", "icc_profile": bytes(90_000)}),
    ("JPEG", "CMYK", {"comment": b"\xff\xc0\0\x11\x08 a size that is none"}),
    ("JPEG", "L", {"restart_marker_rows": 1}),
    ("GIF", "P", {"comment": b"hello"}),
    ("BMP", "1", {}),
    ("BMP", "RGB", {}),
    ("WEBP", "RGB", {"quality": 10}),
    ("WEBP", "RGB", {"lossless": True}),
    ("WEBP", "RGBA", {"icc_profile": b"x" * 10}),
    ("TIFF", "RGB", {"big_tiff": True}),
    ("TIFF", "I;16B", {}),
    ("TIFF", "RGB", {"compression": "tiff_lzw"}),
)


@pytest.mark.parametrize(("kind", "mode", "options"), OPTIONS)
@pytest.mark.parametrize("size", [(1, 1), (13, 300), (5000, 2)])
def test_the_size_is_what_pillow_says(
    kind: str, mode: str, options: dict[str, Any], size: tuple[int, int]
) -> None:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, kind, **options)
    with Image.open(buffer) as opened:
        assert opened.format == kind
        assert image_header(buffer.getvalue()) == ImageHeader(kind, *opened.size)


def test_older_and_rarer_headers() -> None:
    core = struct.pack("<2sIHHIIHHHH", b"BM", 26, 0, 0, 26, 12, 7, 9, 1, 24)
    assert image_header(core) == ImageHeader("BMP", 7, 9)
    top_down = struct.pack("<2sIHHIIii", b"BM", 54, 0, 0, 54, 40, 7, -9)
    assert image_header(top_down) == ImageHeader("BMP", 7, 9)
    junk = b"\xff\xd8\xff\x01\xff\xff\xd0\xff\0junk\xff\xc2\0\x0b\x08\0\x09\0\x07"
    assert image_header(junk) == ImageHeader("JPEG", 7, 9)
    tags = struct.pack(">HHHIHxxHHIB", 2, 257, 3, 1, 9, 256, 1, 1, 7)
    assert image_header(b"MM\0*\0\0\0\x08" + tags) == ImageHeader("TIFF", 7, 9)


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_header_is_none(kind: str) -> None:
    data = image(kind, (7, 9))
    assert image_header(data) == ImageHeader(kind, 7, 9)
    ends = [end for end in range(len(data)) if image_header(data[:end]) is None]
    assert len(ends) >= 10
    assert ends == list(range(len(ends)))


@pytest.mark.parametrize(
    "data",
    [
        b"RIFF\x04\0\0\0WAVE",
        b"RIFF\x0c\0\0\0WEBPVP9 \0\0\0\0",
        b"BM\0\0" + bytes(100),
        b"GIF89a" + bytes(7),
        b"\x89PNG\r\n\x1a\n" + bytes(30),
        b"\xff\xd8\xff\xda\0\x02",
        b"II*\0\x08\0\0\0\x01\0\0\x01\x05\0\x01\0\0\0\x01\0\0\0",
    ],
)
def test_what_is_no_picture_of_any_size(data: bytes) -> None:
    assert image_header(data) is None


@given(st.sampled_from(KINDS), st.binary(max_size=8), st.floats(0, 1))
def test_no_bytes_break_it(kind: str, new: bytes, place: float) -> None:
    data = image(kind)
    at = int(place * len(data))
    found = image_header(data[:at] + new + data[at + len(new) :])
    assert found is None or found.width * found.height > 0
