"""The service, fuzzed by its own OpenAPI document."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import Server

CONFIGURATION = """
# A schema cannot say which tensors a model takes: requests that it allows may be refused.
[checks.positive_data_acceptance]
enabled = false

# BentoML's workers cannot load or unload models, and answer so.
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 501]
"""


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
            "--warnings", "off", "--no-color",
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=540,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    with server.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
    # Every operation but that of the document itself.
    operations = sum(len(item) for item in paths.values()) - 1
    assert f"Tested: {operations}\n" in done.stdout
