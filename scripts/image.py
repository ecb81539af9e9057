"""`python3 -m scripts.image`: build the image of the service, run it, and check that it serves.

Any Python from 3.11 on will do, without packages, with podman or docker. See docs/container.md.
Exit status: 0 all checks passed, 1 something failed, as the last line says, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.image_check import CheckError, check
from scripts.image_engine import Engine, EngineError, find
from scripts.image_secrets import secrets

ROOT = Path(__file__).resolve().parent.parent
CONTAINER = ROOT / "deploy" / "container"
REGISTRY_BASE = "docker.io/library/python:3.11-slim"
DEBIAN_BASE = "localhost/rosenblatt-base:debian"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, run and check; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        engine = find([options.engine] if options.engine else ("podman", "docker"))
        run_base, build_base = _bases(engine, options.base)
        tag = options.tag or f"localhost/rosenblatt:{options.variant}"
        seconds = _build(engine, options, tag, run_base, build_base)
        figures = {
            "engine": engine.version(),
            "base": options.base,
            "base_bytes": engine.size(run_base),
            "image_bytes": engine.size(tag),
            "build_seconds": round(seconds, 1),
        }
        figures |= check(engine, tag)
    except (EngineError, CheckError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    if options.results:
        _record(options.results, options.variant, figures)
    over = (figures["image_bytes"] - figures["base_bytes"]) / 1e6
    sys.stderr.write(
        f"{tag} has {figures['image_bytes'] / 1e6:.0f} MB, {over:.0f} MB over its base\n"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m scripts.image", description="Build, run and check the image."
    )
    parser.add_argument("--variant", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument(
        "--base",
        default=REGISTRY_BASE,
        help="image with Python 3.11 or later and pip (%(default)s), or `debian` to make one from "
        "Debian's packages, without a registry",
    )
    parser.add_argument("--engine", choices=("podman", "docker"), help="the first that works")
    parser.add_argument("--tag", help="name of the image (localhost/rosenblatt:VARIANT)")
    parser.add_argument("--no-cache", action="store_true", help="build every layer anew")
    parser.add_argument("--results", type=Path, help="JSON file to write the figures to")
    return parser


def _bases(engine: Engine, base: str) -> tuple[str, str]:
    """The images to run on and to build on."""
    if base != "debian":
        return base, base
    run, build = f"{DEBIAN_BASE}-run", f"{DEBIAN_BASE}-build"
    if not (engine.has_image(run) and engine.has_image(build)):
        made = subprocess.run(
            [CONTAINER / "debian-base", engine.name, DEBIAN_BASE], stdout=sys.stderr, check=False
        )
        if made.returncode != 0:
            raise EngineError("no base could be made from Debian's packages, as above")
    return run, build


def _build(
    engine: Engine, options: argparse.Namespace, tag: str, run_base: str, build_base: str
) -> float:
    """Build the image; the seconds it took."""
    started = time.monotonic()
    with secrets() as secret_options:
        engine.show(
            "build",
            # The other format that podman writes has no health check.
            *(["--format", "docker"] if engine.name == "podman" else []),
            *("--file", str(CONTAINER / "Dockerfile"), "--tag", tag),
            *("--build-arg", f"BASE={run_base}", "--build-arg", f"BUILD_BASE={build_base}"),
            *("--build-arg", f"REQUIREMENTS=requirements/image-{options.variant}.txt"),
            *(["--no-cache"] if options.no_cache else []),
            *secret_options,
            str(ROOT),
        )
    return time.monotonic() - started


def _record(path: Path, variant: str, figures: dict[str, Any]) -> None:
    """Put the figures of a variant beside those of the other."""
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(known | {variant: figures}, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(main())
