"""The image: built, run as a careful operator would, used from inside, and stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.image import main
from scripts.image_engine import EngineError, find
from scripts.image_page import BARS
from tests.conftest import ROOT
from tests.tracing import require_strace

BUILD_SECONDS = 900


def require_engine() -> None:
    """Skip without a container engine; fail where one is required."""
    try:
        find()
    except EngineError as error:
        if os.environ.get("ROSENBLATT_REQUIRE_CONTAINER"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.mark.slow
def test_the_image_serves_and_stops(tmp_path: Path) -> None:
    """`make image`, on a base from Debian's packages, which needs no registry."""
    require_engine()
    results = tmp_path / "image.json"
    done = subprocess.run(
        ["make", "image", "BASE=debian", f"RESULTS={results}"],
        cwd=ROOT, timeout=BUILD_SECONDS, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    figures = json.loads(results.read_text())["cpu"]
    print(json.dumps(figures, indent=2))  # noqa: T201
    # The base's bytes do not count: which one it is, the builder chooses.
    assert figures["image_bytes"] - figures["base_bytes"] <= BARS["cpu"] * 1e6
    assert len(figures["tests"]) == 4


@pytest.mark.slow
def test_the_image_installs_what_is_imported() -> None:
    require_strace()
    subprocess.run(
        [sys.executable, "-m", "scripts.image_requirements", "--check"],
        cwd=ROOT, timeout=600, check=True,
    )  # fmt: skip


def test_without_an_engine_one_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([]) == 1
    assert capsys.readouterr().err.startswith("error: no container engine works: `podman info`")
