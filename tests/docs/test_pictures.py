"""docs/pictures.md: its example is answered as shown, and its warning is the real one."""

from __future__ import annotations

import json
import re
import subprocess

import httpx
import numpy as np
from PIL import Image

from tests.conftest import ROOT
from tests.server import Server

PAGE = (ROOT / "docs" / "pictures.md").read_text()
EXAMPLES = ROOT / "docs" / "examples"


def shown(field: str) -> str:
    (block,) = re.findall(rf'```json\n("{field}".*?)\n```', PAGE, re.DOTALL)
    return str(block)


def test_the_photograph_is_answered_as_shown(server: Server) -> None:
    (command,) = re.findall(r"```bash\n(curl.*?)```", PAGE, re.DOTALL)
    done = subprocess.run(
        ["bash", "-c", command.replace("127.0.0.1:3000", server.url.removeprefix("http://"))],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    assert shown("fitted") in done.stdout
    assert json.loads(done.stdout)["predictions"][0]["label"] == "7"


def test_the_warning_is_the_real_one(server: Server) -> None:
    dark = 255 - np.asarray(Image.open(EXAMPLES / "seven.png"))
    answer = httpx.post(f"{server.url}/predict", json={"instances": [dark.tolist()]})
    assert shown("warnings") in answer.text
