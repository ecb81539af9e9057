"""A zip -> its members: every entry is checked, and inflating stops at the limit."""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from profiler.errors import ContentError, TooLargeError, UnreadableError, UnsupportedError
from profiler.limits import Limits
from profiler.messages import count, listed, shown
from profiler.sniff import IMAGES, recognised
from profiler.translate_errors import zip_errors

# File managers leave these. Names that start with a dot are ignored as well.
IGNORED = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
# What archives of images hold beside them: documents, and files that may hold their labels.
_DOCUMENT = re.compile(
    r"(?i)(?:^|/)(?:(?:read[-_ ]?me|licen[cs]e|copying|notice|citation|authors|changelog)[^/]*"
    r"|[^/]*\.(?:md|rst|pdf|html?|docx?|url))$"
)
_ANNOTATION = re.compile(r"(?i)\.(?:csv|tsv|txt|json|jsonl|xml|ya?ml|parquet|pq|xlsx|mat)$")
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".pq")
# The start of a member's name that shows that the zip is a file of another format.
DISGUISES: tuple[tuple[str, str, str], ...] = (
    ("xl/", "an Excel workbook (.xlsx)", "export the sheet as CSV"),
    ("word/", "a Word document (.docx)", "send a CSV, a Parquet file or a zip of images"),
    ("ppt/", "a PowerPoint file (.pptx)", "send a CSV, a Parquet file or a zip of images"),
    ("META-INF/MANIFEST.MF", "a Java archive", "send a CSV, a Parquet file or a zip of images"),
    ("content.xml", "an OpenDocument file (.ods, .odt)", "export the sheet as CSV"),
)
_METHODS = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflate"}
_CENTRAL_HEADER = b"PK\x01\x02"
_ENCRYPTED = 0x1
_CHUNK = 2**20
_LONGEST_NAME = 1024
_DEEPEST = 32
# An entry usually has a few dozen bytes of extra fields, for times and owners. ZipFile copies the
# rest of them once per field, so their cost is quadratic.
_MOST_EXTRA = 2**21
_EXTRA_LENGTH, _EXTRA_END = 30, 32


@dataclass(frozen=True)
class Members:
    """infos: the files to read; folders: the visible folders; ignored: number of hidden files.

    documents, annotations: names of files beside the images that are not read.
    """

    infos: tuple[zipfile.ZipInfo, ...]
    folders: tuple[str, ...]
    ignored: int
    documents: tuple[str, ...] = ()
    annotations: tuple[str, ...] = ()


class Archive:
    """A zip in memory. `members` were checked; `contents` inflates them one at a time."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        # ZipFile builds an object per entry, so the entries are counted first. Twice the limit is
        # allowed, because folders have entries too, and image data may look like a header.
        if (entries := data.count(_CENTRAL_HEADER)) > 2 * limits.max_files:
            raise _too_many(entries, limits)
        _check_extra(data)
        with zip_errors():
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        self._left = limits.max_unpacked_bytes
        self._limits = limits
        self.members = _audit(self._zip.infolist(), limits)

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Name and bytes of every file, one at a time.

        Raises:
            UnreadableError: a member is broken or fails its checksum.
            TooLargeError: together they inflate to more than the limit.
        """
        for info in self.members.infos:
            yield info.filename, self._read(info)

    def _read(self, info: zipfile.ZipInfo) -> bytes:
        """Inflate one member and count the bytes that come out, because its header may lie."""
        chunks = []
        with zip_errors(info.filename), self._zip.open(info) as member:
            while chunk := member.read(_CHUNK):
                self._left -= len(chunk)
                if self._left < 0:
                    raise _too_much(self._limits)
                chunks.append(chunk)
        data = b"".join(chunks)
        if len(data) != info.file_size:
            raise UnreadableError(
                f"member {shown(info.filename)} inflates to {len(data):,} bytes but says "
                f"{info.file_size:,}; pack it again"
            )
        return data


