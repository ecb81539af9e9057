"""Files made to be misread: each is decoded exactly, or refused in words."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from contract.tensors import Layout
from service.errors import InvalidError
from service.instances import pictures
from service.instances.spec import ImageSpec
from tests.instances.picture_files import (
    DIGIT,
    END,
    SIDE,
    chunks_of,
    exif,
    grey_png,
    header,
    image_data,
    interlaced,
    jpeg,
    oriented,
    packed,
    png,
    rows,
    with_exif,
)

SHAPE = (SIDE, SIDE)


def decode(
    data: bytes, shape: tuple[int, int] = SHAPE, channels: int = 1, layout: Layout = "HW"
) -> np.ndarray:
    spec = ImageSpec(*shape, channels, layout)
    return pictures.decode(data, spec, 10_000, "instances[0]", ["instances", 0])


def refusal(data: bytes) -> str:
    with pytest.raises(InvalidError) as caught:
        decode(data)
    assert caught.value.loc == ["instances", 0]
    message = str(caught.value)
    assert message.startswith("instances[0] ")
    return message


# Tags that Pillow cannot write back when they have these types.
DAMAGED = {
    "XResolution as ascii": (0x011A, 2, 8, 64),
    "XResolution as byte": (0x011A, 1, 4, 9),
    "XResolution as undefined": (0x011A, 7, 8, 64),
    "ImageLength as rational": (0x0101, 5, 1, 64),
    "Artist as rational": (0x013B, 5, 1, 64),
}


@pytest.mark.parametrize("tag", DAMAGED.values(), ids=DAMAGED)
def test_damage_to_other_tags_does_no_harm(tag: tuple[int, int, int, int]) -> None:
    entries = sorted([tag, (0x0112, 3, 1, 3)])
    block = exif(*entries, after=b"abcdefg\0")
    np.testing.assert_array_equal(decode(grey_png((b"eXIf", block))), DIGIT[::-1, ::-1])
    plain = decode(jpeg())
    np.testing.assert_array_equal(decode(with_exif(jpeg(), block)), plain[::-1, ::-1])


BAD_EXIF = {
    "empty": (b"", "no TIFF header"),
    "no tiff": (b"hello world", "no TIFF header"),
    "header alone": (b"II*\0", "EXIF block ends early"),
    "directory beyond": (b"II*\0\xff\xff\xff\xff", "EXIF block ends early"),
    "directory cut": (exif((0x0112, 3, 1, 1))[:15], "ends inside a directory of 1 entries"),
    "zero": (oriented(0), "EXIF orientation 0; it must be an integer from 1 to 8"),
    "nine": (oriented(9), "EXIF orientation 9;"),
    "text": (exif((0x0112, 2, 2, 0x31)), "EXIF orientation of type 2, 2 of them"),
    "rational": (exif((0x0112, 5, 1, 64), after=b"\3\0\0\0\1\0\0\0"), "orientation of type 5"),
    "two values": (exif((0x0112, 3, 2, 3)), "orientation of type 3, 2 of them"),
    "twice": (exif((0x0112, 3, 1, 1), (0x0112, 3, 1, 3)), "two orientations"),
}


@pytest.mark.parametrize(("block", "message"), BAD_EXIF.values(), ids=BAD_EXIF)
def test_an_unreadable_orientation_is_refused(block: bytes, message: str) -> None:
    assert message in refusal(grey_png((b"eXIf", block)))
    assert message in refusal(with_exif(jpeg(), block))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", range(1, 9))
def test_every_orientation_is_turned_upright(value: int, order: str) -> None:
    """As Pillow turns it, which may be asked where the EXIF is sound; also where not square."""
    stored = DIGIT[:20]
    chunks = [header(height=20), (b"eXIf", oriented(value, order)), image_data(rows(stored)), END]
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(png(*chunks)))))
    np.testing.assert_array_equal(decode(png(*chunks), expected.shape), expected)
    with pytest.raises(InvalidError, match="pixels; the model takes 20x20; resize it"):
        decode(png(*chunks), (20, 20))


def grey_alpha(dtype: type) -> np.ndarray:
    return np.stack([DIGIT, np.full_like(DIGIT, 255)], -1).astype(dtype)


RAW = rows(DIGIT)
IDAT = image_data(RAW)
GREYS = bytes(v for i in range(256) for v in (i, i, i))
BAD_PNGS = {
    "14 of 28 rows": (
        png(header(), image_data(RAW[: len(RAW) // 2]), END),
        "its pixel data inflates to 406 bytes; its header says 812 bytes",
    ),
    "a row too many": (png(header(), image_data(RAW + bytes(29)), END), "inflates to more"),
    "a bomb": (png(header(), image_data(bytes(10**7)), END), "inflates to more"),
    "no pixels": (png(header(), END), "its pixel data inflates to 0 bytes"),
    "zlib cut": (png(header(), (b"IDAT", IDAT[1][:-4]), END), "no end, or a wrong checksum"),
    "zlib checksum": (png(header(), (b"IDAT", IDAT[1][:-1] + b"!"), END), "does not inflate"),
    "after zlib": (png(header(), (b"IDAT", IDAT[1] + b"!"), END), "follow its pixel data"),
    "unknown filter": (png(header(), image_data(b"\5" + RAW[1:]), END), "broken picture"),
    "16-bit RGB": (
        png(header(16, 2), image_data(rows(np.stack([DIGIT] * 3, -1).astype(np.uint16))), END),
        "has 16 bits per channel; send 8 bits",
    ),
    "16-bit grey and alpha": (
        png(header(16, 4), image_data(rows(grey_alpha(np.uint16))), END),
        "has 16 bits per channel",
    ),
    "transparent grey": (
        grey_png((b"tRNS", bytes([0, DIGIT[0, 0]]))),
        "is transparent in places; the model takes opaque grey",
    ),
    "transparent bits": (
        png(header(1), (b"tRNS", b"\0\0"), image_data(bytes(5 * SIDE)), END),
        "is transparent in places",
    ),
    "short transparency": (grey_png((b"tRNS", b"\7")), "transparency (tRNS chunk) of 1 bytes does"),
    "long transparency": (
        png(header(8, 3), (b"PLTE", GREYS), (b"tRNS", bytes(257)), IDAT, END),
        "transparency (tRNS chunk) of 257 bytes does not fit",
    ),
    "transparency of an alpha channel": (
        png(header(8, 4), (b"tRNS", b"\0\7"), image_data(rows(grey_alpha(np.uint8))), END),
        "transparency (tRNS chunk) of 2 bytes does not fit",
    ),
    "transparency beyond the depth": (
        png(header(1), (b"tRNS", b"\0\2"), image_data(bytes(5 * SIDE)), END),
        "names sample 2 of 1",
    ),
    "two transparencies": (
        grey_png((b"tRNS", b"\0\7"), (b"tRNS", b"\0\7")),
        "transparency (tRNS chunk) is repeated",
    ),
    "no palette": (png(header(8, 3), IDAT, END), "no palette (PLTE chunk)"),
    "short palette": (
        png(header(8, 3), (b"PLTE", GREYS[:30]), IDAT, END),
        f"a pixel has colour {DIGIT.max()} of a palette of 10",
    ),
    "cut palette": (png(header(8, 3), (b"PLTE", GREYS[:31]), IDAT, END), "has 31 bytes"),
    "palette of a grey": (grey_png((b"PLTE", GREYS)), "greyscale, but has a palette"),
    "two palettes": (
        png(header(8, 3), (b"PLTE", GREYS), (b"PLTE", GREYS), IDAT, END),
        "palette (PLTE chunk) is repeated",
    ),
    "no end": (png(header(), IDAT), "the PNG has no end (IEND chunk)"),
    "end cut": (grey_png()[:-1], "the PNG ends inside a chunk"),
    "length beyond": (png(header()) + b"\xff\xff\xff\xffIDAT", "the PNG ends inside a chunk"),
    "after the end": (grey_png() + packed(*IDAT), "bytes follow the end of the PNG"),
    "text after the end": (grey_png() + b"\n", "the PNG ends inside a chunk"),
    "no header": (png(IDAT, END), "does not begin with a header"),
    "long header": (png((b"IHDR", header()[1] + b"\0"), IDAT, END), "IHDR chunk of 13 bytes"),
    "two headers": (png(header(), header(), IDAT, END), "an unexpected IHDR chunk"),
    "split data": (
        png(header(), (b"IDAT", IDAT[1][:9]), (b"tEXt", b"a\0b"), (b"IDAT", IDAT[1][9:]), END),
        "another chunk stands between its pixel data",
    ),
    "unknown critical": (grey_png((b"ABCD", b"")), "an unexpected ABCD chunk"),
    "no letters": (grey_png((b"\0\1\2\3", b"")), "an unexpected 00010203 chunk"),
    "animated": (grey_png((b"acTL", bytes(8))), "is animated; send a single picture"),
    "two EXIF": (grey_png(*[(b"eXIf", oriented(1))] * 2), "two EXIF blocks"),
    "colour type": (png(header(8, 5), IDAT, END), "bit depth 8 and colour type 5"),
    "depth": (png(header(3, 0), IDAT, END), "bit depth 3 and colour type 0"),
    "interlace": (png(header(interlace=2), IDAT, END), "interlace 2"),
    "no width": (png(header(width=0), IDAT, END), "0x28 pixels"),
    "many chunks": (grey_png(*[(b"tEXt", b"")] * 2000), "more than 1000 chunks"),
    "checksum": (grey_png()[:-1] + b"\0", "IEND chunk has a wrong checksum"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "message"), BAD_PNGS.values(), ids=BAD_PNGS)
def test_a_png_that_is_not_what_its_header_says(data: bytes, message: str) -> None:
    assert message in refusal(data)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (5, 9), (28, 28)])
def test_an_interlaced_png_is_exact(size: tuple[int, int]) -> None:
    pixels = DIGIT[: size[0], : size[1]]
    np.testing.assert_array_equal(decode(interlaced(pixels), size), pixels)


def test_an_interlaced_png_is_refused_when_it_is_cut() -> None:
    kind, content = chunks_of(interlaced(DIGIT))[1]
    short = zlib.compress(zlib.decompress(content)[:-29])
    assert "header says 837 bytes" in refusal(png(header(interlace=1), (kind, short), END))


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("colour", [0, 3])
def test_few_bits_are_exact(depth: int, colour: int) -> None:
    levels = DIGIT.astype(int) * 2**depth // 256
    bits = (levels[..., None] >> np.arange(depth)[::-1] & 1).reshape(SIDE, -1)
    raw = rows(np.packbits(bits.astype(np.uint8), axis=1))
    palette = [(b"PLTE", GREYS[: 3 * 2**depth])] if colour else []
    expected = levels if colour else levels * 255 // (2**depth - 1)
    data = png(header(depth, colour), *palette, image_data(raw), END)
    np.testing.assert_array_equal(decode(data), expected)


def test_what_is_dropped_is_not_unpacked() -> None:
    """Text and profiles that would take Pillow 46 ms, or that it would refuse."""
    bomb = zlib.compress(bytes(2**20), 9)
    dropped = [(b"zTXt", b"k%d\0\0" % i + bomb) for i in range(20)]
    dropped += [(b"iCCP", b"p\0\0" + bomb), (b"iTXt", b"k\0\1\0\0\0" + bomb), (b"pHYs", b"")]
    np.testing.assert_array_equal(decode(grey_png(*dropped)), DIGIT)
