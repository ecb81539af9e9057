"""JPEGs made to be misread, and the translation of errors that no audit foresaw."""

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


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("interval", [0, 1, 3])
def test_a_cut_jpeg_with_a_forged_end_is_refused(interval: int, progressive: bool) -> None:
    """Pillow fills the rest with grey; a progressive one is cut between its scans too."""
    data = jpeg(restart_marker_blocks=interval, progressive=progressive)
    start = data.index(b"\xff\xda") + 10
    for stop in range(start, len(data) - 2):
        assert "instances[0] is a broken picture" in refusal(data[:stop] + FORGED)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_jpeg_in_colour_is_what_pillow_reads(subsampling: int) -> None:
    pixels = np.stack([SMOOTH, SMOOTH.T, 255 - SMOOTH], -1)
    data = jpeg(pixels, subsampling=subsampling)
    expected = np.asarray(Image.open(io.BytesIO(data)))
    np.testing.assert_array_equal(decode(data, channels=3, layout="HWC"), expected)
    assert "is in colour; the model takes grey" in refusal(data)


def test_an_interleaved_jpeg_without_the_scans_of_its_colours_is_refused() -> None:
    data = jpeg(np.stack([SMOOTH] * 3, -1), progressive=True)
    scans = [at for at in range(len(data)) if data.startswith(b"\xff\xda", at)]
    assert "scans of its pixel data are missing" in refusal(data[: scans[1]] + FORGED)


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
    "no sampling": (JPEG.replace(b"\1\x11\0\xff", b"\1\0\0\xff", 1), "unusual sampling factors"),
    "signature alone": (b"\xff\xd8", "no segment at byte 2"),
    "garbage": (b"\xff\xd8hello", "no segment at byte 2"),
    "many segments": (JPEG[:2] + b"\xff\xfe\0\2" * 2000 + JPEG[2:], "more than 1000 segments"),
    "many scans": (JPEG[:-2] + JPEG[SCAN:-2] * 200 + FORGED, "more than 100 scans"),
    "lossless": (JPEG.replace(b"\xff\xc0", b"\xff\xc3", 1), "is a JPEG of process 3; send a base"),
    "between segments": (JPEG.replace(b"\xff\xc4", b"ab\xff\xc4", 1), "no segment at byte"),
    "long frame": (JPEG.replace(b"\xff\xc0\0\x0b", b"\xff\xc0\0\x0c", 1), "has the wrong length"),
    "no width": (JPEG.replace(b"\x08\0\x1c\0\x1c", b"\x08\0\x1c\0\0", 1), "says 0x28 pixels"),
    "scan first": (JPEG[:2] + JPEG[SCAN:], "component 1, which the frame lacks"),
    "other component": (JPEG.replace(b"\0\x08\1\1\0", b"\0\x08\1\2\0", 1), "component 2, "),
    "long scan": (JPEG.replace(b"\0\x08\1\1\0", b"\0\x08\2\1\0", 1), "scan header has the wrong"),
    "spectrum": (JPEG.replace(b"\0\x3f\0", b"\0\x40\0", 1), "a scan brings coefficients 0 to 64"),
    "restart skipped": (
        jpeg(restart_marker_blocks=1).replace(b"\xff\xd1", b"\xff\xd2", 1), "is a broken picture",
    ),
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