def _audit(infos: Sequence[zipfile.ZipInfo], limits: Limits) -> Members:
    """Check every entry by the central directory; nothing is inflated.

    Raises:
        UnsupportedError: the zip is an Office file or the like.
        ContentError: a name, method, link or encryption that is not accepted, or a table.
        UnreadableError: a name that occurs twice.
        TooLargeError: too many files, or too many bytes by their headers.
    """
    _refuse_disguises([info.filename for info in infos])
    for info in infos:
        _check_name(info)
    visible = [info for info in infos if not _is_hidden(info.filename)]
    files = [info for info in visible if not info.is_dir()]
    if len(files) > limits.max_files:
        raise _too_many(len(files), limits)
    names = Counter("/".join(parts_of(info.filename)) for info in files)
    if double := [name for name, n in names.items() if n > 1]:
        raise UnreadableError(f"member {shown(double[0])} occurs more than once; pack it again")
    for info in files:
        _check_kind(info)
    if len(files) == 1 and files[0].filename.lower().endswith(TABLE_SUFFIXES):
        raise ContentError(
            f"file is a zip of one table, {shown(files[0].filename)}; send it unzipped"
        )
    if not files:
        raise ContentError("file is a zip without any visible file; pack images in class folders")
    if sum(info.file_size for info in files) > limits.max_unpacked_bytes:
        raise _too_much(limits)
    folders = tuple(info.filename for info in visible if info.is_dir())
    hidden = sum(not info.is_dir() for info in infos) - len(files)
    documents = tuple(i.filename for i in files if _DOCUMENT.search(i.filename))
    annotations = tuple(
        i.filename for i in files if _ANNOTATION.search(i.filename) and i.filename not in documents
    )
    beside = {*documents, *annotations}
    images = tuple(info for info in files if info.filename not in beside)
    if not images:
        raise ContentError(
            f"file is a zip without an image, of {listed(sorted(beside))}; send a table by itself, "
            "unzipped, or pack images in class folders"
        )
    return Members(images, folders, hidden, documents, annotations)


def _check_extra(data: bytes) -> None:
    """Refuse too many bytes of extra fields. Image data that looks like an entry hardly counts."""
    lengths = (
        int.from_bytes(data[entry.start() + _EXTRA_LENGTH : entry.start() + _EXTRA_END], "little")
        for entry in re.finditer(_CENTRAL_HEADER, data)
    )
    if (extra := sum(lengths)) > _MOST_EXTRA:
        raise TooLargeError(
            f"file holds {extra:,} bytes of extra fields in its directory; the limit is "
            f"{_MOST_EXTRA:,}: pack it again without them"
        )


def _refuse_disguises(names: Sequence[str]) -> None:
    for start, what, advice in DISGUISES:
        if any(name.startswith(start) for name in names):
            raise UnsupportedError(f"file is {what}; {advice}")
    if names and all(name.endswith(".npy") for name in names):
        raise UnsupportedError("file is a NumPy archive (.npz); write it as CSV or Parquet")


def _check_name(info: zipfile.ZipInfo) -> None:
    """Refuse names that leave their folder or do not print, though nothing is written to disk."""
    name = info.orig_filename
    reason = None
    if "\\" in name:
        reason = "holds a backslash"
    elif name.startswith("/") or name[1:2] == ":":
        reason = "is absolute"
    elif ".." in name.split("/"):
        reason = "leaves its folder by .."
    elif not name or not name.isprintable():
        reason = "holds characters that do not print"
    elif len(name) > _LONGEST_NAME:
        reason = f"has more than {_LONGEST_NAME:,} characters"
    elif len(parts_of(name)) > _DEEPEST + (not name.endswith("/")):
        reason = f"is more than {_DEEPEST} folders deep"
    if reason:
        raise ContentError(f"member name {shown(name)} {reason}; pack with plain relative names")


def _check_kind(info: zipfile.ZipInfo) -> None:
    name = shown(info.filename)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ContentError(f"member {name} is a symbolic link; pack the file itself")
    if info.flag_bits & _ENCRYPTED:
        raise ContentError(f"member {name} is encrypted; pack without a password")
    if info.compress_type not in _METHODS:
        raise ContentError(
            f"member {name} has compression method {info.compress_type}; pack with deflate"
        )


def refuse_other(name: str, data: bytes) -> NoReturn:
    """Raise ContentError for a member that is not an image; say what it is, if known."""
    if name.lower().endswith(TABLE_SUFFIXES) or data.startswith(b"PAR1"):
        what, advice = "a table", "send tables by themselves, unzipped"
    elif data.startswith(b"PK\x03\x04"):
        what, advice = "a zip", "nested archives are not opened, unpack it first"
    elif found := recognised(data):
        what, advice = found[0], "take it out"
        if found[1] == IMAGES:
            what = f"{what} that cannot be opened"
    else:
        what, advice = "not an image", "take it out"
    raise ContentError(
        f"member {shown(name)} is {what}; a zip may hold images in class folders only: {advice}"
    )


def parts_of(name: str) -> list[str]:
    """The folders and the file of a name; `./a//b.png` is `a/b.png`."""
    return [part for part in name.split("/") if part not in ("", ".")]


def _is_hidden(name: str) -> bool:
    return any(part in IGNORED or part.startswith(".") for part in parts_of(name))


def _too_many(files: int, limits: Limits) -> TooLargeError:
    return TooLargeError(
        f"file holds {count(files, 'member')}; the limit is {limits.max_files:,}: send a sample"
    )


def _too_much(limits: Limits) -> TooLargeError:
    return TooLargeError(
        f"file unpacks to more than {limits.max_unpacked_bytes:,} bytes; send a sample of it"
    )
