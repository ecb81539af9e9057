"""Images in a zip: what their headers say, and headers that are broken or lie."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from profiler.errors import ContentError, ProfilerError, TooLargeError
from profiler.result import Images
from tests.profiler.bombs import chunk, png
from tests.profiler.children import Sandbox
from tests.profiler.files import image, limits, look, refused, zipped

KINDS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
OPTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("PNG", "RGBA", {}),
    ("PNG", "P", {"dpi": (72, 72)}),
    ("JPEG", "RGB", {"progressive": True}),
    ("JPEG", "RGB", {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0", "icc_profile": bytes(90_000)}),
    ("JPEG", "CMYK", {}),
    ("GIF", "P", {"comment": b"hello"}),
    ("BMP", "1", {}),
    ("WEBP", "RGB", {"lossless": True}),
    ("WEBP", "RGBA", {"icc_profile": b"x" * 10}),
    ("TIFF", "RGB", {"big_tiff": True}),
    ("TIFF", "I;16B", {}),
)


def images_of(*members: bytes) -> Images:
    found = look(zipped({f"a/{i}": data for i, data in enumerate(members)})).details.images
    assert found is not None
    return found


@pytest.mark.parametrize(("kind", "mode", "options"), OPTIONS)
@pytest.mark.parametrize("size", [(1, 1), (13, 300), (5000, 2)])
def test_format_and_size(
    kind: str, mode: str, options: dict[str, Any], size: tuple[int, int]
) -> None:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, kind, **options)
    found = images_of(buffer.getvalue())
    assert found.formats == {kind: 1}
    assert (found.min_width, found.max_height) == size


def test_a_jpeg_of_two_pictures_is_a_jpeg() -> None:
    buffer = io.BytesIO()
    first, second = Image.new("RGB", (7, 9)), Image.new("RGB", (7, 9))
    first.save(buffer, "MPO", save_all=True, append_images=[second])
    assert images_of(buffer.getvalue(), image("PNG")).formats == {"JPEG": 1, "PNG": 1}


@pytest.mark.parametrize("kind", ["ICO", "TGA", "PPM", "JPEG2000", "PCX"])
def test_other_formats_are_not_opened(kind: str) -> None:
    refused(zipped({"a/1": image(kind)}), ContentError, 'member "a/1" is')


@pytest.mark.parametrize("kind", KINDS)
def test_half_a_header(kind: str) -> None:
    data = image(kind, (7, 9))
    assert images_of(data).formats == {kind: 1}
    refused(zipped({"a/1": data[:12]}), ContentError, 'member "a/1" is', "take it out")


@pytest.mark.parametrize(
    "data",
    [
        b"RIFF\x04\0\0\0WAVE",
        b"BM\0\0" + bytes(100),
        b"\x89PNG\r\n\x1a\n" + bytes(30),
        b"\xff\xd8\xff\xda\0\x02",
        b"II*\0\x08\0\0\0\x01\0\0\x01\x05\0\x01\0\0\0\x01\0\0\0",
        b"\xff\xd8\xff" + b"\xff" * 100_000,
        b"\xff\xd8" + b"\xff\xfe\0\x02" * 10_000,
        png(4, 4, chunk(b"iCCP", b"k\0\0" + zlib.compress(b"x" * 2**28, 9))),
    ],
)
def test_what_is_no_picture(data: bytes) -> None:
    refused(zipped({"a/1": data}), ContentError, 'member "a/1" is', "take it out")


def test_pixels_are_judged_by_the_header() -> None:
    """Pillow itself would refuse neither of the first two, and only warn about the second."""
    part = 'member "a/1.png" is 50000x50000, 2,500,000,000 pixels; the limit is 50,000,000'
    refused(zipped({"a/1.png": png(50_000, 50_000)}), TooLargeError, part)
    data = zipped({"a/1.png": png(10_000, 10_000)})
    assert look(data, allowed=limits(max_pixels=10**8)).facts["n_rows"] == 1
    refused(data, TooLargeError, "100,000,000 pixels; the limit is 99,999,999",
            allowed=limits(max_pixels=10**8 - 1))  # fmt: skip


def test_odd_metadata_are_no_fault() -> None:
    """A TIFF with two values where one belongs: Pillow warns."""
    tags = ((256, 3, 1, 4), (257, 4, 1, 4), (273, 4, 1, 8), (282, 5, 2, 8))
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    data = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    assert images_of(data).formats == {"TIFF": 1}


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(KINDS), st.binary(min_size=1, max_size=8), st.floats(0, 1))
def test_mutated_headers(sandbox: Sandbox, kind: str, new: bytes, place: float) -> None:
    data = image(kind)
    at = int(place * min(len(data), 64))
    found = sandbox.profile(zipped({"a/1": data[:at] + new + data[at + len(new) :]}))
    assert isinstance(found, ProfilerError) or found.facts["n_rows"] == 1
