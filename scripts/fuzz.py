"""`python -m scripts.fuzz [--examples N] [--seed N]`: fuzz the service by its OpenAPI document.

Schemathesis (MIT) starts from the document of a running server: no status 500, no status, media
type or header that is not documented, no body that breaks its schema, no route that forgets the
API key. The same seed makes the same requests.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from service.api_keys import new_key
from tests.repositories import tiny_repository
from tests.server import Server, serve

_CONFIGURATION = """
# A schema cannot say which tensors a model takes: requests that it allows may be refused.
[checks.positive_data_acceptance]
enabled = false
"""
# They replace the workers, which takes seconds: few requests, and models that no one else needs.
_CHANGES = "/(un)?load$"
_CHANGE_EXAMPLES = 3
_DOCUMENT = "/openapi.json"


@dataclass(frozen=True)
class Outcome:
    """What a run found.

    Attributes:
        failures: Schemathesis' report; empty if there are none.
        operations: how many were tested.
    """

    failures: str
    operations: int


def fuzz(
    server: Server, examples: int, seed: int, key: str | None = None, *, changes: bool = False
) -> Outcome:
    """Fuzz a server.

    Args:
        examples: most requests per operation and phase.
        key: an API key that may do everything.
        changes: fuzz the routes that load and unload models, instead of all others.

    Raises:
        RuntimeError: not every operation of the document was tested.
    """
    choice = "--include-path-regex" if changes else "--exclude-path-regex"
    headers = [] if key is None else ["-H", f"Authorization: Bearer {key}"]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "schemathesis.toml").write_text(_CONFIGURATION)  # read from the cwd
        done = subprocess.run(  # noqa: S603 - of our own making
            [
                sys.executable, "-m", "schemathesis.cli", "run", server.url + _DOCUMENT,
                "--max-examples", str(examples), "--seed", str(seed), choice, _CHANGES,
                *headers, "--warnings", "off", "--no-color",
            ],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
    expected = _operations(server, key, changes)
    if not re.search(rf"^\s*Tested: {expected}\n", done.stdout, re.MULTILINE):
        raise RuntimeError(
            f"not all of {expected} operations were tested:\n{done.stdout[-4000:]}{done.stderr}"
        )
    return Outcome("" if done.returncode == 0 else done.stdout[-8000:], expected)


def _operations(server: Server, key: str | None, changes: bool) -> int:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    paths = httpx.get(server.url + _DOCUMENT, headers=headers, timeout=30).json()["paths"]
    wanted = [path for path in paths if bool(re.search(_CHANGES, path)) is changes]
    # Schemathesis leaves out the route that it has the document from.
    return sum(len(paths[path]) for path in wanted if path != _DOCUMENT)


def main() -> int:
    """Fuzz the committed models, then a server with keys; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=1000, help="per operation (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the requests (%(default)s)")
    options = parser.parse_args()
    key, entry = new_key(admin=True)
    failed = False
    with serve() as server:
        failed |= _report("committed models", fuzz(server, options.examples, options.seed))
    with tempfile.TemporaryDirectory() as folder:
        models = str(tiny_repository(Path(folder) / "models"))
        wanted: dict[str, Any] = {
            "ROSENBLATT_MODELS_DIR": models,
            "ROSENBLATT_DEFAULT_MODEL": "alpha",
            "ROSENBLATT_API_KEYS": entry,
        }
        with serve(**wanted) as server:
            found = fuzz(server, options.examples // 10 + 1, options.seed, key)
            failed |= _report("with API keys", found)
            found = fuzz(server, _CHANGE_EXAMPLES, options.seed, key, changes=True)
            failed |= _report("load and unload", found)
    return int(failed)


def _report(what: str, outcome: Outcome) -> bool:
    sys.stdout.write(f"{what}: {outcome.operations} operations, ")
    sys.stdout.write("0 failures\n" if not outcome.failures else f"failures\n{outcome.failures}\n")
    sys.stdout.flush()
    return bool(outcome.failures)


if __name__ == "__main__":
    sys.exit(main())
