"""Zips of images: what they say, and every way in which they may lie."""

from __future__ import annotations

import io
import stat
import struct
import time
import zipfile

import pytest

from profiler import ClassCount
from profiler.archive import Archive
from profiler.errors import (
    ContentError,
    TargetError,
    TooLargeError,
    UnreadableError,
    UnsupportedError,
)
from tests.profiler.files import (
    image,
    images,
    iris,
    limits,
    look,
    parquet,
    refused,
    zipped,
)


def test_class_folders() -> None:
    profile = look(images("cat/1.png", "cat/2.png", "dog/1.png", "dog/deep/2.png", "dog/3.png"))
    assert profile.facts == {
        "modalities": ["image"],
        "n_rows": 5,
        "n_labelled": 5,
        "task": "classification",
    }
    assert profile.because["task"] == "the images lie in 2 class folders"
    assert profile.details.classes == (ClassCount("dog", 3), ClassCount("cat", 2))
    assert profile.details.smallest_class == ClassCount("cat", 2)
    assert set(profile.because) == set(profile.facts)


def test_one_root_folder_is_stripped() -> None:
    profile = look(images("pets/all/cat/1.png", "pets/all/dog/1.png"))
    assert [c.label for c in profile.details.classes] == ["cat", "dog"]
    assert 'all images lie in "pets/all", which is taken as the root' in profile.details.notes


def test_a_split_is_stepped_over() -> None:
    profile = look(images("d/train/cat/1.png", "d/train/dog/1.png", "d/Test/cat/1.png"))
    assert profile.details.classes == (ClassCount("cat", 2), ClassCount("dog", 1))
    assert any('split folders skipped: "Test", "train"' in note for note in profile.details.notes)


def test_images_at_the_root_are_unlabelled() -> None:
    profile = look(images("1.png", "cat/1.png", "dog/1.png"))
    assert (profile.facts["n_rows"], profile.facts["n_labelled"]) == (3, 2)
    assert "1 image outside class folders, counted as unlabelled" in profile.details.notes


@pytest.mark.parametrize("names", [("1.png", "2.png"), ("cat/1.png", "cat/2.png")])
def test_without_class_folders_labels_are_unknown(names: tuple[str, ...]) -> None:
    profile = look(images(*names))
    assert profile.facts == {"modalities": ["image"], "n_rows": 2}


def test_one_class_beside_the_root_is_no_task() -> None:
    profile = look(images("1.png", "cat/1.png"))
    assert "task" not in profile.facts
    assert any("only one class" in warning for warning in profile.details.warnings)


def test_what_file_managers_leave_is_ignored() -> None:
    members = {
        "a/1.png": image(),
        "b/1.png": image(shade=1),
        "__MACOSX/a/._1.png": b"junk",
        "a/.DS_Store": b"junk",
        "b/Thumbs.db": b"junk",
        ".hidden/x.zip": b"junk",
    }
    profile = look(zipped(members))
    assert profile.facts["n_rows"] == 2
    assert "4 hidden files ignored" in profile.details.notes


def test_empty_folders_are_named() -> None:
    profile = look(zipped({"a/": b"", "a/1.png": image(), "b/1.png": image(), "c/": b""}))
    assert 'folders without images: "c/"' in profile.details.notes
    assert "1 image with the same bytes as another" in profile.details.warnings


def test_formats_and_sizes() -> None:
    kinds = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
    found = look(zipped({f"a/{k}": image(k, (5 + i, 9)) for i, k in enumerate(kinds)})).details
    assert found.images is not None
    assert set(found.images.formats) == set(kinds)
    assert (found.images.min_width, found.images.max_width) == (5, 10)
    assert (found.images.min_height, found.images.max_height) == (9, 9)


def test_many_classes_are_cut() -> None:
    details = look(images(*(f"class{i:03}/1.png" for i in range(120)))).details
    assert (details.n_classes, len(details.classes)) == (120, 100)
    assert "the 100 largest of 120 classes are listed" in details.notes


def test_a_target_makes_no_sense() -> None:
    refused(images("a/1.png"), TargetError, 'target "x"', "leave it out", target="x")


