"""Whatever is sent: a profile, or an error of the profiler. Nothing else, ever."""

from __future__ import annotations

import datetime
import gzip
import zipfile

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiler.errors import ProfilerError, UnreadableError
from profiler.translate_errors import ZIP_ERRORS, polars_errors, zip_errors
from tests.profiler.children import Sandbox
from tests.profiler.files import csv, image, images, parquet, zipped

FRAME = pl.DataFrame(
    {
        "i": range(30),
        "f": [i / 3 for i in range(30)],
        "s": [["red", "green"][i % 2] for i in range(30)],
        "t": [f"some words that make a sentence {i}" for i in range(30)],
        "d": [datetime.date(2020, 1, 1 + i) for i in range(30)],
        "l": [[1, 2]] * 30,
        "n": [None] * 30,
    }
)
KINDS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
VALID = {
    "csv": FRAME.drop("l").write_csv().encode(),
    "semicolon": csv('a;"b;c"', '1,5;"x\ny"', "2,5;z"),
    **{c: parquet(FRAME, compression=c) for c in ("snappy", "gzip", "brotli", "lz4", "zstd")},
    "plain": parquet(FRAME, compression="uncompressed", row_group_size=10),
    "spelled": csv("# by hand", "a;b;s;", "$1,50;12 %;2024-01-02;", "(3,5);7 %;Jan 2024;", ";;;"),
    "json_lines": FRAME.write_ndjson().encode(),
    "gzip": gzip.compress(FRAME.drop("l").write_csv().encode()),
    "masks": images("train/images/1.png", "train/masks/1_mask.png", "test/images/2.png"),
    "zip": images("a/1.png", "b/1.png"),
    "stored": zipped({f"{k}/1": image(k) for k in KINDS}, zipfile.ZIP_STORED),
}


def check(sandbox: Sandbox, data: bytes, target: str | None = None) -> None:
    found = sandbox.profile(data, target)
    if isinstance(found, ProfilerError):
        assert "\n" not in str(found)
        assert len(str(found)) < 1000
    else:
        assert set(found.facts) == set(found.because)


def test_the_samples_are_valid(sandbox: Sandbox) -> None:
    for data in VALID.values():
        found = sandbox.profile(data)
        assert not isinstance(found, ProfilerError)
        assert found.facts["n_rows"]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(sandbox: Sandbox, data: bytes) -> None:
    check(sandbox, data)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(
        [
            b"PAR1",
            b"\x1f\x8b\x08",
            b'{"a":',
            b"sep=;\n",
            b"#",
            b"PK\x03\x04",
            b"PK\x05\x06",
            b"\xef\xbb\xbf",
        ]
    ),
    st.binary(),
)
def test_any_bytes_behind_a_magic_number(sandbox: Sandbox, magic: bytes, data: bytes) -> None:
    check(sandbox, magic + data + magic)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from('ab1,;\t|"\n\r 漢'), max_size=60), st.sampled_from([None, "a"]))
def test_any_text(sandbox: Sandbox, text: str, target: str | None) -> None:
    check(sandbox, text.encode(), target)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(VALID)),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=6), st.integers(0, 6)), max_size=4),
    st.booleans(),
)
def test_mutated_files(
    sandbox: Sandbox, name: str, edits: list[tuple[float, bytes, int]], at_the_end: bool
) -> None:
    """Bytes replaced, inserted or taken out; near the end, where zip and Parquet keep headers."""
    data = VALID[name]
    for place, new, gone in edits:
        start = int(len(data) * (0.6 + 0.4 * place if at_the_end else place))
        data = data[:start] + new + data[start + gone :]
    check(sandbox, data, "s")


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(VALID)), st.floats(0, 1))
def test_truncated_files(sandbox: Sandbox, name: str, share: float) -> None:
    check(sandbox, VALID[name][: int(len(VALID[name]) * share)])


def polars_error_types() -> list[type[BaseException]]:
    found = [getattr(pl.exceptions, name) for name in dir(pl.exceptions)]
    errors = [t for t in found if isinstance(t, type) and issubclass(t, BaseException)]
    # A missing module, attribute or argument is no fault of the file.
    ours = Warning | ImportError | AttributeError | TypeError
    return [t for t in errors if not issubclass(t, ours)]


@pytest.mark.parametrize("kind", [*polars_error_types(), OSError, ValueError, OverflowError])
def test_every_error_of_polars_is_translated(kind: type[BaseException]) -> None:
    with pytest.raises(UnreadableError, match="file cannot be read"), polars_errors("read"):
        raise kind("no luck\nsecond line \x07")


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, TypeError, KeyError, MemoryError])
def test_what_is_no_fault_of_the_file_is_not(kind: type[BaseException]) -> None:
    with pytest.raises(kind), polars_errors("read"):
        raise kind


@pytest.mark.parametrize("kind", ZIP_ERRORS)
def test_every_error_of_zipfile_is_translated(kind: type[Exception]) -> None:
    error = UnicodeDecodeError("utf-8", b"x", 0, 1, "no") if kind is UnicodeError else kind("no")
    with pytest.raises(UnreadableError, match="file is a broken zip"), zip_errors():
        raise error
