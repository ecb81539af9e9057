"""What a file is, by its bytes. Names are ignored."""

from __future__ import annotations

import re
from typing import Literal

from profiler.errors import UnreadableError, UnsupportedError

Container = Literal["csv", "parquet", "json_lines", "gzip", "zip"]
TAKEN = "send a CSV, JSON Lines, a Parquet file or a zip of images in class folders"

IMAGES = "zip the images in class folders"

# Leading bytes, the name of the format, and what to do instead.
SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image", IMAGES),
    (b"\xff\xd8\xff", "a JPEG image", IMAGES),
    (b"GIF8", "a GIF image", IMAGES),
    (b"RIFF", "a RIFF file (WebP, WAV or AVI)", TAKEN),
    (b"II*\0", "a TIFF image", IMAGES),
    (b"MM\0*", "a TIFF image", IMAGES),
    (b"%PDF-", "a PDF document", TAKEN),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"BZh", "a bzip2 archive", "unpack it first"),
    (b"\xfd7zXZ\0", "an xz archive", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it first"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file (.xls, .doc)", "export it as CSV"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "write it as Parquet"),
    (b"\x93NUMPY", "a NumPy array", "write it as CSV or Parquet"),
    (b"ARROW1", "an Arrow or Feather file", "write it as Parquet"),
    (b"Obj\x01", "an Avro file", "write it as Parquet"),
    (b"ORC", "an ORC file", "write it as Parquet"),
    (b"SQLite format 3\0", "an SQLite database", "export a table as CSV"),
    (b"PARE", "an encrypted Parquet file", "write it without encryption"),
    (b"\x7fELF", "a program", TAKEN),
    (b"\x80\x02", "a Python pickle, which is never read", "write it as Parquet"),
    (b"\x80\x03", "a Python pickle, which is never read", "write it as Parquet"),
    (b"\x80\x04", "a Python pickle, which is never read", "write it as Parquet"),
    (b"\x80\x05", "a Python pickle, which is never read", "write it as Parquet"),
)  # fmt: skip
# The start of texts that are not tables, in lower case and without leading white space.
TEXTS: tuple[tuple[bytes, str], ...] = (
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML document"),
    (b"{\n", "a JSON document"),
    (b"{\r\n", "a JSON document"),
    (b"[{", "a JSON document"),
    (b"[\n", "a JSON document"),
    (b"[[", "a JSON document"),
    (b"@relation", "an ARFF file"),
)
# The first line of JSON Lines is an object; that of a CSV may begin with a brace too.
_OBJECT = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*(?:\"|\})")
GZIP = b"\x1f\x8b"
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_UTF32 = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_TAR = (b"ustar", 257)


def container(data: bytes) -> Container:
    """How to read the file.

    Raises:
        UnreadableError: empty, UTF-16 or UTF-32 text, or a Parquet file without its end.
        UnsupportedError: a known format that is neither a table nor a zip of images.
    """
    if not data:
        raise UnreadableError(f"file is empty; {TAKEN}")
    if data.startswith(b"PAR1"):
        if len(data) < 12 or not data.endswith((b"PAR1", b"PARE")):
            raise UnreadableError("file is a Parquet file that was cut off; send all of it")
        if data.endswith(b"PARE"):
            raise UnsupportedError(
                "file has an encrypted Parquet footer; write it without encryption"
            )
        return "parquet"
    if data.startswith(_ZIPS):
        return "zip"
    if data.startswith(GZIP):
        return "gzip"
    if _OBJECT.match(data):
        return "json_lines"
    for marks, name in ((_UTF32, "UTF-32"), (_UTF16, "UTF-16")):
        if data.startswith(marks):
            raise UnreadableError(f"file is {name} text; re-encode it as UTF-8")
    if found := recognised(data):
        raise UnsupportedError(f"file looks like {found[0]}; {found[1]}")
    return "csv"


def recognised(data: bytes) -> tuple[str, str] | None:
    """The name of a known format that is not read, and what to do; None for any other."""
    for signature, name, advice in SIGNATURES:
        if data.startswith(signature) and not _is_text(signature, data):
            return name, advice
    at = _TAR[1]
    if data[at : at + len(_TAR[0])] == _TAR[0]:
        return "a tar archive", "unpack it first"
    head = data[:256].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, name in TEXTS:
        if head.startswith(start):
            return name, "write it as CSV, JSON Lines or Parquet"
    return None


def _is_text(signature: bytes, data: bytes) -> bool:
    """Whether a signature of letters is just the start of a CSV header, such as `ORC,BZh`."""
    if not signature.isalnum() or not signature.isascii():
        return False
    return data[:512].replace(b"\xef\xbb\xbf", b"").isascii() and b"\0" not in data[:512]
