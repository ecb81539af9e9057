"""docs/protocol.md: its examples run and answer what it shows; its routes exist."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise

import httpx
import numpy as np
from PIL import Image

from service.protocol.binary import HEADER
from tests.conftest import ROOT
from tests.server import Server

PAGE = (ROOT / "docs" / "protocol.md").read_text()
BLOCKS: list[tuple[str, str]] = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)


def run(command: list[str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30, errors="replace"
    )
    return done.stdout


def test_the_curl_examples_answer_what_is_shown(server: Server) -> None:
    address = server.url.removeprefix("http://")
    shown = [
        (command, answer.strip().split("...")[0].removesuffix("["))
        for (language, command), (_, answer) in pairwise(BLOCKS)
        if language == "bash"
    ]
    assert len(shown) == 3
    for command, answer in shown:
        told = run(["bash", "-o", "pipefail", "-c", command.replace("127.0.0.1:3000", address)])
        assert told.startswith(answer), told


def test_the_python_example(server: Server) -> None:
    (code,) = [text for language, text in BLOCKS if language == "python"]
    told = run(
        [sys.executable, "-c", code.replace("127.0.0.1:3000", server.url.removeprefix("http://"))]
    )
    first, *classes, counted = told.splitlines()
    assert (first, counted) == ("7 example", "True")
    assert len(classes) == 3
    assert classes[0].endswith(":7:7")


def test_the_routes_exist(server: Server) -> None:
    rows = re.findall(r"^\| (`(?:GET|POST) /.*?) \|", PAGE, re.MULTILINE)
    assert len(rows) == 10
    with server.client() as client:
        # Loading and unloading, which tests/supervisor do, would change what other tests need.
        for row in (row for row in rows if "/load" not in row):
            method = row[1:].split()[0]
            for path in re.findall(r"(/v2[^`]*)`", row):
                for version in ("", "/versions/1") if "/v2/models/{m}" in path else ("",):
                    found = path.replace("{m}", f"digits-cnn{version}")
                    assert client.request(method, found).status_code in (200, 400), found


def test_the_limit_of_rows_is_the_settings(server: Server) -> None:
    (limit,) = re.findall(r"1 to ([\d,]+) rows", PAGE)
    rows = int(limit.replace(",", ""))
    for n, status in ((rows, 200), (rows + 1, 413)):
        answer = httpx.post(
            f"{server.url}/v2/models/digits-perceptron/infer",
            content=bytes(784 * n),
            headers={HEADER: "0"},
        )
        assert answer.status_code == status


def test_the_examples_are_the_same_seven() -> None:
    folder = ROOT / "docs/examples"
    pixels = np.asarray(Image.open(folder / "seven.png"))
    assert (folder / "seven.raw").read_bytes() == pixels.tobytes()
    (tensor,) = json.loads((folder / "seven.v2.json").read_text())["inputs"]
    assert tensor["data"] == [pixels.tolist()]
