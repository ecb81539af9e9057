"""The page: the files of `service/web/` as they lie there, under a strict security policy."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from contract.messages import short
from service.errors import NotFoundError
from service.http.kernel.messages import Reply, Request
from service.http.kernel.operation import Response
from service.http.kernel.route import Route
from service.http.kernel.static import StaticFile

HTML = "text/html"
CONTENT_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "html": "text/html; charset=utf-8",
        "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
    }
)
# Nothing is loaded from, sent to or framed by another host.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "vary": "accept, accept-encoding",
    }
)
# Of a page or file.
READ_HEADERS = {"If-None-Match": Annotated[str, Field(description="An entity tag, to revalidate.")]}
NOT_MODIFIED = {304: Response("The client's copy is current.", {})}


class Web:
    """Every file of the page, read once."""

    def __init__(self) -> None:
        self._files = {
            found.name: _file(found.name, found.read_bytes())
            for found in files("service.web").iterdir()
            if found.name.rpartition(".")[2] in CONTENT_TYPES
        }

    def page(self, name: str) -> StaticFile:
        """A whole HTML document."""
        return self._files[f"{name}.html"]

    def route(self) -> Route:
        """The files that the documents ask for."""
        return Route(
            "GET",
            "/web/{file}",
            self._show,
            summary="a file of the page",
            public=True,
            parameters={
                "file": Annotated[str, Field(description="Its name.", examples=["page.css"])]
            },
            headers=READ_HEADERS,
            responses={
                200: Response(
                    "The file.", {t.partition(";")[0]: bytes for t in CONTENT_TYPES.values()}
                ),
                **NOT_MODIFIED,
            },
            errors=(NotFoundError,),
        )

    async def _show(self, request: Request) -> Reply:
        name = request.parameters["file"]
        if name not in self._files:
            raise NotFoundError(f"the page has no file {short(name)}")
        return self._files[name].reply(request)


def _file(name: str, body: bytes) -> StaticFile:
    return StaticFile(body, CONTENT_TYPES[name.rpartition(".")[2]], HEADERS)
