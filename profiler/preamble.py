"""What stands around the records of a CSV: `sep=`, comments, spaces instead of delimiters.

Lines are blanked, not taken out, so that line numbers in messages stay those of the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from profiler.messages import count
from profiler.records import DELIMITERS, delimiter_of

_SEP = re.compile(rb'\A"?sep=(.)"?(?=[\r\n]|\Z)', re.IGNORECASE)
_LEADING_COMMENTS = re.compile(rb"\A(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\n|\r))+")
_COMMENT = re.compile(rb"^[ \t]*#[^\r\n]*", re.MULTILINE)
_BARE = re.compile(rb"\A([\r\n]*)#[ \t]*")
_SAMPLE_BYTES = 2**16
_LEAST_LINES = 3
_NUMERIC_TOKENS = 0.5


@dataclass(frozen=True)
class Text:
    """The text of a CSV without what stands around its records.

    delimiter: of the fields; blanked: number of lines that were made blank; notes: what was found.
    """

    data: bytes
    delimiter: str
    blanked: int
    notes: tuple[str, ...]


def without_preamble(data: bytes) -> Text:
    """Blank the `sep=` line and the comments before the header, and find the delimiter."""
    notes, blanked, stated = [], 0, None
    if found := _SEP.match(data):
        stated = found[1].decode("latin-1")
        data, blanked = data[found.end() :], 1
        notes.append("the first line names the delimiter, as Excel has it")
    if comments := _leading_comments(data):
        head, n = _COMMENT.subn(b"", data[:comments])
        data, blanked = head + data[comments:], blanked + n
        notes.append(f"{count(n, 'comment line')} before the header skipped")
    data = _bare_header(data, notes)
    if stated is not None and stated in DELIMITERS:
        return Text(data, stated, blanked, tuple(notes))
    delimiter = delimiter_of(data)
    if is_spaced(data, delimiter):
        data, delimiter = _tabbed(data), " "
    return Text(data, delimiter, blanked, tuple(notes))


def _leading_comments(data: bytes) -> int:
    """Number of bytes before the header: all but the last comment, if that is the header."""
    found = _LEADING_COMMENTS.match(data[:_SAMPLE_BYTES])
    if found is None or b"#" not in found[0]:
        return 0
    following = re.split(rb"[\r\n]", data[found.end() : found.end() + _SAMPLE_BYTES], maxsplit=1)[0]
    last = max((m.start() for m in _COMMENT.finditer(found[0])), default=0)
    header = found[0][last:].strip()
    for delimiter in DELIMITERS:
        mark = delimiter.encode()
        if header.count(mark) == following.count(mark) > 0:
            return last
    return found.end()


def _bare_header(data: bytes, notes: list[str]) -> bytes:
    """The text, where a header that begins with `#` has lost it."""
    found = _BARE.match(data[:_SAMPLE_BYTES])
    if found is None:
        return data
    notes.append("the header is written as a comment; its # was left out")
    return found[1] + data[found.end() :]


def is_spaced(data: bytes, delimiter: str) -> bool:
    """Whether spaces delimit the fields: no other mark does, and half of the words are numbers."""
    sample = data[:_SAMPLE_BYTES]
    if delimiter.encode() in sample.split(b"\n", 1)[0] or b'"' in data:
        return False
    lines = [line.split() for line in re.split(rb"[\r\n]+", sample) if line.strip()]
    if len(data) > _SAMPLE_BYTES and lines:
        lines.pop()  # it may be cut off
    if len(lines) < _LEAST_LINES or len(lines[1]) < 2 or len({len(line) for line in lines}) > 1:
        return False
    words = [word for line in lines[1:] for word in line]
    return sum(_is_number(word) for word in words) >= _NUMERIC_TOKENS * len(words)


def _is_number(word: bytes) -> bool:
    return re.fullmatch(rb"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?", word) is not None


def _tabbed(data: bytes) -> bytes:
    """Runs of spaces as one tab, and none around a line."""
    data = re.sub(rb"(?m)^[ \t]+|[ \t]+(?=\r?$)", b"", data)
    return re.sub(rb"[ \t]+", b"\t", data)
