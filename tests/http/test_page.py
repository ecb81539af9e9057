"""The page and its files, from a real server: types, caching, policy, size, and no other host."""

from __future__ import annotations

import gzip
import re
import tomllib
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT

WEB = ROOT / "service" / "web"
FILES = sorted(p.name for p in WEB.iterdir() if p.suffix in {".html", ".css", ".js", ".svg"})
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
MOST_BYTES = 120_000
MOST_LINES = 250
SENT = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


def paths() -> list[str]:
    return ["/", "/docs", *(f"/web/{name}" for name in FILES)]


@pytest.mark.parametrize("path", paths())
def test_every_file_has_its_type_and_the_strict_headers(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == 200
    kind = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    assert answer.headers["content-type"].startswith(kind.get(Path(path).suffix, "text/html"))
    assert {name: answer.headers[name] for name in SENT} == SENT
    directives = answer.headers["content-security-policy"].split("; ")
    assert dict(d.split(" ", 1) for d in directives) == POLICY


@pytest.mark.parametrize("path", paths())
def test_a_copy_is_revalidated(client: httpx.Client, path: str) -> None:
    first = client.get(path, headers=BROWSER)
    known = {**BROWSER, "if-none-match": f'"other", W/{first.headers["etag"]}'}
    again = client.get(path, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert "content-type" not in again.headers
    assert client.get(path, headers={**BROWSER, "if-none-match": '"other"'}).status_code == 200


def test_a_file_is_compressed_for_those_who_take_it(client: httpx.Client) -> None:
    plain = client.get("/web/page.css", headers={"accept-encoding": "identity"})
    assert plain.content == (WEB / "page.css").read_bytes()
    assert "content-encoding" not in plain.headers
    with client.stream("GET", "/web/page.css", headers={"accept-encoding": "gzip"}) as packed:
        sent = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["etag"] != plain.headers["etag"]
    assert gzip.decompress(sent) == plain.content


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/models/digits-cnn"])
def test_long_documents_that_the_views_read_are_compressed(client: httpx.Client, path: str) -> None:
    plain = client.get(path, headers={"accept-encoding": "identity"})
    with client.stream("GET", path, headers={"accept-encoding": "gzip"}) as packed:
        sent = b"".join(packed.iter_raw())
    assert len(sent) < 0.6 * len(plain.content)
    assert gzip.decompress(sent) == plain.content
    assert "accept-encoding" in packed.headers["vary"]


@pytest.mark.parametrize("path", ["/", "/docs"])
@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (BROWSER["accept"], True),
        ("text/html", True),
        ("text/*", True),
        ("*/*", False),
        ("application/json", False),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0.4, application/*;q=0.3", True),
        ("image/png", False),
        ("text/html;q=what", False),
        (None, False),
    ],
)
def test_browsers_get_html_and_others_the_routes(
    client: httpx.Client, path: str, accept: str | None, html: bool
) -> None:
    request = client.build_request("GET", path)
    request.headers.pop("accept")
    if accept is not None:
        request.headers["accept"] = accept
    answer = client.send(request)
    assert answer.headers["content-type"].startswith("text/html" if html else "application/json")
    assert "accept" in answer.headers["vary"]
    if not html:
        assert {r["path"] for r in answer.json()["routes"]} >= {"/predict", "/docs", "/web/{file}"}


def test_every_file_is_in_the_wheel() -> None:
    """Setuptools packs only Python files unless told otherwise."""
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    for package, patterns in packed["package-data"].items():
        folder = ROOT / package.replace(".", "/")
        rest = {p.name for p in folder.iterdir() if p.is_file() and p.suffix != ".py"}
        assert rest == {p.name for pattern in patterns for p in folder.glob(pattern)}


def test_an_unknown_file_is_not_found(client: httpx.Client) -> None:
    for name in ("nothing.js", "__init__.py", "..%2f__init__.py"):
        answer = client.get(f"/web/{name}")
        assert answer.status_code == 404
        assert "error" in answer.json()


def test_the_whole_page_is_small(client: httpx.Client) -> None:
    """All files of all views together, before compression."""
    assert sum((WEB / name).stat().st_size for name in FILES) <= MOST_BYTES


@pytest.mark.parametrize("name", FILES)
def test_files_are_short_and_name_no_other_host(name: str) -> None:
    text = (WEB / name).read_text()
    assert len(text.splitlines()) <= MOST_LINES
    hosts = set(re.findall(r"https?://[\w.-]+", text)) - {"http://www.w3.org"}
    assert not hosts


@pytest.mark.parametrize("name", [n for n in FILES if n.endswith((".html", ".js"))])
def test_what_a_file_asks_for_is_there(name: str) -> None:
    text = (WEB / name).read_text()
    asked = re.findall(r"""(?:from|import\() ?["']\./([\w.]+)["']|["']web/([\w.]+)["']""", text)
    assert {a or b for a, b in asked} <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_addresses_are_relative(name: str) -> None:
    """So the page works behind a proxy that serves it below a prefix."""
    text = (WEB / name).read_text()
    assert not re.search(r"""(?:href|src|from|import\()[=:( ]*["'`]/""", text)


@pytest.mark.parametrize("name", [n for n in FILES if n.endswith(".html")])
def test_no_document_has_inline_script_or_style(name: str) -> None:
    text = (WEB / name).read_text()
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", text)
