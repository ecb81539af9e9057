"""API keys: made at random, kept as SHA-256, compared in constant time.

A key has 256 random bits, so a fast digest is enough: nothing shorter than the key can be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.errors import StartupError

_BYTES = 32
_PREFIX = "rsb_"
_ADMIN = "admin:"
_ENTRY = re.compile(rf"({_ADMIN})?([0-9a-f]{{64}})")
_ADVICE = "write `admin:` or nothing, then 64 hex digits, as `rosenblatt key` prints them"


@dataclass(frozen=True)
class ApiKey:
    """One accepted key.

    Attributes:
        digest: SHA-256 of the key.
        admin: whether it may load and unload models.
    """

    digest: bytes
    admin: bool = False


def new_key(*, admin: bool = False) -> tuple[str, str]:
    """A new random key, and the entry that makes the service accept it."""
    key = _PREFIX + secrets.token_urlsafe(_BYTES)
    return key, (_ADMIN if admin else "") + hashlib.sha256(key.encode()).hexdigest()


def read_keys(setting: str, file: Path | None) -> tuple[ApiKey, ...]:
    """The accepted keys of a setting and a file, both optional.

    Args:
        setting: entries separated by commas.
        file: one entry per line; `#` begins a comment.

    Raises:
        StartupError: the file cannot be read or is empty, or an entry is wrong. No entry is shown,
            since it may be a key instead of its digest.
    """
    keys = [
        _key(entry.strip(), f"ROSENBLATT_API_KEYS, entry {number},")
        for number, entry in enumerate(setting.split(","), 1)
        if entry.strip()
    ]
    return (*keys, *(_read_file(file) if file is not None else ()))


def _read_file(file: Path) -> list[ApiKey]:
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise StartupError(
            f"ROSENBLATT_API_KEYS_FILE {str(file)!r} cannot be read: {reason}"
        ) from error
    entries = [line.partition("#")[0].strip() for line in lines]
    keys = [
        _key(entry, f"ROSENBLATT_API_KEYS_FILE, line {number},")
        for number, entry in enumerate(entries, 1)
        if entry
    ]
    if not keys:
        raise StartupError(
            f"ROSENBLATT_API_KEYS_FILE {str(file)!r} has no entry; `rosenblatt key` makes one"
        )
    return keys


def _key(entry: str, where: str) -> ApiKey:
    found = _ENTRY.fullmatch(entry.lower())
    if found is None:
        raise StartupError(f"{where} is not the SHA-256 of a key; {_ADVICE}")
    return ApiKey(bytes.fromhex(found[2]), found[1] is not None)


def find_key(keys: Sequence[ApiKey], presented: bytes) -> ApiKey | None:
    """The accepted key that was presented, or None; takes as long whichever it is."""
    digest = hashlib.sha256(presented).digest()
    found = None
    for key in keys:
        if hmac.compare_digest(key.digest, digest):
            found = key
    return found
