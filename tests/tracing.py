"""The network addresses a process asks for and the files it writes, as strace sees them."""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
from pathlib import Path

import pytest

_CALLS = "connect,sendto,sendmsg,sendmmsg"
# Those that make, change or remove a file by its path; of `open`, what opens it for writing.
_FILE_CALLS = (
    "open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,rmdir,rename,renameat,renameat2,unlink,"
    "unlinkat,link,linkat,symlink,symlinkat,truncate"
)
_WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_TMPFILE")
_CALL = re.compile(r"^\d+ +(\w+)\(")
# The folder of a relative path, if strace knows it, and the path.
_PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
_ADDRESS = re.compile(
    r'sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"', re.DOTALL
)
_NAME_SERVICE = 53


def require_strace() -> None:
    """Skip without strace; fail where the tests' requirements must be there."""
    if shutil.which("strace"):
        return
    if os.environ.get("ROSENBLATT_REQUIRE_DATA"):
        pytest.fail("strace is missing; `apt-get install strace` installs it")
    pytest.skip("strace is missing; `apt-get install strace` installs it")


def tracer(output: Path, *, files: bool = False) -> list[str]:
    """Stands before a command; the command keeps the process id that `Popen` knows.

    Args:
        output: where strace writes.
        files: trace what is written to disk as well.
    """
    calls = f"{_CALLS},{_FILE_CALLS}" if files else _CALLS
    folders = ["-y"] if files else []
    return ["strace", "-D", "-f", "-qq", *folders, "-s", "4096", "--seccomp-bpf",
            "-e", f"trace={calls}", "-o", str(output), "--"]  # fmt: skip


def outside(output: Path) -> list[str]:
    """The calls that name an address beyond this machine or a name server, in order."""
    if not output.exists():
        return []
    return [line for line in output.read_text(errors="replace").splitlines() if _leaves(line)]


def _leaves(line: str) -> bool:
    for port, address in _ADDRESS.findall(line):
        if int(port) == _NAME_SERVICE or not ipaddress.ip_address(address).is_loopback:
            return True
    return False


def written(output: Path, cwd: Path) -> set[Path]:
    """The paths that are made, opened for writing, renamed or removed, with success or not.

    Args:
        output: of `tracer(..., files=True)`.
        cwd: the folder of relative paths in calls that do not name theirs.
    """
    found = set()
    for line in output.read_text(errors="replace").splitlines():
        call = _CALL.match(line)
        if call is None or call[1] in _CALLS.split(","):
            continue
        if call[1].startswith("open") and not _WRITES.search(line):
            continue
        asked = line.partition(") = ")[0]
        found |= {
            Path(os.path.normpath(cwd / folder / path)) for folder, path in _PATH.findall(asked)
        }
    return found
