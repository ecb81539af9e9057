"""`rosenblatt sign`, or `python -m service.sign`: sign model versions and rollouts, or make a key.

Exit status: 0 done, 1 a version fails its audit or a file cannot be used, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contract.errors import ContractError, RepositoryError, RolloutError
from contract.manifest import MANIFEST_FILE
from contract.repository import Entry, audit, entries, read_file
from contract.rollout import ROLLOUT_FILE, parse_rollout, read_rollout
from service.errors import StartupError
from service.signatures import (
    ROLLOUT_SIGNATURE_FILE,
    SIGNATURE_FILE,
    require_cryptography,
    signed_rollout,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def main(arguments: Sequence[str] | None = None) -> int:
    """Sign, or make a key; the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if (options.new_key is None) == (options.key is None or not options.paths):
        parser.error("give --new-key, or --key and what to sign")
    try:
        require_cryptography("rosenblatt sign")
        if options.new_key is not None:
            make_key(options.new_key)
        else:
            _sign_all(options.paths, _private_key(options.key))
    except (ContractError, StartupError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"error: {error.filename}: {error.strerror}; name another file\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rosenblatt sign",
        description="Sign model versions and rollouts with an Ed25519 key, for a service that is "
        "given the public key in ROSENBLATT_MODEL_KEYS. Each is audited before it is signed.",
    )
    parser.add_argument(
        "--new-key", type=Path, metavar="FILE", help="make a key: FILE, and FILE.pub to publish"
    )
    parser.add_argument("--key", type=Path, metavar="FILE", help="the private key to sign with")
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        help=f"versions (models/NAME/1), rollouts (models/NAME/{ROLLOUT_FILE}), or whole "
        "repositories with all of both",
    )
    return parser


def make_key(path: Path) -> None:
    """Write a new private key, which only its owner may read, and its public key beside it.

    Raises:
        OSError: one of the two exists already, or cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    published = path.with_name(f"{path.name}.pub")
    for target, data, mode in ((path, private, 0o600), (published, public, 0o644)):
        with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
            file.write(data)
    sys.stdout.write(f"private key {path}, to keep; public key {published}, to publish\n")


def _private_key(path: Path) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise StartupError(
            f"{path} is no private Ed25519 key in PEM without a password; "
            "`rosenblatt sign --new-key` makes one"
        )
    return key


def _sign_all(paths: Sequence[Path], key: Ed25519PrivateKey) -> None:
    for path in paths:
        versions = [] if path.name == ROLLOUT_FILE else _versions(path)
        for entry in versions:
            sign(entry, key)
            sys.stdout.write(f"signed {entry}\n")
        for model in _models_with_rollout(path):
            sign_rollout(model, key)
            sys.stdout.write(f"signed the rollout of {model.name}\n")


def _models_with_rollout(path: Path) -> list[Path]:
    """The folders of the models whose rollout a path stands for: one, or all of a repository."""
    if path.name == ROLLOUT_FILE:
        return [path.absolute().parent]
    return sorted(file.parent for file in path.resolve().glob(f"*/{ROLLOUT_FILE}"))


def _versions(folder: Path) -> list[Entry]:
    """The version of a folder, or all versions of a repository."""
    folder = folder.resolve()
    if not (folder / MANIFEST_FILE).exists():
        return entries(folder)
    for entry in entries(folder.parent.parent, lambda _: None):
        if entry.path == folder:
            return [entry]
    raise RepositoryError(f"{folder} is no version; a version's folder is NAME/NUMBER")


def sign(entry: Entry, key: Ed25519PrivateKey) -> None:
    """Audit a version and every file of it, and sign the manifest that was read.

    Raises:
        ContractError: the version fails its audit.
    """
    read: list[bytes] = []
    manifest = audit(entry, verify=lambda _, text: read.append(text)).manifest
    for record in manifest.files.values():
        read_file(entry, record)
    _write(entry.path / SIGNATURE_FILE, key.sign(read[0]))


def sign_rollout(folder: Path, key: Ed25519PrivateKey) -> None:
    """Check the rollout.json of a model, and sign it together with the model's name.

    Raises:
        ContractError: there is none, or it is not valid.
    """
    text = read_rollout(folder)
    if text is None:
        raise RolloutError(f"{folder / ROLLOUT_FILE} does not exist; name another file")
    parse_rollout(text)
    _write(folder / ROLLOUT_SIGNATURE_FILE, key.sign(signed_rollout(folder.name, text)))


def _write(target: Path, signature: bytes) -> None:
    """Write a file that is hidden until it is whole: a server may follow the folder."""
    unfinished = target.with_name(f".{target.name}")
    unfinished.write_bytes(signature)
    unfinished.replace(target)


if __name__ == "__main__":
    sys.exit(main())
