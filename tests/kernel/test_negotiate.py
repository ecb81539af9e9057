"""Accept and Accept-Encoding."""

from __future__ import annotations

import pytest

from service.http.kernel.negotiate import accepts, preferred

OFFERED = ("application/json", "text/html")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "application/json"),
        (b"", "application/json"),
        (b"text/html, */*;q=0.1", "text/html"),
        (b"TEXT/HTML", "text/html"),
        (b"text/html;q=0.2, application/json;q=0.3", "application/json"),
        (b"text/*;q=0.5, text/html;q=0.1, */*;q=0.2", "application/json"),
        (b"text/html;level=1;q=0.9", "text/html"),
        (b"text/html;q=7, application/json", "application/json"),
        (b"text/html;q=-1, */*;q=0", "application/json"),
        (b"\xff\xfe, ;;,", "application/json"),
        (b"text/html," * 1000, "application/json"),
    ],
)
def test_the_weightiest_is_preferred(accept: bytes | None, expected: str) -> None:
    assert preferred(accept, OFFERED) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False),
        (b"gzip", True),
        (b"br, GZIP;q=0.5", True),
        (b"gzip;q=0", False),
        (b"gzipped", False),
        (b"gzip," * 1000, False),
    ],
)
def test_a_coding_is_taken_only_where_it_is_named(header: bytes | None, expected: bool) -> None:
    assert accepts(header, "gzip") is expected
