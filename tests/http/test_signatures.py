"""A service that is given keys serves what they have signed, and refuses the rest by name."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.repository import entries
from service import sign
from service.errors import StartupError
from service.settings import Settings
from service.signatures import SIGNATURE_FILE, verifier
from tests.conftest import ROOT
from tests.faults import fault
from tests.repositories import tiny_model
from tests.server import free_port, serve

BODY = {"instances": np.zeros((1, 28, 28), int).tolist()}
TITLE = '"A tiny linear model"'


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service.sign", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "signing.pem"
    sign.make_key(path)
    return path


def public(key: Path) -> Path:
    return key.with_name(f"{key.name}.pub")


@pytest.fixture
def models(tmp_path: Path, key: Path) -> Path:
    """One signed version, and of others each kind that must be refused."""
    root, other = tmp_path / "models", tmp_path / "other.pem"
    sign.make_key(other)
    for name in ("signed", "changed", "replaced", "moved", "cut"):
        tiny_model(root, name)
    assert run("--key", key, root).returncode == 0
    tiny_model(root, "unsigned")
    stranger = tiny_model(root, "stranger")
    assert run("--key", other, stranger).returncode == 0
    manifest = root / "changed" / "1" / "manifest.json"
    text = manifest.read_text()
    assert TITLE in text
    manifest.write_text(text.replace(TITLE, '"A better model"'))
    # Another model, sound in itself, under the old signature; and a signature of another model.
    signature = (root / "replaced" / "1" / SIGNATURE_FILE).read_bytes()
    (tiny_model(root, "replaced", seed=7) / SIGNATURE_FILE).write_bytes(signature)
    shutil.copy(root / "signed/1" / SIGNATURE_FILE, root / "moved/1" / SIGNATURE_FILE)
    (root / "cut" / "1" / SIGNATURE_FILE).write_bytes(signature[:-1])
    # What must not be read: a pipe would wait for ever.
    piped, linked, long = (tiny_model(root, name) for name in ("piped", "linked", "long"))
    os.mkfifo(piped / SIGNATURE_FILE)
    (tmp_path / "outside").write_bytes(signature)
    (linked / SIGNATURE_FILE).symlink_to(tmp_path / "outside")
    (long / SIGNATURE_FILE).write_bytes(signature * 1_000)
    return root


def settings_of(models: Path, keys: Path) -> dict[str, Any]:
    return {
        "ROSENBLATT_MODELS_DIR": str(models),
        "ROSENBLATT_DEFAULT_MODEL": "signed",
        "ROSENBLATT_MODEL_KEYS": str(keys),
    }


@fault("damaged-artifacts")
def test_only_what_a_trusted_key_signed_is_served(models: Path, key: Path) -> None:
    with serve(**settings_of(models, public(key))) as server, server.client() as client:
        ready = client.get("/readyz").json()
        refused = {one["name"]: one["reason"] for one in ready["refused"]}
        assert client.post("/predict", json=BODY).status_code == 200
        for model in refused:
            assert client.post("/predict", json={"model": model, **BODY}).status_code == 503
    assert set(refused) == {
        "changed",
        "cut",
        "moved",
        "piped",
        "linked",
        "long",
        "replaced",
        "stranger",
        "unsigned",
    }
    assert "has no signature, and ROSENBLATT_MODEL_KEYS asks for one" in refused["unsigned"]
    assert "is no Ed25519 signature, which has 64 bytes" in refused["cut"]
    assert "is no regular file" in refused["piped"]
    assert "is a link that leads out of the repository" in refused["linked"]
    assert "has 64000 bytes; at most 4096 are read" in refused["long"]
    for model in ("changed", "moved", "replaced", "stranger"):
        assert "does not match its signature by any key of ROSENBLATT_MODEL_KEYS" in refused[model]


def test_without_keys_all_are_served(models: Path) -> None:
    """What the signatures refuse has no other fault."""
    settings = {"ROSENBLATT_MODELS_DIR": str(models), "ROSENBLATT_DEFAULT_MODEL": "unsigned"}
    with serve(**dict[str, Any](settings)) as server, server.client() as client:
        assert client.get("/readyz").json()["refused"] == []


@pytest.mark.thorough
def test_a_version_serves_once_it_is_signed_and_a_new_key_may_join(
    tmp_path: Path, key: Path
) -> None:
    """Two keys at a time, as when one follows another."""
    new, keys, root = tmp_path / "new.pem", tmp_path / "keys.pem", tmp_path / "models"
    sign.make_key(new)
    keys.write_text(f"old\n{public(key).read_text()}\nnew\n{public(new).read_text()}")
    assert run("--key", key, tiny_model(root, "signed")).returncode == 0
    version = tiny_model(root, "later")
    with serve(**settings_of(root, keys)) as server, server.client() as client:
        body = {"model": "later", **BODY}
        assert client.post("/predict", json=body).status_code == 503
        assert run("--key", new, version).returncode == 0
        os.kill(server.pid, signal.SIGHUP)
        deadline = time.monotonic() + 60
        while client.post("/predict", json=body).status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.2)


@fault("wrong-start")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "which cannot be read: No such file or directory"),
        ("no key\n", "which holds no public key in PEM"),
        (
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
            "which holds a public key that is not Ed25519",
        ),
    ],
)
def test_without_a_usable_key_it_does_not_start(
    tmp_path: Path, text: str | None, said: str
) -> None:
    keys = tmp_path / "keys.pem"
    if text is not None:
        keys.write_text(text)
    tiny_model(tmp_path / "models", "signed")
    done = subprocess.run(
        [sys.executable, "-m", "service.serve", "--port", str(free_port())],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, **settings_of(tmp_path / "models", keys)},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


def test_without_cryptography_it_says_what_to_install(
    key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(StartupError, match=r"not installed; install requirements/extras\.txt"):
        verifier(Settings(model_keys=public(key).with_name("other")))
    assert verifier(Settings()) is None


def test_openssl_makes_the_same_signature(tmp_path: Path, key: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    version = tiny_model(tmp_path / "models", "signed")
    assert run("--key", key, version).returncode == 0
    made = tmp_path / "made.sig"
    subprocess.run(
        [openssl, "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", version / "manifest.json",
         "-out", made],
        check=True, timeout=60,
    )  # fmt: skip
    assert made.read_bytes() == (version / SIGNATURE_FILE).read_bytes()


def test_a_damaged_version_is_not_signed(tmp_path: Path, key: Path) -> None:
    version = tiny_model(tmp_path / "models", "damaged")
    graph = version / "model.onnx"
    graph.write_bytes(graph.read_bytes() + b"\0")
    done = run("--key", key, version)
    assert done.returncode == 1
    assert "but its manifest says" in done.stderr
    assert not (version / SIGNATURE_FILE).exists()


def test_keys_are_private_and_never_replaced(key: Path) -> None:
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_bytes()
    done = run("--new-key", key)
    assert (done.returncode, done.stderr) == (
        1, f"error: {key}: File exists; name another file\n",
    )  # fmt: skip
    assert key.read_bytes() == before


def test_what_cannot_be_signed_is_one_line(tmp_path: Path, key: Path) -> None:
    version = tiny_model(tmp_path / "models", "signed")
    for arguments, said in (
        (("--key", public(key), version), "is no private Ed25519 key in PEM"),
        (("--key", tmp_path / "none.pem", version), "No such file or directory"),
        (("--key", key, tmp_path / "nowhere"), "is not a directory"),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert said in done.stderr
    assert run("--key", key).returncode == 2


def test_a_signature_changes_nothing_else(tmp_path: Path, key: Path) -> None:
    """The committed models could be signed as they are: no file of theirs is touched."""
    root = tmp_path / "models"
    tiny_model(root, "signed")
    (entry,) = entries(root)
    before = {path.name: path.read_bytes() for path in entry.path.iterdir()}
    assert run("--key", key, root).stdout == "signed signed version 1\n"
    after = {path.name: path.read_bytes() for path in entry.path.iterdir()}
    assert len(after.pop(SIGNATURE_FILE)) == 64
    assert after == before
    assert json.loads(after["manifest.json"])["name"] == "signed"
