"""JPEGs made to be misread, and the seam where what an audit did not foresee is translated."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from service.instances.pictures import jpeg as jpeg_module
from tests.instances.picture_files import SMOOTH, jpeg
from tests.instances.test_pictures import decode, refusal

JPEG = jpeg()
SCAN = JPEG.index(b"\xff\xda")
FORGED = b"\xff\xd9"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}], ids=str)
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("interval", [0, 1, 3])
def test_a_sound_jpeg_is_what_pillow_reads(
    options: dict[str, bool], mode: str, interval: int
) -> None:
    pixels = np.asarray(Image.fromarray(SMOOTH).convert(mode))
    data = jpeg(pixels, **options, restart_marker_blocks=interval)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
    np.testing.assert_array_equal(decode(data), expected)


@pytest.mark.parametrize("interval", [0, 1, 3])
def test_a_cut_jpeg_with_a_forged_end_is_refused(interval: int) -> None:
    """Pillow fills the rest with grey. Cuts of at least a whole code are seen."""
    data = jpeg(restart_marker_blocks=interval)
    start = data.index(b"\xff\xda") + 10
    for stop in range(start, len(data) - 4):
        assert "instances[0] is a broken picture" in refusal(data[:stop] + FORGED)


BAD_JPEGS = {
    "no end": (JPEG[:-2], "the JPEG ends without an end marker"),
    "cut in the tables": (JPEG[:100], "the JPEG ends inside a segment"),
    "no scan": (JPEG[:SCAN] + FORGED, "the JPEG holds no pixel data"),
    "after the end": (JPEG + b"!", "1 bytes follow the end of the JPEG"),
    "two pictures": (JPEG + JPEG, "bytes follow the end of the JPEG"),
    "two frames": (JPEG.replace(b"\xff\xc4", JPEG[JPEG.index(b"\xff\xc0") :][:13] + b"\xff\xc4", 1),
                   "two frame headers"),
    "arithmetic": (JPEG.replace(b"\xff\xc0", b"\xff\xc9", 1), "is a JPEG of process 9"),
    "12 bits": (JPEG.replace(b"\xff\xc0\0\x0b\x08", b"\xff\xc0\0\x0b\x0c", 1), "has 12 bits"),
    "no sampling": (JPEG.replace(b"\1\x11\0\xff", b"\1\0\0\xff", 1), "a sampling factor"),
    "signature alone": (b"\xff\xd8", "no segment at byte 2"),
    "garbage": (b"\xff\xd8hello", "no segment at byte 2"),
    "many segments": (JPEG[:2] + b"\xff\xfe\0\2" * 2000 + JPEG[2:], "more than 1000 segments"),
    "many scans": (JPEG[:-2] + JPEG[SCAN:-2] * 200 + FORGED, "more than 100 scans"),
    "stray restart": (JPEG[:-2] + b"\xff\xd0" + FORGED, "not hold 0 restart markers"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "message"), BAD_JPEGS.values(), ids=BAD_JPEGS)
def test_a_jpeg_that_is_no_whole_jpeg(data: bytes, message: str) -> None:
    assert message in refusal(data)


def test_fill_bytes_before_markers_are_taken() -> None:
    data = JPEG.replace(b"\xff\xc4", b"\xff\xff\xff\xc4")[:-2] + b"\xff" * 5 + FORGED
    np.testing.assert_array_equal(decode(data), decode(JPEG))


@pytest.mark.parametrize("error", [struct.error("bad"), AttributeError("x"), RuntimeError()])
def test_every_foreign_error_is_a_refusal(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(_: bytes) -> None:
        raise error

    monkeypatch.setattr(jpeg_module, "read", fail)
    assert refusal(JPEG) == f"instances[0] is a broken picture: {str(error) or 'RuntimeError'}"


def test_a_lack_of_memory_is_not_blamed_on_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: bytes) -> None:
        raise MemoryError

    monkeypatch.setattr(jpeg_module, "read", fail)
    with pytest.raises(MemoryError):
        decode(JPEG)
