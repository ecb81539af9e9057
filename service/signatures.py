"""Signatures of model versions and rollouts: Ed25519 (RFC 8032).

A version is signed over the bytes of its manifest.json, which holds the SHA-256 of every file. A
rollout is signed over its model's name and the bytes of its rollout.json. The signature lies beside
the file, in `manifest.json.sig` or `rollout.json.sig`: 64 bytes, as `openssl pkeyutl -sign -rawin`
writes them. Keys are PEM files, which OpenSSL reads and writes too. The cryptography package is
imported only if ROSENBLATT_MODEL_KEYS is set (docs/decisions/0055).
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from contract.errors import ArtifactError, SignatureError
from contract.files import read_inside
from contract.manifest import MANIFEST_FILE
from contract.repository import Entry, Verify
from contract.rollout import ROLLOUT_FILE, VerifyRollout
from service.errors import StartupError
from service.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNATURE_FILE = f"{MANIFEST_FILE}.sig"
ROLLOUT_SIGNATURE_FILE = f"{ROLLOUT_FILE}.sig"
SIGNATURE_BYTES = 64
# A longer file is not read.
_MOST_BYTES = 4096
_SETTING = "ROSENBLATT_MODEL_KEYS"
_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)


def verifier(settings: Settings) -> Verify | None:
    """The check of every manifest; None if versions need no signature.

    Raises:
        StartupError: there is no key in the file, or the cryptography package is missing.
    """
    if settings.model_keys is None:
        return None
    keys = _keys(settings.model_keys)

    def verify(entry: Entry, manifest: bytes) -> None:
        _check(entry.path / MANIFEST_FILE, entry.root, manifest, keys)

    return verify


def rollout_verifier(settings: Settings) -> VerifyRollout | None:
    """The check of every rollout.json; None if rollouts need no signature.

    Raises:
        StartupError: as `verifier`.
    """
    if settings.model_keys is None:
        return None
    keys = _keys(settings.model_keys)

    def verify(folder: Path, text: bytes) -> None:
        signed = signed_rollout(folder.name, text)
        _check(folder / ROLLOUT_FILE, folder.parent, signed, keys)

    return verify


def signed_rollout(model: str, text: bytes) -> bytes:
    """The bytes that are signed for a rollout.json.

    Unlike a manifest, the file does not name its model: without the name, the signed rollout of one
    model could be copied to another.
    """
    return f"{model}\n".encode() + text


def _check(path: Path, root: Path, signed: bytes, keys: tuple[Ed25519PublicKey, ...]) -> None:
    """Check that one of the keys has signed these bytes.

    Args:
        path: of the signed file.
        root: the repository.

    Raises:
        SignatureError: none has, or there is no signature.
    """
    from cryptography.exceptions import InvalidSignature

    signature = _signature(path, root)
    for key in keys:
        try:
            return key.verify(signature, signed)
        except InvalidSignature:
            continue
    raise SignatureError(
        f"{path} does not match its signature by any key of {_SETTING}: it "
        "was changed after it was signed, or signed with another key; restore it, or check it and "
        "sign it with `rosenblatt sign`"
    )


def _signature(signed: Path, root: Path) -> bytes:
    """The signature beside a file."""
    path = signed.with_name(f"{signed.name}.sig")
    if not os.path.lexists(path):
        raise SignatureError(
            f"{signed} has no signature, and {_SETTING} asks for one; check the file and sign it "
            "with `rosenblatt sign`"
        )
    try:
        signature = read_inside(path, root, most=_MOST_BYTES)
    except ArtifactError as error:
        raise SignatureError(
            f"{error}; or check {signed.name} and sign it again with `rosenblatt sign`"
        ) from error
    if len(signature) != SIGNATURE_BYTES:
        raise SignatureError(
            f"{path} is no Ed25519 signature, which has {SIGNATURE_BYTES} bytes; sign again with "
            "`rosenblatt sign`"
        )
    return signature


@lru_cache(maxsize=1)
def _keys(path: Path) -> tuple[Ed25519PublicKey, ...]:
    """The public keys of a file, once per process.

    Raises:
        StartupError: it has none, or one of another kind, or there is no cryptography package.
    """
    require_cryptography(_SETTING)
    try:
        blocks = _PEM.findall(path.read_bytes())
    except OSError as error:
        raise StartupError(
            f"{_SETTING} is {str(path)!r}, which cannot be read: {error.strerror or error}; name a "
            "file of public keys, or unset it"
        ) from error
    if not blocks:
        raise StartupError(
            f"{_SETTING} is {str(path)!r}, which holds no public key in PEM; "
            "`rosenblatt sign --new-key` makes one"
        )
    return tuple(_public_key(path, block) for block in blocks)


def _public_key(path: Path, block: bytes) -> Ed25519PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(block)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise StartupError(
            f"{_SETTING} is {str(path)!r}, which holds a public key that is not Ed25519; "
            "`rosenblatt sign --new-key` makes one that is"
        )
    return key


def require_cryptography(what: str) -> None:
    """Check that signatures can be made and checked.

    Raises:
        StartupError: the cryptography package is not installed.
    """
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise StartupError(
            f"{what} needs the package cryptography, which is not installed; install "
            "requirements/extras.txt"
        ) from error
