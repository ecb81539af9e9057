"""However a picture is damaged, the answer is its pixels or a refusal, and never other pixels."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from service.errors import ServiceError
from service.instances import pictures
from service.instances.spec import ImageSpec
from tests.instances.picture_files import (
    DIGIT,
    SIDE,
    SMOOTH,
    Chunk,
    chunks_of,
    exif,
    grey_png,
    jpeg,
    oriented,
    png,
    strict_grey,
    with_exif,
)


def filtered(pixels: np.ndarray) -> bytes:
    """As Pillow writes it, with all filters in use."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


TAGS = exif((0x010F, 2, 8, 64), (0x0112, 3, 1, 1), (0x011A, 5, 1, 64), after=b"camera\0\0")
PNGS = [grey_png(), grey_png((b"eXIf", oriented(1))), filtered(DIGIT), filtered(SMOOTH)]
JPEGS = [
    jpeg(),
    with_exif(jpeg(), TAGS),
    with_exif(jpeg(progressive=True), TAGS),
    jpeg(restart_marker_blocks=2),
    jpeg(np.stack([SMOOTH] * 3, -1)),
]


def outcome(data: bytes) -> np.ndarray | None:
    """The pixels, or None if refused in words; anything else is raised."""
    try:
        pixels = pictures.decode(data, ImageSpec(SIDE, SIDE), 10_000, "instances[0]")
    except ServiceError as error:
        if not str(error).startswith("instances[0] "):
            raise
        return None
    assert pixels.shape == (SIDE, SIDE)
    assert pixels.dtype == np.uint8
    return pixels


@st.composite
def damaged(draw: st.DrawFn, files: list[bytes]) -> bytes:
    """A file with some bytes replaced, inserted or cut out."""
    data = bytearray(draw(st.sampled_from(files)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        cut = draw(st.sampled_from([0, 1, 1, 1, 2, 60]))
        data[at : at + cut] = draw(st.binary(max_size=4))
        if not data:
            break
    return bytes(data)


def mutated(content: bytes, at: int, new: bytes) -> bytes:
    at = at % (len(content) + 1)
    return content[:at] + new + content[at + len(new) :]


@st.composite
def forged(draw: st.DrawFn) -> bytes:
    """A PNG whose chunks are damaged, moved, dropped or repeated, with right checksums."""
    chunks = chunks_of(draw(st.sampled_from(PNGS)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(chunks) - 1))
        kind, content = chunks[at]
        new: list[list[Chunk]] = [
            [],
            [chunks[at]] * 2,
            [(kind, mutated(content, draw(st.integers(0, 2000)), draw(st.binary(max_size=3))))],
            [(kind, content[: draw(st.integers(0, 2000))])],
            [(kind, content[:9]), (kind, content[9:])],
            [(draw(st.sampled_from([b"tEXt", b"tRNS", b"acTL", b"PLTE", b"eXIf"])), content[:30])],
        ]
        chunks[at : at + 1] = draw(st.sampled_from(new))
        if not chunks:
            break
    return png(*chunks)


@settings(max_examples=500, deadline=None)
@given(damaged(PNGS) | forged())
def test_a_damaged_png_is_read_strictly_or_refused(data: bytes) -> None:
    pixels = outcome(data)
    if pixels is not None and not any(kind == b"eXIf" for kind, _ in chunks_of(data)):
        np.testing.assert_array_equal(pixels, strict_grey(data))
    elif pixels is not None:
        turned = [np.rot90(flipped, k) for flipped in both(strict_grey(data)) for k in range(4)]
        assert any(np.array_equal(pixels, way) for way in turned)


def both(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return pixels, pixels[:, ::-1]


@settings(max_examples=500, deadline=None)
@given(damaged(JPEGS))
def test_a_damaged_jpeg_is_pixels_or_a_refusal(data: bytes) -> None:
    outcome(data)


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8"]))
def test_any_bytes_are_pixels_or_a_refusal(data: bytes, start: bytes) -> None:
    outcome(start + data)


def test_undamaged_files_are_taken() -> None:
    assert all(outcome(data) is not None for data in PNGS + JPEGS)
