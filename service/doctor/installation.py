"""What is installed: Python, the serving set in the locked versions, the training set."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Iterator

from contract.telemetry import OFF
from service.doctor.check import Check
from service.doctor.lock import SERVE, locked

_RUNTIMES = ("onnxruntime", "onnxruntime-gpu")
_TRAINING = ("torch", "scikit-learn", "xgboost", "onnx")
_OLDEST = (3, 11)
# Packages that a line names; the rest are counted.
_SHOWN = 3


def checks() -> Iterator[Check]:
    """Every check of the installation."""
    yield _python()
    yield _runtime()
    yield _serving_set()
    yield _training_set()
    yield _usage_reports()


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST:
        return Check("fail", "python", f"{version}; use 3.11 or later")
    return Check("ok", "python", version)


def _runtime() -> Check:
    """The two packages install the same files."""
    found = [f"{name} {version}" for name in _RUNTIMES if (version := _version(name))]
    if len(found) > 1:
        return Check(
            "fail", "onnxruntime", f"{' and '.join(found)} overwrite each other's files; "
            "`pip uninstall onnxruntime onnxruntime-gpu`, then install requirements/serve.txt",
        )  # fmt: skip
    if not found:
        return Check("fail", "onnxruntime", "is not installed; install requirements/serve.txt")
    return Check("ok", "onnxruntime", found[0])


def _serving_set() -> Check:
    """The versions that were tested together."""
    try:
        wanted = {line.name: line.version for line in locked() if line.applies()}
    except OSError as error:
        return Check("note", "serving set", f"{SERVE} cannot be read: {error.strerror}")
    different = [
        f"{name} is {found} and not {version}" if found else f"{name} {version} is missing"
        for name, version in wanted.items()
        if (found := _version(name)) != version
    ]
    if different:
        more = len(different) - _SHOWN
        shown = "; ".join(different[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
        advice = f"`pip install -r {SERVE}` installs what was tested"
        return Check("fail", "serving set", f"{shown}; {advice}")
    return Check("ok", "serving set", f"{len(wanted)} packages, in the versions of {SERVE.name}")


def _training_set() -> Check:
    missing = [name for name in _TRAINING if not _version(name)]
    if missing:
        return Check(
            "note", "training set",
            f"without {', '.join(missing)}: train, fit, transfer and import do not work; install "
            "requirements/dev.txt to use them",
        )  # fmt: skip
    return Check("ok", "training set", "there")


def _usage_reports() -> Check:
    loud = [name for name, value in OFF.items() if os.environ.get(name, value) != value]
    if loud:
        return Check("note", "usage reports", f"on: {', '.join(loud)}; unset them to turn them off")
    return Check("ok", "usage reports", "off")


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
