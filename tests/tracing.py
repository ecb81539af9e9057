"""The network addresses a process asks for, as strace sees them."""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
from pathlib import Path

import pytest

_CALLS = "connect,sendto,sendmsg,sendmmsg"
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


def tracer(output: Path) -> list[str]:
    """Stands before a command; the command keeps the process id that `Popen` knows."""
    return ["strace", "-D", "-f", "-qq", "--seccomp-bpf", "-e", f"trace={_CALLS}",
            "-o", str(output), "--"]  # fmt: skip


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
