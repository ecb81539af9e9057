"""The lock files: every package of the serving set, one version, the hash of each file."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from service.doctor.lock import locked
from tests.conftest import ROOT

REQUIREMENTS = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
HASHED = ("serve.txt", "extras.txt")
MACHINES = [
    {"sys_platform": system, "platform_machine": machine, "python_full_version": version,
     "implementation_name": "cpython", "platform_python_implementation": "CPython"}
    for system, machine in (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"))
    for version in ("3.11.9", "3.12.4", "3.13.1")
]  # fmt: skip


def versions(name: str, machine: dict[str, str]) -> dict[str, str]:
    """The version of each package on one kind of machine."""
    chosen: dict[str, str] = {}
    for line in locked(REQUIREMENTS / name):
        if line.applies(machine):
            assert line.name not in chosen, f"{line.name} twice"
            chosen[line.name] = line.version
    return chosen


@pytest.mark.parametrize("name", HASHED)
def test_every_requirement_is_one_version_with_hashes(name: str) -> None:
    """With one hash in the file, pip and uv ask for those of all."""
    lines = locked(REQUIREMENTS / name)
    assert len(lines) > 80
    for requirement, hashes in lines:
        (pin,) = requirement.specifier
        assert pin.operator == "==", requirement
        assert hashes, requirement
        for each in hashes:
            assert re.fullmatch(r"sha256:[0-9a-f]{64}", each), requirement


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: " ".join(machine.values())[:24])
def test_it_covers_what_the_project_asks_for(machine: dict[str, str]) -> None:
    serve = versions("serve.txt", machine)
    extras = [text for texts in PROJECT["optional-dependencies"].values() for text in texts]
    for texts, lock in (
        (PROJECT["dependencies"], serve),
        (extras, versions("extras.txt", machine)),
    ):
        for requirement in map(Requirement, texts):
            if requirement.marker is None or requirement.marker.evaluate(machine):
                assert lock[canonicalize_name(requirement.name)] in requirement.specifier
    assert len({"onnxruntime", "onnxruntime-gpu"} & set(serve)) == 1
    # One serving set, whatever stands beside it.
    for other in ("extras.txt", "dev.txt"):
        assert serve.items() <= versions(other, machine).items()


def test_a_file_with_another_hash_is_not_installed(tmp_path: Path) -> None:
    """Of a wheel that is made here, so that nothing is downloaded."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "tiny.py").write_text("")
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "tiny"\nversion = "1"\n[tool.setuptools]\npy-modules = ["tiny"]\n'
    )
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--quiet", "--no-build-isolation", "--wheel-dir", tmp_path, source],
        check=True, timeout=120, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    digest = subprocess.run(
        [*pip, "hash", wheel], check=True, timeout=60, capture_output=True, text=True
    ).stdout.split("sha256:")[1].strip()  # fmt: skip
    lock = tmp_path / "lock.txt"
    for right in (True, False):
        sha256 = digest if right else "0" * 64
        lock.write_text(f"tiny==1 --hash=sha256:{sha256}\n")
        done = subprocess.run(
            [*pip, "install", "--no-index", "--find-links", tmp_path, "--target",
             tmp_path / f"to-{right}", "-r", lock],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert (done.returncode == 0) == right, done.stderr
        assert ("THESE PACKAGES DO NOT MATCH THE HASHES" in done.stderr) != right
