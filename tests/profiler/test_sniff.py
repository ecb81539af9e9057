from __future__ import annotations

import codecs
import gzip
import io
import tarfile

import pytest

from profiler import profile
from profiler.errors import (
    ContentError,
    ProfilerError,
    TooLargeError,
    UnreadableError,
    UnsupportedError,
)
from profiler.sniff import GZIP, SIGNATURES
from tests.profiler.files import csv, image, iris, limits, look, parquet, refused, zipped

TABLE = csv("a,b", "1,x", "2,y")


def test_the_content_decides() -> None:
    assert look(TABLE).details.format == "csv"
    assert look(parquet(iris())).details.format == "parquet"
    assert look(zipped({"a/1.png": image()})).details.format == "images"


@pytest.mark.parametrize("signature", [s for s in SIGNATURES if s[0] != GZIP], ids=lambda s: s[1])
def test_other_formats_are_named(signature: tuple[bytes, str, str]) -> None:
    start, name, advice = signature
    refused(start + b"\0\xff" * 20, UnsupportedError, name, advice)


@pytest.mark.parametrize("header", ["ORC,BZh", "PARE", "RIFF,a", "BZhx,y", "GIF8,b", "Obj,a"])
def test_a_header_of_letters_is_text(header: str) -> None:
    data = csv(header, *(["1,2" if "," in header else "1"] * 3))
    assert look(data).details.format == "csv"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("<!DOCTYPE html><html>", "a web page"),
        ("\ufeff\n <HTML>", "a web page"),
        ('<?xml version="1.0"?>', "an XML document"),
        ('[{"a": 1}]', "a JSON document"),
        ('[\n{"a": 1}]', "a JSON document"),
        ("[[1, 2]]", "a JSON document"),
        ("@relation iris\n", "an ARFF file"),
    ],
)
def test_text_that_is_no_table(text: str, name: str) -> None:
    refused(text.encode(), UnsupportedError, name)


def test_gzip_is_unpacked() -> None:
    for table in (TABLE, parquet(iris()), b'{"a": 1}\n{"a": 2}'):
        plain, packed = look(table), look(gzip.compress(table))
        assert packed.facts == plain.facts
        assert packed.details.format == plain.details.format
        assert packed.details.notes[0] == "the file was unpacked from gzip"
    assert look(gzip.compress(TABLE) + gzip.compress(b"3,z\n") + bytes(9)).facts["n_rows"] == 3


def test_gzip_that_is_broken_or_too_large() -> None:
    packed = gzip.compress(TABLE)
    refused(packed[:-9], UnreadableError, "a gzip archive that was cut off")
    refused(packed[:12] + b"\xff\xff" + packed[14:], UnreadableError, "a broken gzip archive")
    refused(packed[:-8] + bytes(8), UnreadableError, "a broken gzip archive")
    bomb = gzip.compress(bytes(2**24))
    refused(bomb, TooLargeError, "1,000,000 bytes", allowed=limits(max_unpacked_bytes=10**6))
    refused(gzip.compress(packed), UnsupportedError, "unpack it first")
    refused(gzip.compress(zipped({"a/1.png": image()})), UnsupportedError, "file is a zip")
    refused(gzip.compress(image()), UnsupportedError, "a PNG image")


def test_json_lines() -> None:
    lines = [f'{{"x": {i}.5, "y": "{"ab"[i % 2]}", "z": [1]}}' for i in range(30)]
    profile = look("\n".join([*lines, '{"x": null, "w": true}']).encode(), "y")
    assert profile.details.format == "json_lines"
    assert [c.kind for c in profile.details.columns] == [
        "numeric", "categorical", "opaque", "boolean",
    ]  # fmt: skip
    assert (profile.facts["n_rows"], profile.facts["n_labelled"]) == (31, 30)
    assert profile.facts["task"] == "classification"


@pytest.mark.parametrize(
    ("text", "error", "part"),
    [
        ('{"a": 1}\n{"a": ', UnreadableError, "write one object per line"),
        ('{"a": 1}\n[1]', UnreadableError, "write one object per line"),
        ('{"a": 1}\n' * 12, TooLargeError, "12 rows; the limit is 11"),
        ("{}\n{}\n", ContentError, "no keys"),
    ],
)
def test_json_lines_that_are_refused(text: str, error: type[ProfilerError], part: str) -> None:
    refused(text.encode(), error, part, allowed=limits(max_rows=11))


def test_a_tar_is_named() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
    refused(buffer.getvalue(), UnsupportedError, "a tar archive", "unpack it first")


@pytest.mark.parametrize("member", ["xl/workbook.xml", "word/document.xml", "content.xml"])
def test_office_files_are_named(member: str) -> None:
    data = zipped({"[Content_Types].xml": b"<a/>", member: b"<a/>"})
    refused(data, UnsupportedError, {"x": "Excel", "w": "Word", "c": "OpenDocument"}[member[0]])


def test_a_numpy_archive_is_named() -> None:
    refused(zipped({"x.npy": b"1", "y.npy": b"2"}), UnsupportedError, ".npz")


def test_nothing_at_all() -> None:
    refused(b"", UnreadableError, "file is empty")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (TABLE.decode().encode("utf-16"), "UTF-16"),
        (codecs.BOM_UTF16_BE + TABLE.decode().encode("utf-16-be"), "UTF-16"),
        (TABLE.decode().encode("utf-32"), "UTF-32"),
        (TABLE.decode().encode("utf-16-le"), "a NUL byte at offset 1"),
        (TABLE + b"\0", "a NUL byte at offset 12"),
        ("a,b\n1,é\n".encode("latin-1"), "byte 0xE9 in line 2"),
        ("a,b\n1,“x”\n".encode("cp1252"), "byte 0x93 in line 2"),
        ("a,b\n1,é".encode()[:-1], "byte 0xC3 in line 2"),
    ],
)
def test_other_encodings(text: bytes, part: str) -> None:
    refused(text, UnreadableError, part, "re-encode it as UTF-8")


def test_a_truncated_parquet_file() -> None:
    data = parquet(iris())
    refused(data[:-1], UnreadableError, "cut off")
    refused(b"PAR1", UnreadableError, "cut off")


def test_an_encrypted_footer() -> None:
    refused(b"PAR1" + b"x" * 20 + b"PARE", UnsupportedError, "encrypted")


def test_the_byte_limit_comes_first() -> None:
    part = "file holds 12 bytes; the limit is 11: send a sample"
    with pytest.raises(TooLargeError, match=part):
        profile(TABLE, target=None, limits=limits(max_bytes=11))
