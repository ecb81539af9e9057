"""docs/rollout.md, walked as a reader would, on a copy of the committed models."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contract.rollout import Rollout
from tests.conftest import MODELS, ROOT
from tests.http.test_rollout import until
from tests.server import Server, serve

PAGE = (ROOT / "docs" / "rollout.md").read_text()
START, ASK, PROMOTE = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
(TRAFFIC,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(SHOWN,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


def run(command: list[str], server: Server, folder: Path) -> str:
    address = server.url.removeprefix("http://")
    done = subprocess.run(
        [part.replace("127.0.0.1:3000", address) for part in command],
        cwd=folder, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.thorough
def test_the_walk_ends_with_a_promotion(tmp_path: Path) -> None:
    for name in ("digits-perceptron", "digits-cnn"):
        shutil.copytree(MODELS / name, tmp_path / "models" / name)
    models = str(tmp_path / "models")
    with serve(ROSENBLATT_MODELS_DIR=models, ROSENBLATT_PROVIDER="cpu") as server:
        assert run(["bash", "-c", START], server, tmp_path) == "{}"
        found: dict[str, Any] = {"verdict": ""}
        for _ in range(5):  # a busy machine drops more copies
            run([sys.executable, "-c", TRAFFIC], server, tmp_path)
            found = json.loads(run(["bash", "-c", ASK], server, tmp_path))
            if found["verdict"] != "undecided":
                break
        shown = json.loads(SHOWN)
        assert found["verdict"] == shown["verdict"] == "promote", found
        assert shown.keys() < found.keys()
        assert found["how"] == shown["how"]
        numbers = re.compile(r"[\d.]+")
        assert [numbers.sub("", one) for one in found["reasons"]] == [
            numbers.sub("", one) for one in shown["reasons"]
        ]
        assert run(["bash", "-c", PROMOTE], server, tmp_path) == "{}"

        def answers() -> str:
            with server.client() as client:
                document = {"model": "digits-perceptron", "instances": [[[0] * 28] * 28]}
                version: str = client.post("/predict", json=document).json()["version"]
                return version

        until(lambda: answers() == "2")


def test_every_field_is_on_the_page() -> None:
    """With its default."""
    rows = dict(re.findall(r"^\| (`.*?`) \| (.*?) \|", PAGE, re.MULTILINE))
    listed = {name: default for names, default in rows.items() for name in names.split(", ")}
    for name, field in Rollout.model_fields.items():
        assert f"`{name}`" in listed
        if isinstance(field.default, float):
            assert listed[f"`{name}`"] == f"{field.default:g}"
