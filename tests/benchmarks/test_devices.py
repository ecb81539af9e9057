"""What nvidia-smi says of a GPU, and that a figure is never made up without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.devices import card, memory_used

# Answers as nvidia-smi does.
_SMI = """#!/bin/sh
case "$1" in
  --query-gpu=name,driver_version) echo "NVIDIA H200, 580.159.04" ;;
  --query-gpu=memory.used) echo "{used}" ;;
esac
"""


def fake_smi(folder: Path, used: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = folder / "nvidia-smi"
    tool.write_text(_SMI.replace("{used}", used))
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_a_gpu_is_named_and_its_memory_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_smi(tmp_path, "2000 MiB", monkeypatch)
    assert card() == ("NVIDIA H200", "580.159.04")
    assert memory_used() == 2097  # MB, as all other figures of memory


@pytest.mark.parametrize("used", ["", "[N/A]"])
def test_unknown_memory_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, used: str
) -> None:
    fake_smi(tmp_path, used, monkeypatch)
    with pytest.raises(RuntimeError, match="does not say how much memory"):
        memory_used()


def test_without_nvidia_smi_the_card_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert card() == ("unknown", "unknown")
    with pytest.raises(RuntimeError, match="does not say how much memory"):
        memory_used()
