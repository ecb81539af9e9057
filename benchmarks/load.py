"""Closed-loop load on loopback with wrk, for a limited time."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

JSON = {"content-type": "application/json"}
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True)
class Load:
    """The figures of one run; p50 and p99 are in milliseconds."""

    requests_per_second: float
    p50: float
    p99: float
    errors: int
    requests: int = 0


def closed_loop(
    url: str,
    bodies: Sequence[bytes],
    connections: int,
    seconds: int,
    headers: Mapping[str, str] = JSON,
) -> Load:
    """POST the bodies in turn, one request in flight per connection.

    A single body may be any bytes; several bodies must each be one line of text.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        sys.exit("wrk is not installed; on Debian: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "bodies"
        data.write_bytes(b"\n".join(bodies))
        script = Path(folder) / "post.lua"
        script.write_text(_script(data, len(bodies), headers))
        done = subprocess.run(
            [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), url],
            capture_output=True, text=True, check=True, timeout=seconds + 30,
        )  # fmt: skip
    return parse(done.stdout)


def _script(data: Path, count: int, headers: Mapping[str, str]) -> str:
    lines = ['wrk.method = "POST"']
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    if count == 1:
        # wrk then formats the request only once.
        lines += [f'wrk.body = io.open("{data}", "rb"):read("*a")']
    else:
        lines += [
            "local bodies, i = {}, 0",
            f'for line in io.lines("{data}") do bodies[#bodies + 1] = line end',
            "request = function()",
            "  i = i % #bodies + 1",
            "  return wrk.format(nil, nil, nil, bodies[i])",
            "end",
        ]
    return "\n".join(lines) + "\n"


def parse(text: str) -> Load:
    """Parse wrk's report."""

    def milliseconds(percentile: str) -> float:
        found = re.search(rf"{percentile}%\s+([\d.]+)(us|ms|s)", text)
        return float(found[1]) * _UNITS[found[2]] if found else float("nan")

    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    done = re.search(r"(\d+) requests in", text)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: (.*)", text)
    errors = int(bad[1]) if bad else 0
    errors += sum(map(int, re.findall(r"\d+", broken[1]))) if broken else 0
    return Load(
        float(rate[1]) if rate else 0.0,
        milliseconds("50"),
        milliseconds("99"),
        errors,
        int(done[1]) if done else 0,
    )
