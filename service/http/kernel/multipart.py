"""`multipart/form-data` bodies in memory: a file and text fields, each at most once."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Collection

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from contract.messages import short
from service.errors import InvalidError, MalformedError

# Text fields hold facts and names, not data.
_TEXT_BYTES = 64 * 1024


class _InMemoryParser(MultiPartParser):
    """Starlette's parser without temporary files; `complete` tells a whole form from a cut one."""

    spool_max_size = sys.maxsize
    complete = False

    def on_end(self) -> None:
        """Called at the closing boundary."""
        super().on_end()
        self.complete = True


async def parse_form(
    body: bytes, content_type: str, file: str, texts: Collection[str]
) -> tuple[bytes, dict[str, str]]:
    """Parse a form.

    Args:
        body: the whole body.
        content_type: the header, with the boundary.
        file: name of the field that holds the file.
        texts: names of the text fields, all optional.

    Returns:
        The file's bytes, and the text fields that were sent.

    Raises:
        MalformedError: the form cannot be parsed, or a field is given twice.
        InvalidError: the file is missing, a field is unknown, or text was sent as a file.
    """
    found: dict[str, str | bytes] = {}
    for name, value in await _items(body, content_type):
        if name != file and name not in texts:
            known = ", ".join([file, *texts])
            raise InvalidError(
                f"field {short(name)} is unknown; the fields are {known}", loc=[name]
            )
        if name in found:
            raise MalformedError(f"field {name} is given twice; give it once", loc=[name])
        found[name] = value
    data = found.pop(file, None)
    if not isinstance(data, bytes):
        raise InvalidError(
            f"{file} is {'text' if data else 'missing'}; send a file, as curl -F {file}=@data.csv "
            "does",
            loc=[file],
        )
    return data, {name: _text(name, value) for name, value in found.items()}


async def _items(body: bytes, content_type: str) -> list[tuple[str, str | bytes]]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body
        yield b""

    if "boundary=" not in content_type.lower():
        raise MalformedError(
            f"content-type is {content_type!r}; send multipart/form-data with its boundary"
        )
    # Only the boundary is passed on: Starlette would decode by any charset a client names.
    boundary = next(p for p in content_type.split(";") if "boundary=" in p.lower()).strip()
    headers = Headers({"content-type": f"multipart/form-data; {boundary}"})
    parser = _InMemoryParser(
        headers, stream(), max_files=8, max_fields=8, max_part_size=_TEXT_BYTES
    )
    try:
        form = await parser.parse()
    except (MultiPartException, UnicodeError, KeyError, ValueError) as error:
        what = getattr(error, "message", None) or "it has no readable parts"
        raise MalformedError(f"the form cannot be read: {what}") from error
    if body and not parser.complete:
        await form.close()
        raise MalformedError("the form ends before its closing boundary; send it whole")
    try:
        return [
            (name, await value.read() if isinstance(value, UploadFile) else value)
            for name, value in form.multi_items()
        ]
    finally:
        await form.close()


def _text(name: str, value: str | bytes) -> str:
    if isinstance(value, bytes):
        raise InvalidError(f"{name} is sent as a file; send it as a text field", loc=[name])
    return value
