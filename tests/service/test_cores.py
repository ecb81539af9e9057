"""Cores of this process, as its control groups have them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.cores import cores
from tests.conftest import ROOT
from tests.faults import fault

UNLIMITED = len(os.sched_getaffinity(0))


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{text}\n")
    return root


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"cpu.max": "150000 100000"}, 1),
        ({"cpu.max": "20000 100000"}, 1),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({}, None),
    ],
)
@fault("cgroups")
def test_cores_are_those_of_the_control_group(
    files: dict[str, str], limit: int | None, tmp_path: Path
) -> None:
    """Seen at the mount point, as in a container, whatever the host calls it."""
    found = cores(tree(tmp_path / "mounts", files), tree(tmp_path, {"own": "0::/a"}) / "own")
    assert found == (limit or UNLIMITED)


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 64 cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    ("own", "files", "limit"),
    [
        ("0::/a/b", {"a/b/cpu.max": "300000 100000"}, 3),
        ("0::/a/b", {"a/cpu.max": "200000 100000", "a/b/cpu.max": "900000 100000"}, 2),
        ("0::/a/b", {"a/cpu.max": "max 100000", "a/b/cpu.max": "500000 100000"}, 5),
        ("0::/a/b", {"a/b/cpu.max": "max 100000"}, 64),
        ("0::/../x", {"x/cpu.max": "300000 100000"}, 3),
        ("0::/other", {"a/cpu.max": "300000 100000"}, 64),
        ("0::/host/only", {"cpu.max": "400000 100000"}, 4),
        ("0::/a:b", {"a:b/cpu.max": "300000 100000"}, 3),
        ("0::/", {"unified/cpu.max": "300000 100000"}, 3),
        ("4:memory:/m\n2:cpu:/a/b\n0::/", {"cpu/a/cpu.cfs_quota_us": "200000"}, 2),
        ("3:cpu,cpuacct:/a", {"cpu,cpuacct/a/cpu.cfs_quota_us": "700000"}, 7),
        ("3:cpu,cpuacct:/host", {"cpu,cpuacct/cpu.cfs_quota_us": "600000"}, 6),
        ("3:cpuset:/a", {"cpuset/a/cpu.cfs_quota_us": "600000"}, 64),
        ("2:cpu:/a\n0::/", {"cpu/a/cpu.cfs_quota_us": "-1"}, 64),
        ("", {"cpu/cpu.cfs_quota_us": "800000"}, 8),
        ("nonsense\n::\n", {"cpu.max": "nonsense"}, 64),
    ],
)
@fault("cgroups")
def test_the_least_quota_of_the_nested_groups_binds(
    own: str, files: dict[str, str], limit: int, tmp_path: Path
) -> None:
    periods = {
        name.replace("quota", "period"): "100000" for name in files if name.endswith("quota_us")
    }
    mounts = tree(tmp_path / "mounts", files | periods)
    assert cores(mounts, tree(tmp_path, {"own": own}) / "own") == limit


@pytest.mark.usefixtures("many")
def test_without_such_files_it_is_the_affinity(tmp_path: Path) -> None:
    assert cores(tmp_path / "none", tmp_path / "none") == 64


@pytest.fixture
def group() -> Iterator[Path]:
    """A real cgroup of version 1 with a quota of one core, and one within it without."""
    outer = Path("/sys/fs/cgroup/cpu/rosenblatt-test")
    try:
        outer.mkdir()
        (outer / "cpu.cfs_quota_us").write_text("100000")
        (outer / "inner").mkdir()
    except OSError:
        pytest.skip("no cgroups of version 1 that this user may make")
    yield outer / "inner"
    (outer / "inner").rmdir()
    outer.rmdir()


@fault("cgroups")
def test_a_real_process_in_a_nested_group(group: Path) -> None:
    script = (
        "import os, sys; open(sys.argv[1], 'w').write(str(os.getpid()));"
        "from service.cores import cores; print(cores())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(group / "cgroup.procs")],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "1\n"
