"""rollout.json: what it may hold, and what can still be told from a broken one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from contract.errors import RolloutError
from contract.repository import entries
from contract.rollout import parse_rollout, read_rollout, stable_named, stable_version
from tests.repositories import tiny_model, write_rollout

SHADOW = {"rollout_version": 1, "mode": "shadow", "stable": "1", "candidate": "2"}


def parsed(**fields: Any) -> Any:
    return parse_rollout(json.dumps(SHADOW | fields).encode())


def test_a_rollout_has_the_share_of_its_mode() -> None:
    assert parsed().candidate_share == 1
    assert parsed(mode="canary").candidate_share == 0.1
    assert parsed(mode="canary", share=0.25).candidate_share == 0.25


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"candidate": "1"}, "stable and candidate are both '1'"),
        ({"mode": "canary", "share": 1}, "share of a canary is 1; it must be below 1"),
        ({"share": 0}, "share: Input should be greater than 0"),
        ({"mode": "blue"}, "mode: Input should be 'shadow' or 'canary'"),
        ({"stable": 1}, "stable: Input should be a valid string"),
        ({"candidate": "02"}, "candidate: String should match pattern"),
        ({"rollout_version": 2}, "rollout_version: Input should be 1"),
        ({"promote": True}, "promote: Extra inputs are not permitted"),
        ({"alpha": 0}, "alpha: Input should be greater than or equal to 0.000001"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(RolloutError, match=r"^rollout\.json is not valid: ") as caught:
        parsed(**fields)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", [b"", b"\xff", b"[1]", b'{"stable": "1",}', b"[" * 100_000])
def test_what_is_no_rollout_is_an_error(text: bytes) -> None:
    with pytest.raises(RolloutError, match=r"^rollout\.json is not valid: the document"):
        parse_rollout(text)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (b'{"stable": "3", "candidate": "4",}', 3),
        (b'{"rollout_version": 1, "stable" : 12, "candi', 12),
        (b'{"stable": "0"}', None),
        (b'{"stable": "1", "stable": "2"}', None),
        (b'{"candidate": "2"}', None),
        (b"", None),
    ],
)
def test_the_stable_version_of_a_broken_text_is_found(text: bytes, version: int | None) -> None:
    assert stable_named(text) == version


def test_only_a_small_file_is_read(tmp_path: Path) -> None:
    assert read_rollout(tmp_path) is None
    path = tmp_path / "rollout.json"
    os.mkfifo(path)
    with pytest.raises(RolloutError, match=r"^rollout.json cannot be read: it is no regular file"):
        read_rollout(tmp_path)
    path.unlink()
    path.write_bytes(b" " * 70_000)
    with pytest.raises(RolloutError, match="has 70000 bytes; at most 65536 are read"):
        read_rollout(tmp_path)
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(RolloutError, match=r"^rollout.json cannot be read"):
        read_rollout(tmp_path)


def test_a_link_out_of_the_repository_is_not_followed(tmp_path: Path) -> None:
    model, outside = tmp_path / "models" / "alpha", tmp_path / "rollout.json"
    model.mkdir(parents=True)
    outside.write_text('{"stable": "1"}')
    (model / "rollout.json").symlink_to(outside)
    with pytest.raises(RolloutError, match=r"^rollout.json is a link that leads out of the repos"):
        read_rollout(model)
    assert stable_version(model) is None
    (model / "kept.json").write_text('{"stable": "2"}')
    (model / "rollout.json").unlink()
    (model / "rollout.json").symlink_to("kept.json")  # as Kubernetes' volumes have it
    assert stable_version(model) == 2


def test_the_file_is_no_version_and_survives_another_one(tmp_path: Path) -> None:
    """Writers of versions leave it where it is, and readers do not take it for one."""
    tiny_model(tmp_path, "alpha", "1")
    text = write_rollout(tmp_path, "alpha").read_bytes()
    tiny_model(tmp_path, "alpha", "2", seed=1)
    tiny_model(tmp_path, "alpha", "1", seed=2)
    assert [entry.version for entry in entries(tmp_path)] == [1, 2]
    assert read_rollout(tmp_path / "alpha") == text
