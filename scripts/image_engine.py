"""podman or docker, whichever works. Standard library alone, as all of `scripts.image`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

_NAMES = ("podman", "docker")
# podman leaves a file in the current folder where a container has run out of memory.
_FOLDER = tempfile.gettempdir()


class EngineError(Exception):
    """The engine is missing or refused a command; the message says so in one sentence."""


@dataclass(frozen=True)
class Engine:
    """A container engine's command line."""

    name: str

    def ask(self, *arguments: str, seconds: float = 120) -> str:
        """What a command prints.

        Raises:
            EngineError: it ended with another status than 0, or takes longer.
        """
        try:
            done = subprocess.run(
                [self.name, *arguments],
                capture_output=True, text=True, timeout=seconds, cwd=_FOLDER,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise EngineError(
                f"`{self.name} {arguments[0]}` took longer than {seconds:g} s"
            ) from error
        if done.returncode != 0:
            words = (done.stderr + done.stdout).strip()[-3000:]
            raise EngineError(f"`{self.name} {' '.join(arguments)}` failed: {words}")
        return done.stdout.strip()

    def show(self, *arguments: str) -> None:
        """Run a command that prints its progress, on standard error.

        Raises:
            EngineError: it ended with another status than 0.
        """
        # BuildKit makes mounts of secrets; docker has had it on by default since version 23.
        environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
        status = subprocess.run(
            [self.name, *arguments], stdout=sys.stderr, env=environment, check=False, cwd=_FOLDER
        ).returncode
        if status != 0:
            raise EngineError(f"`{self.name} {arguments[0]}` ended with status {status}, as above")

    def works(self) -> bool:
        """True if the command is there and can run containers: docker needs its daemon."""
        if not shutil.which(self.name):
            return False
        try:
            self.ask("info", seconds=30)
        except EngineError:
            return False
        return True

    def has_image(self, tag: str) -> bool:
        """True if there is a local image of this name."""
        try:
            self.ask("image", "inspect", tag)
        except EngineError:
            return False
        return True

    def size(self, tag: str) -> int:
        """The bytes of an image, unpacked, with its base."""
        return int(self.ask("image", "inspect", "--format", "{{.Size}}", tag))

    def version(self) -> str:
        """Name and version, as the command prints them."""
        return self.ask("--version")


def find(names: Sequence[str] = _NAMES) -> Engine:
    """The first engine that works.

    Raises:
        EngineError: none does.
    """
    for engine in map(Engine, names):
        if engine.works():
            return engine
    raise EngineError(
        f"no container engine works: `{' info` and `'.join(names)} info` fail; install podman, or "
        "start docker's daemon"
    )
