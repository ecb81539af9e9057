"""Cores of this process, as its control groups have them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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


_JOIN = "import os, sys; open(sys.argv[1], 'w').write(str(os.getpid()));"
_PRINT = "from service.cores import cores; print(cores())"
_V1 = Path("/sys/fs/cgroup/cpu")


@contextmanager
def nested(hierarchy: Path) -> Iterator[tuple[Path, Path]]:
    """A control group and one within it, or a skip that says what is missing."""
    outer = hierarchy / f"rosenblatt-test-{os.getpid()}"
    inner = outer / "inner"
    try:
        outer.mkdir()
        inner.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made in {hierarchy}: {error.strerror}")
    try:
        yield outer, inner
    finally:
        inner.rmdir()
        outer.rmdir()


def cores_inside(group: Path) -> str:
    """What a process counts that has joined the group."""
    done = subprocess.run(
        [sys.executable, "-c", _JOIN + _PRINT, str(group / "cgroup.procs")],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


@fault("cgroups")
def test_a_real_process_in_a_nested_group_of_version_1() -> None:
    if not (_V1 / "tasks").exists():
        pytest.skip(f"{_V1} is no hierarchy of version 1")
    with nested(_V1) as (outer, inner):
        (outer / "cpu.cfs_quota_us").write_text("100000")
        assert cores_inside(inner) == "1\n"


def mounted_v2() -> Path:
    """Where control groups of version 2 are mounted, or a skip."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, folder, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(folder)
    pytest.skip("control groups of version 2 are not mounted")


@fault("cgroups")
def test_a_real_process_in_a_nested_group_of_version_2() -> None:
    """The kernel's own quota file, where version 2 has the CPU controller."""
    hierarchy = mounted_v2()
    if "cpu" not in (hierarchy / "cgroup.subtree_control").read_text().split():
        pytest.skip(f"{hierarchy} does not hand the CPU controller to groups within it")
    with nested(hierarchy) as (outer, inner):
        (outer / "cpu.max").write_text("100000 100000")
        assert cores_inside(inner) == "1\n"


@fault("cgroups")
def test_a_real_process_finds_the_quota_by_its_path_in_version_2() -> None:
    """The kernel names the nested group in /proc/self/cgroup; the quota's file is this test's.

    For where version 1 has the CPU controller: the process sees a file system in memory in place of
    the group's folders, which only it mounts.
    """
    private = ("unshare", "--mount")
    if (
        shutil.which("unshare") is None
        or subprocess.run([*private, "true"], check=False).returncode
    ):
        pytest.skip("this user may not make a mount namespace")
    with nested(mounted_v2()) as (outer, inner):
        for quota, counted in (("100000 100000", 1), ("max 100000", UNLIMITED)):
            mounts = (
                'echo $$ > "$1/cgroup.procs"; mount -t tmpfs none /sys/fs/cgroup; '
                f'mkdir -p "/sys/fs/cgroup/{outer.name}/inner"; '
                f'echo "{quota}" > "/sys/fs/cgroup/{outer.name}/cpu.max"; '
                f'exec "$2" -c "{_PRINT}"'
            )
            done = subprocess.run(
                [*private, "sh", "-ec", mounts, "sh", str(inner), sys.executable],
                cwd=ROOT, capture_output=True, text=True, check=True,
            )  # fmt: skip
            assert done.stdout == f"{counted}\n", quota