@pytest.mark.parametrize(
    ("name", "data", "part"),
    [
        ("a/notes", b"hello", "not an image"),
        ("a/labels", parquet(iris()), "a table; a zip may hold images"),
        ("a/t.bin", parquet(iris()), "a table"),
        ("a/inner.zip", images("1.png"), "nested archives are not opened"),
        ("a/inner.png", images("1.png"), "nested archives are not opened"),
        ("a/doc.png", b"%PDF-1.7", "a PDF document"),
        ("a/x.gz", b"\x1f\x8b\x08", "a gzip archive"),
        ("a/empty.png", b"", "not an image"),
    ],
)
def test_other_members_are_named(name: str, data: bytes, part: str) -> None:
    members = {"a/1.png": image(), name: data}
    refused(zipped(members), ContentError, f'member "{name}"', part)


@pytest.mark.parametrize("name", ["data.csv", "folder/t.PARQUET", "x.tsv"])
def test_a_zip_of_one_table(name: str) -> None:
    part = f'zip of one table, "{name}"; send it unzipped'
    refused(zipped({name: b"a\n1\n", "__MACOSX/x": b""}), ContentError, part)


@pytest.mark.parametrize(
    "name",
    ["README", "readme.txt", "LICENSE", "licence.md", "d/LICENSE.txt", "about.html"],
)
def test_documents_beside_the_images(name: str) -> None:
    profile = look(zipped({"a/1.png": image(), "b/1.png": image(shade=1), name: b"hello"}))
    assert profile.facts["n_labelled"] == 2
    assert f'1 document beside the images: "{name}"' in profile.details.notes


@pytest.mark.parametrize("name", ["labels.csv", "a/1.xml", "annotations/instances.json", "map.txt"])
def test_labels_beside_the_images_are_told(name: str) -> None:
    profile = look(zipped({"a/1.png": image(), "b/1.png": image(shade=1), name: b"hello"}))
    assert profile.facts["n_rows"] == 2
    assert any(f'not read: "{name}"; if the labels' in w for w in profile.details.warnings)


def test_a_zip_of_tables() -> None:
    refused(zipped({"a.csv": b"a\n1\n", "b.csv": b"a\n1\n"}), ContentError, 'of "a.csv", "b.csv"')


def test_a_zip_of_nothing() -> None:
    refused(zipped({}), ContentError, "without any visible file")
    refused(zipped({".DS_Store": b"x"}), ContentError, "without any visible file")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("../a.png", "leaves its folder"),
        ("a/../../b.png", "leaves its folder"),
        ("/etc/a.png", "is absolute"),
        ("C:/a.png", "is absolute"),
        ("a\\b.png", "holds a backslash"),
        ("a/\x07.png", "do not print"),
        ("a/" + "x" * 2000, "has more than 1,024 characters"),
    ],
)
def test_names_that_escape(name: str, part: str) -> None:
    refused(zipped({name: image()}), ContentError, part)


def test_a_name_cut_by_a_nul() -> None:
    data = images("a/1xpng").replace(b"a/1xpng", b"a/1\0png")
    refused(data, ContentError, "do not print")


