"""The command that is printed can be pasted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from training.shell import rosenblatt


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the commands of a virtual environment below the current folder."""
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    command = folder / "rosenblatt"
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    return folder


def test_a_command_off_the_path_is_named_by_its_own(environment: Path) -> None:
    assert rosenblatt() == ".venv/bin/rosenblatt"
    assert Path(rosenblatt()).exists()


def test_a_command_on_the_path_is_named_alone(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(environment))
    assert rosenblatt() == "rosenblatt"


def test_a_far_command_is_named_in_full(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/usr/bin")
    assert rosenblatt().endswith(".venv/bin/rosenblatt")
    assert Path(rosenblatt()).exists()
