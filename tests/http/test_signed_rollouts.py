"""Where signatures are required, a rollout.json chooses a version only if it is signed too."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from contract.repository import entries, read_manifest
from service import sign
from service.serving.plans import Plan, plan_of
from service.settings import Settings
from service.signatures import ROLLOUT_SIGNATURE_FILE, rollout_verifier
from tests.faults import fault
from tests.http.test_signatures import public, run
from tests.repositories import tiny_model, write_rollout


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "signing.pem"
    sign.make_key(path)
    return path


def plan(root: Path, name: str, key: Path) -> Plan | None:
    """What is carried out of a model's rollout.json; its three versions are loaded."""
    versions = {
        entry.version: read_manifest(entry) for entry in entries(root) if entry.name == name
    }
    return plan_of(root / name, versions, {}, rollout_verifier(Settings(model_keys=public(key))))


@pytest.fixture
def rollouts(tmp_path: Path) -> Path:
    """Two models in two versions, each with the same rollout.json."""
    for name in ("alpha", "beta"):
        for version in ("1", "2"):
            tiny_model(tmp_path / "models", name, version)
        write_rollout(tmp_path / "models", name)
    return tmp_path / "models"


def test_a_signed_rollout_is_carried_out(rollouts: Path, key: Path) -> None:
    assert "signed the rollout of beta" in run("--key", key, rollouts).stdout
    for name in ("alpha", "beta"):
        found = plan(rollouts, name, key)
        assert found is not None
        assert (found.stable, found.fault) == (1, "")
        assert found.rollout is not None


@fault("wrong-rollout")
@pytest.mark.parametrize("damage", ["unsigned", "changed", "moved", "other key", "pipe"])
def test_a_rollout_that_no_trusted_key_signed_is_not_carried_out_and_promotes_nothing(
    rollouts: Path, key: Path, damage: str
) -> None:
    file, signature = rollouts / "alpha/rollout.json", rollouts / "alpha" / ROLLOUT_SIGNATURE_FILE
    signed_by = key
    if damage == "other key":
        sign.make_key(signed_by := key.with_name("other.pem"))
    assert run("--key", signed_by, file, rollouts / "beta/rollout.json").returncode == 0
    if damage == "changed":
        write_rollout(rollouts, "alpha", mode="canary")
    elif damage == "moved":
        shutil.copy(rollouts / "beta" / ROLLOUT_SIGNATURE_FILE, signature)
    elif damage != "other key":
        signature.unlink()
        if damage == "pipe":
            os.mkfifo(signature)
    found = plan(rollouts, "alpha", key)
    assert found is not None
    assert (found.stable, found.rollout) == (1, None)
    assert found.fault.startswith("rollout.json")
    assert "rosenblatt sign" in found.fault
    assert str(rollouts) not in found.fault


def test_only_a_valid_rollout_is_signed(rollouts: Path, key: Path) -> None:
    file = rollouts / "alpha/rollout.json"
    file.write_text("{}")
    done = run("--key", key, file)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "rollout.json is not valid" in done.stderr
    assert not (rollouts / "alpha" / ROLLOUT_SIGNATURE_FILE).exists()
    file.unlink()
    assert "does not exist; name another file" in run("--key", key, file).stderr
