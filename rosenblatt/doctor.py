"""`rosenblatt doctor`: does this installation work, and do the models serve?

One line per check. Exit status: 0 everything works, 1 something does not.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from contract.errors import ContractError
from contract.repository import Entry, entries
from guide.errors import RulesetError
from guide.rules import ruleset
from guide.tables import library
from service.cores import cores
from service.errors import StartupError
from service.inference import provider
from service.inference.session import load
from service.settings import Settings, settings

_SERVING = ("bentoml", "onnxruntime-gpu", "onnxruntime", "numpy", "pydantic", "orjson", "pillow")
_TRAINING = ("torch", "scikit-learn", "xgboost", "onnx")
# Variables that keep libraries from reporting usage; the packages set them when imported.
_QUIET = ("ORT_DISABLE_TELEMETRY", "BENTOML_DO_NOT_TRACK")
# What one worker takes, measured with the committed models (docs/operations.md).
_WORKER_BYTES = 300 * 2**20


class Check(NamedTuple):
    """The outcome of one check; `note` is for information only."""

    outcome: Literal["ok", "note", "fail"]
    subject: str
    detail: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks and print them; the exit status."""
    options = _parser().parse_args(arguments)
    failed = False
    for check in _checks(options):
        sys.stdout.write(f"{check.outcome:<5} {check.subject:<28} {check.detail}\n")
        sys.stdout.flush()
        failed |= check.outcome == "fail"
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rosenblatt doctor", description="Check this installation, its settings and models."
    )
    parser.add_argument("--models", type=Path, help="model repository; that of the settings")
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on")
    parser.add_argument("--port", type=int, default=3000, help="port to serve on")
    return parser


def _checks(options: argparse.Namespace) -> Iterator[Check]:
    yield from _environment()
    try:
        found = settings()
    except StartupError as error:
        yield Check("fail", "settings", str(error))
        return
    if options.models is not None:
        found = found.model_copy(update={"models_dir": options.models})
    yield Check("ok", "settings", f"models in {found.models_dir}")
    yield _provider(found)
    yield _memory(found)
    yield _guide()
    yield from _models(found)
    yield _port(options.host, options.port)


def _environment() -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    right = sys.version_info >= (3, 11)
    yield Check("ok" if right else "fail", "python", version if right else f"{version}; use 3.11")
    installed = {name: _version(name) for name in (*_SERVING, *_TRAINING)}
    present = [f"{name} {installed[name]}" for name in _SERVING if installed[name]]
    yield Check("ok", "serving set", ", ".join(present))
    if installed["onnxruntime"] and installed["onnxruntime-gpu"]:
        yield Check(
            "fail", "onnxruntime", "onnxruntime and onnxruntime-gpu overwrite each other; "
            "uninstall both and install one",
        )  # fmt: skip
    missing = [name for name in _TRAINING if not installed[name]]
    detail = "there"
    if missing:
        detail = f"without {', '.join(missing)}: train, fit, transfer and import do not work"
    yield Check("note" if missing else "ok", "training set", detail)
    loud = [name for name in _QUIET if os.environ.get(name, "").lower() not in ("1", "true")]
    yield Check(
        "note" if loud else "ok", "usage reports", f"on: {', '.join(loud)}" if loud else "off"
    )


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _provider(found: Settings) -> Check:
    try:
        provider.require(found)
    except StartupError as error:
        return Check("fail", "provider", str(error))
    used = "CUDA" if provider.cuda_is_used(found) else "CPU"
    workers = provider.workers(found)
    return Check("ok", "provider", f"{used}; {workers} workers on {cores()} cores")


def _memory(found: Settings) -> Check:
    needed = provider.workers(found) * _WORKER_BYTES
    try:
        available = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):  # not every system tells
        return Check("note", "memory", "this system does not say how much is free")
    detail = f"{available / 2**20:,.0f} MiB free; the workers need about {needed / 2**20:,.0f}"
    if available < needed:
        return Check("fail", "memory", f"{detail}; set ROSENBLATT_WORKERS to fewer")
    return Check("ok", "memory", detail)


def _guide() -> Check:
    try:
        rules = ruleset()
        library()
    except RulesetError as error:
        return Check("fail", "guide", str(error))
    return Check("ok", "guide", f"{len(rules.rules)} rules, version {rules.version}")


def _models(found: Settings) -> Iterator[Check]:
    strays: list[Check] = []
    try:
        versions = entries(
            found.models_dir,
            lambda stray: strays.append(Check("fail", stray.name, f"{stray.path}: {stray.reason}")),
        )
    except ContractError as error:
        yield Check("fail", "models", str(error))
        return
    yield from strays
    for entry in versions:
        yield _model(entry, found)
    if found.default_model not in {entry.name for entry in versions}:
        yield Check("fail", "default model", f"{found.default_model} is not in the repository")


def _model(entry: Entry, found: Settings) -> Check:
    """Audit, load and replay one version, as a worker does."""
    try:
        session = load(entry, found)
    except (ContractError, StartupError) as error:
        return Check("fail", str(entry), str(error))
    return Check(
        "ok", str(entry), f"{session.provider}, answers its golden inputs after "
        f"{session.load_seconds:.2f} s",
    )  # fmt: skip


def _port(host: str, port: int) -> Check:
    subject = f"{host}:{port}"
    try:
        with socket.create_server((host, port)):
            return Check("ok", subject, "free")
    except OSError as error:
        return Check("note", subject, f"cannot be listened on ({error.strerror})")
