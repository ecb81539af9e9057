"""Ray: its import, a cluster of its own or one that runs, its settings and its errors."""

from __future__ import annotations

import logging
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contract.telemetry import OFF
from service.errors import InvalidError, ServiceError, StartupError

# The source tree, which every node needs: the code, and the models beside it.
_ROOT = Path(__file__).resolve().parents[2]
_NOT_NEEDED = ["/.git", "/.venv", "/build", "/tests", "/docs", "/benchmarks", "/training"]
_OURS = re.compile(r"^\s*(?:service|contract)\.errors\.\w+: (.+)$", re.MULTILINE)
# Bytes per block: what a core scores at a time, and scores again if its actor dies.
_BLOCK_BYTES = 8 * 2**20


def import_ray() -> Any:
    """The package, with Ray Data.

    Raises:
        StartupError: it is not installed.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise StartupError(
            "--ray needs Ray Data; install the group with `pip install --group ray`"
        ) from error
    return ray


@contextmanager
def cluster(ray: Any, address: str | None) -> Iterator[None]:
    """A cluster for the block: the one that the caller has joined, the one named, or a new one.

    Errors of Ray become errors of the service.

    Raises:
        StartupError: no cluster answers, or Ray failed.
        ServiceError: what an actor raised.
    """
    begun = not ray.is_initialized()
    if begun:
        _begin(ray, address)
    try:
        with ray.data.DataContext.current(_context(ray)):
            yield
    except (
        ray.exceptions.RayError, ray.data.exceptions.SystemException,
        ray.data.exceptions.ExecutionTimeoutError, OSError, ValueError,
    ) as error:  # fmt: skip
        raise translated(error) from error
    finally:
        if begun:
            ray.shutdown()


def translated(error: BaseException) -> ServiceError | StartupError:
    """The service's error in one of Ray's, which carries it between processes as text only."""
    text = str(error).strip() or type(error).__name__
    if found := _OURS.findall(text):
        return InvalidError(found[-1])
    if type(error).__name__ == "ActorDiedError":
        return StartupError(
            "Ray failed: the process of an actor died more often than it is started again; see "
            "the logs of Ray for the reason"
        )
    return StartupError(f"Ray failed: {text.splitlines()[-1][:160]}; see its logs")


def _begin(ray: Any, address: str | None) -> None:
    """Start a cluster on this machine, or join one.

    Raises:
        StartupError: no cluster answers.
    """
    variables = {name: os.environ[name] for name in OFF}
    options: dict[str, Any]
    if address is None:
        # Ray listens on all interfaces; a token that only its processes know keeps others out.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        variables["PYTHONPATH"] = str(_ROOT)
        options = {"address": "local", "include_dashboard": False}
        environment: dict[str, Any] = {"env_vars": variables}
    else:
        options = {"address": address}
        environment = {
            "env_vars": variables, "working_dir": str(_ROOT), "excludes": _NOT_NEEDED,
        }  # fmt: skip
    try:
        ray.init(runtime_env=environment, log_to_driver=False, logging_level="error", **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise StartupError(
            f"--address {address!r} answers no Ray cluster: {reason}; check it and its versions"
        ) from error


def _context(ray: Any) -> Any:
    """Settings of Ray Data for one run."""
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    context.target_max_block_size = _BLOCK_BYTES
    # The second reader of Parquet starts 32 processes for the footers, whatever the cores.
    context.use_datasource_v2 = False
    return context