def test_a_symbolic_link() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("a/link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    refused(buffer.getvalue(), ContentError, 'member "a/link.png" is a symbolic link')


def patched(data: bytes, local: int, central: int, value: bytes) -> bytes:
    """A zip of one member with bytes of its local and its central header replaced."""
    patch = bytearray(data)
    for at in (local, data.index(b"PK\x01\x02") + central):
        patch[at : at + len(value)] = value
    return bytes(patch)


def test_an_encrypted_member() -> None:
    data = patched(images("a/1.png"), 6, 8, b"\x01")
    refused(data, ContentError, "is encrypted; pack without a password")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_other_than_deflate(method: int) -> None:
    part = f"has compression method {method}; pack with deflate"
    refused(zipped({"a/1.png": image()}, method), ContentError, part)


def test_a_method_that_does_not_exist() -> None:
    refused(patched(images("a/1.png"), 8, 10, b"\x63"), ContentError, "compression method 99")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_double_names() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for _ in range(2):
            archive.writestr("a/1.png", image())
    refused(buffer.getvalue(), UnreadableError, 'member "a/1.png" occurs more than once')


def test_a_wrong_checksum() -> None:
    data = patched(images("a/1.png"), 14, 16, b"\0\0\0\0")
    refused(data, UnreadableError, 'member "a/1.png" is a broken zip', "CRC")


def test_a_damaged_member() -> None:
    data = bytearray(zipped({"a/1.png": image(size=(300, 300))}))
    data[60:80] = b"\xff" * 20
    refused(bytes(data), UnreadableError, 'member "a/1.png" is a broken zip')


def test_a_truncated_zip() -> None:
    refused(images("a/1.png")[:-30], UnreadableError, "file is a broken zip")
    refused(b"PK\x03\x04", UnreadableError, "file is a broken zip")


def test_a_bomb_by_its_headers() -> None:
    data = zipped({f"a/{i}.bmp": image("BMP", (1000, 1000)) for i in range(3)})
    part = "file unpacks to more than 2,000,000 bytes"
    refused(data, TooLargeError, part, allowed=limits(max_unpacked_bytes=2_000_000))


def test_a_bomb_whose_headers_lie() -> None:
    """The central directory says 10 bytes; a megabyte would come out."""
    honest = zipped({"a/1.bmp": image("BMP", (1000, 1000))})
    data = patched(honest, 22, 24, struct.pack("<I", 10))
    refused(data, UnreadableError, 'member "a/1.bmp" is a broken zip')


def test_a_member_shorter_than_its_header_says() -> None:
    body = image("BMP", (100, 100))
    data = patched(zipped({"a/1.bmp": body}), 22, 24, struct.pack("<I", len(body) + 10))
    refused(data, UnreadableError, 'member "a/1.bmp"', "pack it again")


def test_what_comes_out_is_counted() -> None:
    """Even if every size in the headers were forged, inflating stops at the limit."""
    data = zipped({f"a/{i}.bmp": image("BMP", (1000, 1000), i) for i in range(3)})
    archive = Archive(data, limits(max_unpacked_bytes=4_000_000))
    archive._left = 1_500_000
    with pytest.raises(TooLargeError, match="file unpacks to more than 4,000,000 bytes"):
        list(archive.contents())


def test_more_files_than_the_limit() -> None:
    part = "file holds 4 members; the limit is 3"
    data = images(*(f"a/{i}.png" for i in range(4)))
    refused(data, TooLargeError, part, allowed=limits(max_files=3))
    assert look(data, allowed=limits(max_files=4)).facts["n_rows"] == 4


def test_entries_are_counted_before_they_are_read() -> None:
    """The directory of a zip of 30 MB can hold half a million entries of a kilobyte each."""
    data = b"PK\x05\x06" + b"PK\x01\x02" * 30_000
    refused(data, TooLargeError, "file holds 30,000 members; the limit is 10,000")


def test_extra_fields_are_counted() -> None:
    """zipfile copies the rest of them once per field: 30 MB took it ten seconds."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for i in range(40):
            info = zipfile.ZipInfo(f"a/{i}.png")
            info.extra = struct.pack("<HH", 0x9999, 0) * 16_000
            archive.writestr(info, image())
    part = "file holds 2,560,000 bytes of extra fields in its directory; the limit is 2,097,152"
    refused(buffer.getvalue(), TooLargeError, part)


@pytest.mark.parametrize("end", ["i.png", ""], ids=["files", "folders"])
def test_deep_names(end: str) -> None:
    """Ten thousand of them took half a minute."""
    names = [f"{'a/' * 400}{i}/{end}" for i in range(3_000)]
    data = zipped(dict.fromkeys(names, b"") | {"b/1.png": image()})
    start = time.process_time()
    refused(data, ContentError, "is more than 32 folders deep")
    assert time.process_time() - start < 5


def test_the_deepest_name() -> None:
    data = images(f"{'a/' * 31}b/1.png", f"{'a/' * 31}c/1.png")
    assert [c.label for c in look(data).details.classes] == ["b", "c"]
    refused(images(f"{'a/' * 33}1.png"), ContentError, "is more than 32 folders deep")


def test_names_from_here() -> None:
    """`zip -r` and tar keep the dot of `./`."""
    members = {"./": b"", "./cat/": b"", "./cat/1.png": image(), ".//dog/./2.png": image(shade=1)}
    details = look(zipped(members | {"./eel/": b"", "./.hidden/x": b"junk"})).details
    assert details.classes == (ClassCount("cat", 1), ClassCount("dog", 1))
    assert 'folders without images: "./eel/"' in details.notes
    assert "1 hidden file ignored" in details.notes


def test_a_broken_image() -> None:
    refused(zipped({"a/1.gif": image("GIF")[:8]}), ContentError, "cannot be opened")
    data = zipped({"a/1.tif": image("TIFF")[:20]})
    refused(data, ContentError, 'member "a/1.tif" is')


def test_nothing_but_a_disguise_is_a_media_type() -> None:
    refused(zipped({"META-INF/MANIFEST.MF": b""}), UnsupportedError, "a Java archive")
