"""The service, fuzzed by its own OpenAPI document."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import Server

CONFIGURATION = """
# A schema cannot say which tensors a model takes: requests that it allows may be refused.
[checks.positive_data_acceptance]
enabled = false
"""
# They replace the workers, which takes seconds, and would unload what other tests need.
NOT_FUZZED = "/(un)?load$"


@pytest.mark.parametrize(
    ("examples", "seed"), [(20, 1), pytest.param(100, 2, marks=pytest.mark.slow)]
)
def test_no_answer_breaks_the_document(
    server: Server, tmp_path: Path, examples: int, seed: int
) -> None:
    """No status 500, no status, media type or header that is not documented, no wrong body."""
    # Found in the working directory.
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json",
            "--max-examples", str(examples), "--seed", str(seed),
             "--exclude-path-regex", NOT_FUZZED,
            "--warnings", "off", "--no-color",
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=540,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    with server.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
    # Every operation but that of the document itself.
    operations = sum(len(item) for path, item in paths.items() if not re.search(NOT_FUZZED, path))
    operations -= 1
    assert f"Tested: {operations}\n" in done.stdout
