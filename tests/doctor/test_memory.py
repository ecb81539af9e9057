"""What control groups grant, of both versions, from the innermost to the root."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.doctor.memory import available

MIB = 2**20


def group(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (folder / name.replace("__", ".")).write_text(f"{value}\n")


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own"
    path.write_text(text)
    return path


def test_the_tightest_group_of_version_2_counts(tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    group(mount / "pod", memory__max=100 * MIB, memory__current=40 * MIB)
    group(mount / "pod" / "box", memory__max="max", memory__current=9 * MIB)
    assert available(mount, own(tmp_path, "0::/pod/box\n")) == 60 * MIB


def test_version_1_has_a_hierarchy_of_memory(tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    group(
        mount / "memory" / "box",
        memory__limit_in_bytes=50 * MIB, memory__usage_in_bytes=60 * MIB,
    )  # fmt: skip
    text = "3:cpu,cpuacct:/none\n2:memory:/box\n"
    assert available(mount, own(tmp_path, text)) == 0


@pytest.mark.parametrize("text", ["0::/\n", "0::/../elsewhere\n"])
def test_within_a_container_the_limit_is_at_the_mount(tmp_path: Path, text: str) -> None:
    mount = tmp_path / "mount"
    group(mount, memory__max=10 * MIB, memory__current=MIB)
    assert available(mount, own(tmp_path, text)) == 9 * MIB


def test_without_groups_the_machine_counts(tmp_path: Path) -> None:
    free = available(tmp_path, tmp_path / "none")
    assert free is None or free > MIB
