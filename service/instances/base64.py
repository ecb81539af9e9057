"""Base64 text of a PNG or JPEG to its bytes.

Taken are the standard alphabet with padding (RFC 4648, section 4), with line breaks or other white
space, and after the prefix of a data URL (RFC 2397) whose media type is the file's.
"""

from __future__ import annotations

import base64
import binascii
import re

from service.errors import InvalidError, Location
from service.instances.pictures import jpeg, png

_PREFIX = re.compile(r"data:([^,]{0,100});base64,", re.IGNORECASE)
_WHITE_SPACE = str.maketrans("", "", " \t\r\n")
# image/jpg is no registered type, but widespread.
_SIGNATURES = {
    "image/png": png.SIGNATURE,
    "image/jpeg": jpeg.SIGNATURE,
    "image/jpg": jpeg.SIGNATURE,
}


def decode_base64(text: str, where: str, loc: Location | None = None) -> bytes:
    """The bytes of a picture's text.

    Args:
        where: the name of the text, with which every message begins.
        loc: its place in the body.

    Raises:
        InvalidError: no base64, no padding, or a data URL of another media type.
    """
    try:
        # Nearly every text is plain base64.
        return base64.b64decode(text, validate=True)
    except ValueError:
        return _decode_variant(text, where, loc)


def _decode_variant(text: str, where: str, loc: Location | None) -> bytes:
    prefix = _PREFIX.match(text.lstrip())
    rest = text.lstrip()[prefix.end() :] if prefix else text
    try:
        data = base64.b64decode(rest.translate(_WHITE_SPACE), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidError(
            f"{where} is text but no base64 ({error}); send the bytes of a PNG or JPEG in the "
            "standard alphabet of base64, with padding",
            loc=loc,
        ) from error
    if prefix:
        _check_media_type(prefix[1].lower(), data, where, loc)
    return data


def _check_media_type(media_type: str, data: bytes, where: str, loc: Location | None) -> None:
    signature = _SIGNATURES.get(media_type)
    if signature is None:
        raise InvalidError(
            f"{where} is a data URL of type {media_type!r}; send image/png or image/jpeg", loc=loc
        )
    if not data.startswith(signature):
        raise InvalidError(
            f"{where} is a data URL of type {media_type}, but its bytes are not of that type",
            loc=loc,
        )
